"""What changed between two streams of entries, side by side in one pass."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from tui_backup.engine.digest import digest
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch


class Change(StrEnum):
    """How a path differs."""

    ADDED = "added"
    REMOVED = "removed"
    CONTENT = "content"
    METADATA = "metadata"
    TYPE = "type"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One path that is not the same on both sides."""

    path: bytes
    change: Change
    size_before: int | None = None
    size_after: int | None = None


class Skip:
    """Keeps streams out of the directory that both have alike; its `enter` is given to both."""

    def __init__(self) -> None:
        self._alike: bytes | None = None

    def note(self, path: bytes) -> None:
        """Have both streams leave a directory out, from which they are about to go on."""
        self._alike = path

    def enter(self, directory: Entry) -> bool:
        """Whether to go into a directory."""
        return directory.path != self._alike


def diff(
    before: Iterator[Entry], after: Iterator[Entry], watch: Watch, skip: Skip | None = None
) -> Iterator[Difference]:
    """Yield what differs, in the order of the streams: directories before what they hold, siblings by name.

    Contents are read where size and times leave a doubt; `skip` hears of directories that are alike.

    Raises:
        BackupError, OSError: a content that had to be compared cannot be read.
    """
    old, new = next(before, None), next(after, None)
    while old is not None or new is not None:
        watch.check()
        if new is None or (old is not None and _order(old) < _order(new)):
            assert old is not None
            yield Difference(path=old.path, change=Change.REMOVED, size_before=old.size)
            old = next(before, None)
        elif old is None or _order(new) < _order(old):
            yield Difference(path=new.path, change=Change.ADDED, size_after=new.size)
            new = next(after, None)
        else:
            change = compare(old, new)
            if change is not None:
                yield Difference(path=new.path, change=change, size_before=old.size, size_after=new.size)
            if skip is not None and old.kind is new.kind is EntryKind.DIR and _alike(old, new):
                skip.note(new.path)
            old, new = next(before, None), next(after, None)


def compare(old: Entry, new: Entry) -> Change | None:
    """Return how one path differs, None where it is the same."""
    if old.kind is not new.kind:
        return Change.TYPE
    if not _same_content(old, new):
        return Change.CONTENT
    return None if _metadata(old) == _metadata(new) else Change.METADATA


def glance(old: Entry, new: Entry) -> Change | None:
    """Return how one path seems to differ, told without reading: what has the same size and time is taken as it was.

    For directories of snapshots, CONTENT means that something below them differs.
    """
    if old.kind is not new.kind:
        return Change.TYPE
    if old.target != new.target or old.size != new.size:
        return Change.CONTENT
    former, now = old.origin.fingerprint(old), new.origin.fingerprint(new)
    if former is not None and now is not None:
        if former != now:
            return Change.CONTENT
    elif old.kind is EntryKind.FILE and old.mtime_ns != new.mtime_ns:
        return Change.CONTENT
    return None if _metadata(old) == _metadata(new) else Change.METADATA


def _order(entry: Entry) -> bytes:
    """Sort key in which a directory comes right before what it holds."""
    return entry.path.replace(b"/", b"\0")


def _metadata(entry: Entry) -> tuple[object, ...]:
    mtime = entry.mtime_ns if entry.kind is EntryKind.FILE else 0
    return entry.mode, entry.uid, entry.gid, mtime, entry.device


def _same_content(old: Entry, new: Entry) -> bool:
    if old.kind is EntryKind.SYMLINK:
        return old.target == new.target
    if old.kind is not EntryKind.FILE:
        return True
    if old.size != new.size:
        return False
    return _untouched(old, new) or _alike(old, new) or digest(old) == digest(new)


def _alike(old: Entry, new: Entry) -> bool:
    fingerprint = old.origin.fingerprint(old)
    return fingerprint is not None and fingerprint == new.origin.fingerprint(new)


def _untouched(old: Entry, new: Entry) -> bool:
    """Whether nothing can have written the file in between: any write would have moved its ctime."""
    return (old.mtime_ns, old.ctime_ns, old.inode) == (new.mtime_ns, new.ctime_ns, new.inode) and new.ctime_ns != 0
