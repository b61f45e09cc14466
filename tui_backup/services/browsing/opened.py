"""Looking into snapshots: what they hold, where something is, what changed, and the bytes themselves."""

import os
import stat
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from tui_backup.engine import versions as history_of_file
from tui_backup.engine.exporting import LEVEL
from tui_backup.engine.versions import Sighting, Version
from tui_backup.errors import BackupError, NotFound
from tui_backup.formats.containers.entry_writer import write_archive
from tui_backup.formats.containers.registry import CONTAINERS
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import from_ns
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.services.storage.snapshots import Found, Shelf
from tui_backup.services.words import entry_word
from tui_backup.stores.base import Sink

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

PIECE = 1 << 20
"""Bytes handed on at a time."""

ROOT = b"/"

_TYPES = {
    EntryKind.FILE: stat.S_IFREG,
    EntryKind.DIR: stat.S_IFDIR,
    EntryKind.SYMLINK: stat.S_IFLNK,
    EntryKind.BLOCK: stat.S_IFBLK,
    EntryKind.CHAR: stat.S_IFCHR,
    EntryKind.FIFO: stat.S_IFIFO,
    EntryKind.SOCKET: stat.S_IFSOCK,
}


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One path of a snapshot, as `ls` shows it."""

    path: bytes
    type: EntryKind
    size: int | None
    """Bytes of a file, else None."""
    mode: int
    """Permission bits with suid, sgid and sticky."""
    mtime: datetime | None
    uid: int
    gid: int
    linktarget: bytes | None


class Hit(Listing, frozen=True, kw_only=True):
    """One path that a search found, and in which snapshot."""

    snapshot: str
    repository: str


def mode_words(kind: EntryKind, mode: int) -> str:
    """Return type and permissions as `ls -l` writes them: `-rw-r--r--`."""
    return stat.filemode(_TYPES[kind] | mode)


def inside(path: str) -> bytes:
    """Return a path that a person gave as a path inside a snapshot: absolute, without a `/` at its end."""
    return os.path.normpath(b"/" + os.fsencode(path).strip(b"/"))


@contextmanager
def reading(shelves: Iterable[Shelf], watch: Watch) -> Iterator[None]:
    """Hold shared locks, so that nobody removes what is being read, and have the watch look after them.

    Raises:
        Locked: somebody else holds a repository for themselves.
        StoreError: a lock cannot be written.
    """
    with ExitStack() as locks:
        for shelf in {shelf.name: shelf for shelf in shelves}.values():
            locks.enter_context(shelf.repository.locked(watch))
        yield


def ls(found: Found, path: bytes, *, recursive: bool) -> Iterator[Listing]:
    """Yield what a directory holds, or the one path itself if it is no directory.

    Raises:
        BackupError: there is no such path in the snapshot.
    """
    repository = found.shelf.repository
    if path != ROOT:
        entry = repository.entry(found.snapshot, path)
        if entry.kind is not EntryKind.DIR:
            yield _listing(entry)
            return
    below = repository.entries(found.snapshot, path) if recursive else repository.children(found.snapshot, path)
    for entry in below:
        yield _listing(entry)


def find(snapshots: Iterable[Found], matches: Callable[[bytes], bool], watch: Watch) -> Iterator[Hit]:
    """Yield the paths that match, snapshot by snapshot."""
    for found in snapshots:
        yield from find_in(found, matches, watch)


def find_in(found: Found, matches: Callable[[bytes], bool], watch: Watch) -> Iterator[Hit]:
    """Yield the paths of one snapshot that match."""
    for entry in found.shelf.repository.entries(found.snapshot, watch=watch):
        watch.check()
        if matches(entry.path):
            shown = msgspec.structs.asdict(_listing(entry))
            yield Hit(**shown, snapshot=found.snapshot.id, repository=found.shelf.name)


def versions(snapshots: Iterable[Found], path: bytes, watch: Watch | None = None) -> list[Version]:
    """Return the distinct versions of a file over some snapshots.

    Raises:
        BackupError: no snapshot holds the file, or one that does cannot be read.
        Cancelled: the watch was asked to stop.
    """
    sightings = [Sighting(each.snapshot, entry) for each in snapshots for entry in _entry_if_any(each, path, watch)]
    found = history_of_file.versions(sightings, watch)
    if not found:
        raise BackupError(
            _("no snapshot holds the file {path}").format(
                path=msgspec.json.encode(path.decode("utf-8", "replace")).decode()
            )
        )
    return found


def is_directory(found: Found, path: bytes) -> bool:
    """Whether a path of a snapshot is a directory; raises BackupError where there is no such path."""
    return path == ROOT or found.shelf.repository.entry(found.snapshot, path).kind is EntryKind.DIR


def content(workspace: "Workspace", found: Found, path: bytes) -> Generator[bytes]:
    """Yield the bytes of a file, each of them authenticated; the audit has who got them. To be closed.

    Raises:
        BackupError: there is no such file, or its bytes are damaged.
    """
    entry = found.shelf.repository.entry(found.snapshot, path)
    if entry.kind is not EntryKind.FILE:
        message = _("{path} is no file ({kind})")
        raise BackupError(message.format(path=path.decode("utf-8", "replace"), kind=entry_word(entry.kind)))
    with (
        workspace.audit.act("dump", *handed_out(found.snapshot, found.shelf.name, path)),
        entry.origin.open(entry) as file,
    ):
        while piece := file.read(PIECE):
            yield piece


def write_directory(workspace: "Workspace", found: Found, path: bytes, out: BinaryIO, watch: Watch) -> None:
    """Write a directory and all below it as a tar stream; the audit has who got it.

    Raises:
        BackupError: something could not be read; all else was written.
    """
    if count := write_paths(workspace, found, [path], "tar", out, watch):
        message = ngettext("{count} file could not be read whole", "{count} files could not be read whole", count)
        raise BackupError(message.format(count=count))


def write_paths(
    workspace: "Workspace", found: Found, paths: Sequence[bytes], format_: str, out: Sink, watch: Watch
) -> int:
    """Write paths, each with all below it, as one archive; the audit has who got them.

    Returns how many files could not be read whole.
    """
    with workspace.audit.act("dump", *handed_out(found.snapshot, found.shelf.name, b" ".join(paths))) as act:
        entries = chain.from_iterable(_with_itself(found, path, watch) for path in outermost(paths))
        written = write_archive(entries, CONTAINERS.load(format_)(), out, LEVEL, watch)
        if written.tally.unreadable:
            act.outcome = f"incomplete: {written.tally.unreadable} not read"
    return written.tally.unreadable


def handed_out(snapshot: Snapshot, repository: str, what: bytes) -> tuple[str, str]:
    """Return what the audit keeps: what was read, and which part of it."""
    return f"snapshot {snapshot.short_id}, repository {repository}", os.fsdecode(what)


def outermost(paths: Iterable[bytes]) -> list[bytes]:
    """Return paths in order, without those that lie below another of them."""
    kept: list[bytes] = []
    for path in sorted(paths, key=lambda each: each.split(b"/")):
        if not kept or not path.startswith(kept[-1].rstrip(b"/") + b"/"):
            kept.append(path)
    return kept


def _with_itself(found: Found, path: bytes, watch: Watch) -> Iterator[Entry]:
    """Yield a path and all below it."""
    repository = found.shelf.repository
    if path != ROOT:
        entry = repository.entry(found.snapshot, path)
        yield entry
        if entry.kind is not EntryKind.DIR:
            return
    yield from repository.entries(found.snapshot, path, watch)


def _entry_if_any(found: Found, path: bytes, watch: Watch | None) -> Iterator[Entry]:
    if watch is not None:
        watch.check()
        watch.files_done += 1
    try:
        entry = found.shelf.repository.entry(found.snapshot, path)
    except NotFound:
        return
    yield entry


def _listing(entry: Entry) -> Listing:
    return Listing(
        path=entry.path,
        type=entry.kind,
        size=entry.size if entry.kind is EntryKind.FILE else None,
        mode=entry.mode,
        mtime=from_ns(entry.mtime_ns),
        uid=entry.uid,
        gid=entry.gid,
        linktarget=entry.target if entry.kind is EntryKind.SYMLINK else None,
    )
