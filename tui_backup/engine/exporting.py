"""Exporting: a snapshot, or part of one, becomes an archive that nobody needs this program to open."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO, Final

import msgspec

from tui_backup.engine.restore_request import RestoreRequest, Selection, selected_entries
from tui_backup.formats.base import HoldsArchives, Repository
from tui_backup.formats.containers.entry_writer import write_archive
from tui_backup.formats.containers.registry import CONTAINERS
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.stores.base import Sink

LEVEL: Final = 6
"""How hard exports are compressed, of 1 to 9."""

_PIECE: Final = 1 << 20


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What of a snapshot is exported."""

    include: tuple[str, ...] = ()
    """Absolute paths or gitignore patterns; none means everything."""
    exclude: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.include or self.exclude)


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What went into an archive."""

    files: int | None
    """None where the archive was there before, and nobody has counted."""
    bytes_written: int
    unreadable: int = 0
    """Files that are missing in it, or not whole."""
    notes: tuple[str, ...] = ()
    """What the archive cannot carry, for people."""


def export(
    repository: Repository, snapshot: Snapshot, format_: str, choice: Choice, out: Sink, watch: Watch
) -> Exported:
    """Write an archive of what is chosen; `format_` is one of CONTAINERS.

    Where the whole snapshot lies there as such an archive, that is handed out as it is, without its seal. What cannot
    be read is warned about and left out.

    Raises:
        BackupError: a path that was chosen is not in the snapshot, or nothing of it can be read.
        OSError: `out` takes no more.
    """
    counted = _Counted(out)
    if choice.is_everything and isinstance(repository, HoldsArchives):
        stored = repository.archive(snapshot, format_)
        if stored is not None:
            return _handed_out(stored, counted, watch)
    if choice.is_everything:
        watch.files_total, watch.bytes_total = snapshot.files, snapshot.size
    entries = chosen_entries(repository, snapshot, choice, watch)
    written = write_archive(entries, CONTAINERS.load(format_)(), counted, LEVEL, watch)
    return Exported(
        files=written.tally.files_new,
        bytes_written=counted.bytes,
        unreadable=written.tally.unreadable,
        notes=written.notes,
    )


def chosen_entries(repository: Repository, snapshot: Snapshot, choice: Choice, watch: Watch) -> Iterator[Entry]:
    """Yield what is chosen, with the directories above it, each before what it holds."""
    request = RestoreRequest(target=b"/", include=choice.include, exclude=choice.exclude)
    selection = Selection(snapshot, request)
    above: list[Entry] = []
    for entry in selected_entries(repository, snapshot, request, watch):
        is_dir = entry.kind is EntryKind.DIR
        while above and not entry.path.startswith(above[-1].path + b"/"):
            above.pop()
        if selection.selects(entry.path, is_dir=is_dir):
            yield from above
            above.clear()
            yield entry
        elif is_dir:
            above.append(entry)


def _handed_out(stored: AbstractContextManager[BinaryIO], out: "_Counted", watch: Watch) -> Exported:
    with stored as archive:
        while piece := archive.read(_PIECE):
            watch.check()
            out.write(piece)
            watch.bytes_done += len(piece)
    return Exported(files=None, bytes_written=out.bytes)


class _Counted:
    """A sink that knows what went into it."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self.bytes = 0

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Write a piece."""
        self._out.write(piece)
        self.bytes += memoryview(piece).nbytes
