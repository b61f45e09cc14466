"""The journal of a restore that can be undone: for every path that it changes, what was there and what it puts there.

One JSON array a line (`Record`), written before the first change. Bytes are base64, times nanoseconds.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Self

import msgspec

from tui_backup.model.entry import Entry, EntryKind
from tui_backup.primitives.atomic import sync

IN_SNAPSHOT = -1
IN_JOURNAL = -2
_FORMS = {
    EntryKind.FILE: stat.S_IFREG,
    EntryKind.DIR: stat.S_IFDIR,
    EntryKind.SYMLINK: stat.S_IFLNK,
    EntryKind.BLOCK: stat.S_IFBLK,
    EntryKind.CHAR: stat.S_IFCHR,
    EntryKind.FIFO: stat.S_IFIFO,
}


class Change(StrEnum):
    """What a restore does to a path."""

    NEW = "new"
    REPLACED = "replaced"
    DELETED = "deleted"
    DRESSED = "dressed"
    """It stays what it is and gets other metadata."""
    TOUCHED = "touched"
    """A directory that is not restored itself: things are made and removed in it."""


class Before(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a path was."""

    mode: int
    """`st_mode`: what it was, and its permission bits."""
    uid: int
    gid: int
    size: int
    atime_ns: int
    mtime_ns: int
    inode: int
    device: int
    """`st_dev`; may be another one after the next boot."""
    rdev: int
    target: bytes = b""
    """Where a symbolic link pointed."""
    xattrs: tuple[tuple[bytes, bytes], ...] = ()
    """Empty for what was kept itself."""
    place: int = IN_JOURNAL
    """Which of the safety places keeps it; IN_SNAPSHOT, or IN_JOURNAL where all of it is in this record."""

    @property
    def form(self) -> int:
        """What it was, as in `st_mode`."""
        return stat.S_IFMT(self.mode)


class After(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a restore puts in a place."""

    form: int
    size: int
    mtime_ns: int
    target: bytes
    rdev: int


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One path below the target, and what becomes of it."""

    path: bytes
    change: Change
    before: Before | None = None
    """None for NEW."""
    after: After | None = None
    """None for DELETED, DRESSED and TOUCHED."""


def after(entry: Entry) -> After:
    """Return what a restore makes of an entry."""
    return After(_FORMS[entry.kind], entry.size, entry.mtime_ns, entry.target, entry.device)


class JournalWriter:
    """Writes records to a new file; they count once `finish` has returned. Methods raise OSError."""

    def __init__(self, path: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=1 << 16)
        self._encoder = msgspec.json.Encoder()

    def add(self, record: Record) -> None:
        """Append a record."""
        self._file.write(self._encoder.encode(record) + b"\n")

    def finish(self) -> None:
        """Wait until every record is on disk."""
        self._file.flush()
        sync(self._file.fileno())
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
        else:
            with suppress(OSError):
                self._file.close()


def read_journal(path: bytes) -> Iterator[Record]:
    """Yield the records of a journal.

    Raises:
        OSError: it cannot be read.
        msgspec.DecodeError: it is damaged.
    """
    decoder = msgspec.json.Decoder(Record)
    with open(path, "rb") as file:
        for line in file:
            yield decoder.decode(line)
