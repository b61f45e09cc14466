"""Entry: a file, directory, link or special file that a source or a repository yields."""

from enum import StrEnum
from typing import BinaryIO, Protocol

import msgspec


class EntryKind(StrEnum):
    """What an entry is; the values are restic's node types."""

    FILE = "file"
    DIR = "dir"
    SYMLINK = "symlink"
    BLOCK = "dev"
    CHAR = "chardev"
    FIFO = "fifo"
    SOCKET = "socket"


Xattrs = tuple[tuple[bytes, bytes], ...]
"""Extended attributes in the order the system lists them: (name, value)."""


class Origin(Protocol):
    """Whoever yielded an entry: reads on demand what listing it did not need."""

    def open(self, entry: "Entry") -> BinaryIO:
        """Open the content of a FILE; raises OSError or BackupError."""
        ...

    def xattrs(self, entry: "Entry") -> Xattrs:
        """Return the extended attributes, POSIX ACLs among them; raises OSError."""
        ...

    def relist(self, entry: "Entry") -> "Entry | None":
        """Look at the entry's path again, without following links; None where it is gone. Raises OSError."""
        ...

    def fingerprint(self, entry: "Entry") -> bytes | None:
        """Return what two FILEs share only if their contents are equal; None where finding out means reading.

        Two DIRs share it only if all below them is equal, metadata included.
        """
        ...

    def local_path(self, entry: "Entry") -> bytes | None:
        """Return a path under which other processes of this host can read a FILE; None where there is none."""
        ...


class Entry(msgspec.Struct, gc=False):
    """One path with its metadata; the bytes stay where they are until somebody opens it.

    `path` is absolute inside the snapshot: raw bytes, `/` between names, no `/` at its end; the root is `b"/"`.
    """

    path: bytes
    kind: EntryKind
    origin: Origin
    mode: int = 0
    """Permission bits with suid, sgid and sticky: `st_mode & 0o7777`."""
    uid: int = 0
    gid: int = 0
    user: str = ""
    """Owner's name where known."""
    group: str = ""
    size: int = 0
    """Bytes of a FILE; 0 for others."""
    mtime_ns: int = 0
    atime_ns: int = 0
    ctime_ns: int = 0
    inode: int = 0
    device_id: int = 0
    """`st_dev` of the file system that it lies on."""
    links: int = 1
    """Number of hard links."""
    device: int = 0
    """`st_rdev` of a BLOCK or CHAR."""
    target: bytes = b""
    """Where a SYMLINK points."""

    @property
    def name(self) -> bytes:
        """The last component of the path."""
        return self.path.rpartition(b"/")[2]
