"""DirectoryLanding: where a restore puts files, each written beside its name and then renamed."""

import errno
import os
import threading
from collections.abc import Iterable

import msgspec

from tui_backup.engine.metadata import Authority, dress
from tui_backup.engine.safety_places import KeptPlace, SafetyPlaces
from tui_backup.errors import BackupError, Corrupted, RestoreRefused
from tui_backup.model.entry import Entry
from tui_backup.primitives.descriptors import (
    Directories,
    check_name,
    create_file,
    discard,
    open_root,
    rename_at,
    status_at,
    temporary_name,
)
from tui_backup.primitives.i18n import _

_STEP = 1 << 16
_ZEROS = bytes(_STEP)
_SMALLEST_HOLE = 1 << 12
FULL = (errno.ENOSPC, errno.EDQUOT)


class LandingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where files land, and what may be done there."""

    target: bytes
    """Absolute path of a directory."""
    device: int
    inode: int
    """`st_dev` and `st_ino` of the target: another directory of that path is refused."""
    authority: Authority
    replace: bool
    """Whether an existing file may be replaced; without it, it is a FileExistsError."""
    kept: tuple[KeptPlace, ...] | None = None
    """Where what may be replaced is kept; None: nothing is kept."""


class DirectoryLanding:
    """Writes files below a directory; `place` may be called from several threads at once."""

    def __init__(self, options: LandingOptions) -> None:
        self.options = options
        self._kept = None if options.kept is None else SafetyPlaces.at(options.kept)
        self._mine = threading.local()
        self._all: list[Directories] = []

    @classmethod
    def from_recipe(cls, recipe: bytes) -> "DirectoryLanding":
        """Return a landing at the same place as the one whose `recipe` this is."""
        return cls(msgspec.msgpack.decode(recipe, type=LandingOptions))

    def recipe(self) -> tuple[str, bytes]:
        """Return class and options, with which another process lands files at the same place."""
        return "tui_backup.engine.landing:DirectoryLanding", msgspec.msgpack.encode(self.options)

    def close(self) -> None:
        """Close all descriptors; no thread may be placing."""
        for directories in self._all:
            directories.close()
        self._all.clear()
        self._mine = threading.local()
        if self._kept is not None:
            self._kept.close()

    def place(self, entry: Entry, content: Iterable[bytes | memoryview]) -> None:
        """Write one FILE whole; what of its metadata cannot be set is told by a BackupError after it was placed.

        Raises:
            OSError: it cannot be written.
            Corrupted: the content is not as long as the entry says.
            RestoreRefused: no space is left; nothing more can be restored.
        """
        parent, _slash, name = entry.path.rpartition(b"/")
        directory = self._directories().open(parent)
        beside = temporary_name(check_name(name))
        descriptor = create_file(directory, beside)
        try:
            try:
                _write(descriptor, entry.size, content)
                troubles = dress(descriptor, entry, self.options.authority)
            finally:
                os.close(descriptor)
            rename_at(directory, beside, name, replace=self._may_replace(directory, entry.path))
        except BaseException as error:
            discard(directory, beside)
            if isinstance(error, OSError) and error.errno in FULL:
                raise RestoreRefused(_("no space left at the target")) from error
            raise
        if troubles:
            raise BackupError(_("restored without {troubles}").format(troubles="; ".join(troubles)))

    def _may_replace(self, directory: int, path: bytes) -> bool:
        """Whether something exists that may be replaced.

        Raises:
            BackupError: what exists has come after everything was kept.
        """
        if self._kept is None:
            return self.options.replace
        status = status_at(directory, path.rpartition(b"/")[2])
        if status is not None and not self._kept.hold(path, status):
            raise BackupError(_("has changed since the restore was planned"))
        return status is not None

    def _directories(self) -> Directories:
        mine: Directories | None = getattr(self._mine, "directories", None)
        if mine is None:
            mine = self._mine.directories = open_target(self.options)
            self._all.append(mine)
        return mine


def open_target(options: LandingOptions) -> Directories:
    """Open the target of a restore.

    Raises:
        RestoreRefused: it is not the directory that the restore was planned for.
    """
    directories = Directories(open_root(options.target))
    status = os.fstat(directories.root)
    if (status.st_dev, status.st_ino) != (options.device, options.inode):
        directories.close()
        raise RestoreRefused(_("the target directory was replaced by another"))
    return directories


def _write(descriptor: int, size: int, content: Iterable[bytes | memoryview]) -> None:
    written = 0
    hole = False
    for piece in content:
        length = len(piece)
        if not length:
            continue
        if written + length > size:
            raise _lie(size)
        if length < _SMALLEST_HOLE:
            _write_all(descriptor, piece)
            hole = False
        else:
            hole = _write_around_zeros(descriptor, memoryview(piece), written)
        written += length
    if written != size:
        raise _lie(size)
    if hole:
        os.ftruncate(descriptor, size)


def _lie(size: int) -> Corrupted:
    return Corrupted(_("its content is not the {size} bytes long that the snapshot says").format(size=size))


def _write_around_zeros(descriptor: int, piece: memoryview, offset: int) -> bool:
    """Write a piece that begins at `offset` of its file, leaving holes for zeros; return whether it ends in one.

    Steps end at multiples of 64 KiB in the file; one that begins and ends with a zero is looked at.
    """
    length = len(piece)
    start = at = 0
    while at < length:
        end = min(length, at + _STEP - (offset + at) % _STEP)
        is_hole = not piece[at] and not piece[end - 1] and end - at >= _SMALLEST_HOLE
        if is_hole and _ZEROS.startswith(piece[at:end]):
            _write_all(descriptor, piece[start:at])
            os.lseek(descriptor, end - at, os.SEEK_CUR)
            start = end
        at = end
    _write_all(descriptor, piece[start:])
    return start == length


def _write_all(descriptor: int, piece: bytes | memoryview) -> None:
    rest = piece
    while len(rest):
        written = os.write(descriptor, rest)
        if written == len(rest):
            return
        rest = memoryview(rest)[written:]
