"""The contract of a container: members of an archive, and the files that hold them.

A container (tar.gz, tar.zst, zip) knows neither stores nor seals: it writes to a `Sink` and reads from a file.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

import msgspec

from tui_backup.model.entry import EntryKind, Xattrs
from tui_backup.stores.base import Sink


class Member(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry of an archive: what an `Entry` tells, and where its content lies."""

    path: bytes
    """Absolute inside the snapshot, as `Entry.path`."""
    kind: EntryKind
    mode: int = 0
    uid: int = 0
    gid: int = 0
    user: str = ""
    group: str = ""
    size: int = 0
    mtime_ns: int = 0
    device: int = 0
    target: bytes = b""
    """Where a SYMLINK points."""
    link: bytes = b""
    """Path of the FILE, earlier in the archive, of which this is a further name."""
    xattrs: Xattrs = ()
    sha256: str = ""
    """Of a FILE's content, 64 hex digits; empty where nobody has read it."""


Refuse = Callable[[bytes, str], None]
"""Hears of members that must not be used: the name that the archive gives them, and the reason."""


class MemberWriter(Protocol):
    """An archive that is being written; for one thread."""

    def add(self, member: Member, content: BinaryIO | None = None) -> Member:
        """Write a member; return it as it was written, with its size and the SHA-256 of its content.

        Of a FILE without `link`, `content` is read. Where that ends before `member.size`, or has more, the member is
        still sound: tar fills it up with zeros or cuts it, zip takes what is there. Whoever hands over a content that
        may fail to be read catches that itself. Where the container has no `links`, a member with a `link` is given its
        content and comes back without the link. What the container does not hold (a SOCKET) is passed over.
        Raises StoreError of writing.
        """
        ...

    def notes(self) -> tuple[str, ...]:
        """Return what the container could not carry, for people."""
        ...

    def close(self, about: bytes | None) -> None:
        """Write what ends the archive; `about` becomes `backup_info.json` inside a zip."""
        ...

    def abandon(self) -> None:
        """End the threads of an archive that will not be finished; after `close` it does nothing."""
        ...


class MemberReader(Protocol):
    """An archive that is being read, as it lies in a file; hostile until proven otherwise."""

    def members(self) -> Generator[tuple[Member, BinaryIO | None]]:
        """Yield all members in order; the content of a FILE can be read until the next one is asked for.

        Their paths are harmless: each comes once (a DIR that comes again is passed over), lies below nothing but
        directories, and a `link` names a FILE that came before. Members of which that is not true are refused.

        Raises:
            Corrupted: the archive is cut short, or not what it says.
        """
        ...

    def about(self) -> bytes | None:
        """Return `backup_info.json` where the container has it inside, unread otherwise; at most 1 MiB."""
        ...

    @property
    def opens_any(self) -> bool:
        """Whether `opened` reaches a member without reading what lies before it."""
        ...

    def has_passed(self, path: bytes) -> bool:
        """Whether the content of a FILE lies behind what was read, out of reach."""
        ...

    def opened(self, path: bytes) -> AbstractContextManager[BinaryIO]:
        """Give the content of the FILE at a path; from several threads at once where it `opens_any`.

        Raises:
            Corrupted: the archive has no such FILE, or is damaged.
        """
        ...


class Container(Protocol):
    """A kind of archive file."""

    extension: str
    """With the dot: `.tar.gz`."""
    links: bool
    """Whether it can say that a member is a further name of another one."""

    def holds(self, kind: EntryKind) -> bool:
        """Whether it can carry entries of that kind."""
        ...

    def writer(self, out: Sink, level: int) -> MemberWriter:
        """Begin an archive; `level` is 1 to 9."""
        ...

    def reader(self, file: BinaryIO, refuse: Refuse) -> MemberReader:
        """Read an archive from a file that can seek (tar: need not), from where it stands."""
        ...
