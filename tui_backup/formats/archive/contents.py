"""Contents: what an archive holds, as entries whose content is opened on demand.

A zip gives any member at once. A tar has to be read from its start: a reader stays where it is, so that members that
are asked for in their order cost one reading together.
"""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from typing import BinaryIO, cast

import msgspec

from tui_backup.errors import Corrupted, NotFound
from tui_backup.formats.archive.entry_list import member_of
from tui_backup.formats.archive.index import Index, Listed
from tui_backup.formats.base import Enter
from tui_backup.formats.containers.base import Member, MemberReader
from tui_backup.model.entry import Entry, EntryKind, Xattrs
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _

_MOST_READERS = 2
"""Readers of one archive that wait for somebody to go on with them."""

OpenReader = Callable[[], tuple[BinaryIO, MemberReader]]
"""Begins to read an archive; returns its file too, which whoever asked closes."""


class MemberOrigin(msgspec.Struct, frozen=True, gc=False):
    """Where an entry of an archive comes from."""

    contents: "Contents"
    listed: Listed

    @property
    def member(self) -> Member:
        """What the list tells; of a further name of a file all but the path is from the first one, its `link`."""
        return _member(self.listed)

    def open(self, entry: Entry) -> BinaryIO:
        """Open the content of a FILE; reading it raises Corrupted where it is not what the list says."""
        return self.contents.open(self.listed)

    def xattrs(self, entry: Entry) -> Xattrs:
        """Return the extended attributes."""
        return self.member.xattrs

    def fingerprint(self, entry: Entry) -> bytes | None:
        """Return the SHA-256 of the content, if the list tells it."""
        return self.member.sha256.encode() or None

    def local_path(self, entry: Entry) -> None:
        """There is none: the content lies in an archive."""

    def relist(self, entry: Entry) -> Entry:
        """Return the entry as it is: archives do not change."""
        return entry


class Contents:
    """One archive that is being looked into; several threads may."""

    def __init__(self, index: Index, open_reader: OpenReader) -> None:
        self.index = index
        self._open_reader = open_reader
        self._lock = threading.Lock()
        self._idle: list[_Place] = []

    def children(self, path: bytes) -> list[Entry] | None:
        """Return what a directory holds, by name; None where there is no such directory."""
        found = self.index.children(path)
        return None if found is None else [self._entry(each) for each in found]

    def find(self, path: bytes) -> Entry | None:
        """Return the entry of a path; None where there is none."""
        found = self.index.find(path)
        return None if found is None else self._entry(found)

    def walk(self, under: bytes, watch: Watch | None, enter: Enter | None) -> Iterator[Entry]:
        """Yield everything below a directory; what must not be used is left out and warned about on `watch`."""
        if watch is not None:
            for path, reason in self.index.refused:
                if under == b"/" or path.startswith(under + b"/"):
                    watch.warn(path, reason)
        return self._along(under, enter) if self.index.is_walk else self._down(under, enter)

    def _along(self, under: bytes, enter: Enter | None) -> Iterator[Entry]:
        passed = b"\0"
        for listed in self.index.walk(under):
            if listed.path.startswith(passed):
                continue
            entry = self._entry(listed)
            yield entry
            if enter is not None and entry.kind is EntryKind.DIR and not enter(entry):
                passed = entry.path + b"/"

    def _down(self, under: bytes, enter: Enter | None) -> Iterator[Entry]:
        levels = [iter(self.children(under) or ())]
        while levels:
            entry = next(levels[-1], None)
            if entry is None:
                levels.pop()
                continue
            yield entry
            if entry.kind is EntryKind.DIR and (enter is None or enter(entry)):
                levels.append(iter(self.children(entry.path) or ()))

    def open(self, listed: Listed) -> BinaryIO:
        """Open the content of a FILE."""
        member = _member(listed)
        with ExitStack() as stack:
            file, reader = self._open_reader()
            stack.callback(file.close)
            single = reader.opened(member.link or member.path)
            if single is not None:
                content = stack.enter_context(single)
                return _proven(content, member, stack.pop_all().close)
        return self._streamed((listed.first or listed).number, member)

    def close(self) -> None:
        """Close what waits for somebody to go on."""
        with self._lock:
            idle, self._idle = self._idle, []
        for place in idle:
            place.close()

    def _streamed(self, number: int, member: Member) -> BinaryIO:
        """Open a member of a tar, by whichever reader has it nearest before itself."""
        with self._lock:
            before = [place for place in self._idle if place.number < number]
            place = max(before, key=lambda place: place.number) if before else None
            if place is not None:
                self._idle.remove(place)
        place = place or _Place(*self._open_reader())
        try:
            content = place.go_to(number, member.link or member.path)
        except BaseException:
            place.close()
            raise
        return _proven(content, member, lambda: self._put_back(place))

    def _put_back(self, place: "_Place") -> None:
        with self._lock:
            self._idle.append(place)
            dropped = self._idle.pop(0) if len(self._idle) > _MOST_READERS else None
        if dropped is not None:
            dropped.close()

    def _entry(self, listed: Listed) -> Entry:
        member = _member(listed)
        is_file = member.kind is EntryKind.FILE
        entry = Entry(
            member.path,
            member.kind,
            MemberOrigin(self, listed),
            member.mode,
            member.uid,
            member.gid,
            member.user,
            member.group,
            member.size if is_file else 0,
            member.mtime_ns,
            member.mtime_ns,
            member.mtime_ns,
            device=member.device,
            target=member.target,
        )
        if listed.links > 1:
            entry.links, entry.device_id = listed.links, 1
            entry.inode = (listed.first or listed).number + 1
        return entry


def _member(listed: Listed) -> Member:
    """Return the member of an entry; a further name of a file has everything but its path from the first one."""
    if listed.line is None:
        return Member(path=listed.path, kind=EntryKind.DIR, mode=0o755)
    if listed.first is None or listed.first.line is None:
        return member_of(listed.line)
    first = member_of(listed.first.line)
    return msgspec.structs.replace(first, path=listed.path, link=first.path)


class _Place:
    """A reader of a tar, and how far it has come."""

    def __init__(self, file: BinaryIO, reader: MemberReader) -> None:
        self.number = -1
        """Of the last line whose member was opened."""
        self._file = file
        self._members = reader.members()

    def go_to(self, number: int, path: bytes) -> BinaryIO:
        """Read on to a member; return its content."""
        self.number = number
        for member, content in self._members:
            if member.path == path and content is not None:
                return content
        raise NotFound(_("the archive does not have it"))

    def close(self) -> None:
        """Let the archive go."""
        self._file.close()


def _proven(content: BinaryIO, member: Member, close: Callable[[], None]) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Proven(content, member, close), 1 << 17))


class _Proven(io.RawIOBase):
    """A member's content that is held against its SHA-256 at its end, where the list tells that."""

    def __init__(self, content: BinaryIO, member: Member, close: Callable[[], None]) -> None:
        super().__init__()
        self._content = content
        self._member = member
        self._close = close
        self._hash = sha256()

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the buffer of RawIOBase is private to typeshed
        """Fill `buffer`; raises Corrupted at the end of content that is not the one."""
        piece = self._content.read(len(buffer))
        if not piece:
            if self._member.sha256 and self._hash.hexdigest() != self._member.sha256:
                raise Corrupted(_("its content is not what was written"))
            return 0
        self._hash.update(piece)
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Let the archive go."""
        if not self.closed:
            super().close()
            self._close()
