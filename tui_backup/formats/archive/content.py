"""Content of members, opened one at a time and held against what the list says of it.

A zip gives any member at once. A tar has to be read from its start: a reader stays where it is, so that members that
are asked for in their order cost one reading together.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from typing import TYPE_CHECKING, BinaryIO, cast

import msgspec

from tui_backup.errors import Corrupted, StoreError
from tui_backup.formats.archive.catalog import Archive
from tui_backup.formats.containers.base import Member, MemberReader
from tui_backup.formats.containers.registry import CONTAINERS
from tui_backup.model.entry import Entry, Xattrs
from tui_backup.primitives.i18n import _
from tui_backup.primitives.raw_file import RawFile

if TYPE_CHECKING:
    from tui_backup.formats.archive.access import Access

_STEP = 1 << 20
_BUFFER = 1 << 17
_MOST_IDLE = 2
"""Readers of tars that wait for somebody to go on with them."""


class MemberOrigin(msgspec.Struct, frozen=True, gc=False):
    """Where an entry of an archive comes from."""

    access: "Access"
    archive: Archive
    member: Member

    def open(self, entry: Entry) -> BinaryIO:
        """Open the content of a FILE; of a tar, what lies before it is read first. Reading raises Corrupted.

        Raises:
            Corrupted: the archive has no such file, or is damaged before it.
            WrongPassword, StoreError: the archive cannot be opened.
        """
        return cast(BinaryIO, io.BufferedReader(_Opened(self), _BUFFER))

    def xattrs(self, entry: Entry) -> Xattrs:
        """Return the extended attributes."""
        return self.member.xattrs

    def fingerprint(self, entry: Entry) -> bytes | None:
        """Return the SHA-256 of a FILE where the list tells it."""
        return self.member.sha256.encode() or None

    def local_path(self, entry: Entry) -> None:
        """There is none: the content lies in an archive."""

    def relist(self, entry: Entry) -> Entry:
        """Return the entry as it is: archives do not change."""
        return entry


def member_of(entry: Entry) -> Member:
    """Return the member that an entry of an archive is."""
    origin = entry.origin
    assert isinstance(origin, MemberOrigin)
    return origin.member


def source_of(member: Member) -> bytes:
    """Return the path of the member that has the content of a FILE."""
    return member.link or member.path


def reader_of(archive: Archive, file: BinaryIO) -> MemberReader:
    """Read an archive; what must not be used of it is left out without a word: whoever lists it has told."""
    return CONTAINERS.load(archive.container)().reader(file, lambda _name, _reason: None)


def checked(content: BinaryIO, expected: str) -> Iterator[bytes]:
    """Yield a content piece by piece; `expected` is its SHA-256, empty where nobody knows it.

    Raises:
        Corrupted: it is damaged; told in the end at the latest.
    """
    digest = sha256()
    while piece := content.read(_STEP):
        digest.update(piece)
        yield piece
    if expected and digest.hexdigest() != expected:
        raise Corrupted(_("its content is not what was backed up"))


class _Opened(RawFile):
    """The content of one member; lets the archive go when it is closed."""

    def __init__(self, origin: MemberOrigin) -> None:
        super().__init__()
        member = origin.member
        with ExitStack() as stack:
            content, self._reading = origin.access.readings.content(origin.archive, source_of(member), stack)
            self._pieces = checked(content, member.sha256)
            self._stack = stack.pop_all()
        self._rest = memoryview(b"")

    def take(self, most: int) -> bytes | memoryview:
        if not self._rest:
            try:
                self._rest = memoryview(next(self._pieces, b""))
            except StoreError:
                self._reading.is_lost = True
                raise
        piece, self._rest = self._rest[:most], self._rest[most:]
        return piece

    def close(self) -> None:
        if not self.closed:
            self._stack.close()
        super().close()


class _Reading:
    """A reader of an archive, for one user at a time."""

    def __init__(self, archive: Archive, file: BinaryIO) -> None:
        self.archive = archive
        self.reader = reader_of(archive, file)
        self.is_lost = False
        """Whether the store failed in mid-reading: nobody knows where the reader stands."""
        self._file = file
        self._members = self.reader.members()

    def go_on_to(self, path: bytes) -> BinaryIO:
        """Read on to a FILE; return its content."""
        for member, content in self._members:
            if member.path == path and content is not None:
                return content
        raise Corrupted(_("the archive has no such member"))

    def close(self) -> None:
        self._members.close()
        self._file.close()


class Readings:
    """Readers of archives that are being looked into; several threads may ask."""

    def __init__(self, access: "Access") -> None:
        self._access = access
        self._lock = threading.Lock()
        self._idle: list[_Reading] = []

    def content(self, archive: Archive, path: bytes, stack: ExitStack) -> tuple[BinaryIO, _Reading]:
        """Return the content of a FILE, and what reads it; the stack lets it go."""
        reading = self._taken(archive, path) or _Reading(archive, self._access.opened(archive))
        with ExitStack() as failing:
            failing.callback(reading.close)
            if reading.reader.opens_any:
                content = failing.enter_context(reading.reader.opened(path))
            else:
                content = reading.go_on_to(path)
            failing.pop_all()
        stack.callback(self._put_back, reading)
        return content, reading

    def close(self) -> None:
        """Close the readers that nobody goes on with."""
        with self._lock:
            idle, self._idle = self._idle, []
        for reading in idle:
            reading.close()

    def _taken(self, archive: Archive, path: bytes) -> _Reading | None:
        """Take the reader that has come farthest and has the path before itself still."""
        with self._lock:
            for reading in reversed(self._idle):
                if reading.archive == archive and not reading.reader.has_passed(path):
                    self._idle.remove(reading)
                    return reading
        return None

    def _put_back(self, reading: _Reading) -> None:
        if reading.is_lost:
            reading.close()
            return
        with self._lock:
            self._idle.append(reading)
            dropped = self._idle.pop(0) if len(self._idle) > _MOST_IDLE else None
        if dropped is not None:
            dropped.close()
