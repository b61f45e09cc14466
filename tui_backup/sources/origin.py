"""LocalOrigin: describes what lies on this host, and reads it on demand."""

import errno
import os
import stat
from typing import BinaryIO

from tui_backup.model.entry import Entry, EntryKind, Xattrs
from tui_backup.primitives.i18n import _
from tui_backup.primitives.listed import beneath, open_listed, xattrs_listed
from tui_backup.primitives.reasons import VANISHED, reason_of, reason_of_code
from tui_backup.sources.base import Unread
from tui_backup.sources.owners import GroupNames, UserNames

KINDS = {
    stat.S_IFREG: EntryKind.FILE,
    stat.S_IFDIR: EntryKind.DIR,
    stat.S_IFLNK: EntryKind.SYMLINK,
    stat.S_IFBLK: EntryKind.BLOCK,
    stat.S_IFCHR: EntryKind.CHAR,
    stat.S_IFIFO: EntryKind.FIFO,
    stat.S_IFSOCK: EntryKind.SOCKET,
}
"""File type bits of `st_mode` -> kind."""


class LocalOrigin:
    """Where the entries of one root lie: `stored` at the start of their paths stands for `real` on disk."""

    __slots__ = ("_groups", "_users", "real", "stored")

    def __init__(self, stored: bytes, real: bytes, users: UserNames, groups: GroupNames) -> None:
        self.stored = stored
        self.real = real
        self._users = users
        self._groups = groups

    def entry(self, path: bytes, kind: EntryKind, status: os.stat_result) -> Entry:
        """Return the entry of what has this status; a link's target and a device's number are not in it."""
        uid, gid = status.st_uid, status.st_gid
        return Entry(
            path,
            kind,
            self,
            status.st_mode & 0o7777,
            uid,
            gid,
            self._users[uid],
            self._groups[gid],
            status.st_size if kind is EntryKind.FILE else 0,
            status.st_mtime_ns,
            status.st_atime_ns,
            status.st_ctime_ns,
            status.st_ino,
            status.st_dev,
            status.st_nlink,
        )

    def found(self, path: bytes, status: os.stat_result, name: bytes, directory: int | None) -> Entry | Unread:
        """Return the entry of anything; `name` below `directory` reaches it."""
        kind = KINDS.get(stat.S_IFMT(status.st_mode))
        if kind is EntryKind.FILE or kind is EntryKind.DIR:
            return self.entry(path, kind, status)
        return self.special(path, status, name, directory)

    def special(self, path: bytes, status: os.stat_result, name: bytes, directory: int | None) -> Entry | Unread:
        """Return the entry of what is neither file nor directory; `name` below `directory` reaches it."""
        kind = KINDS.get(stat.S_IFMT(status.st_mode))
        if kind is None:
            return Unread(path, _("unknown type of file"))
        entry = self.entry(path, kind, status)
        if kind is EntryKind.SYMLINK:
            try:
                entry.target = os.readlink(name, dir_fd=directory)
            except OSError as error:
                if error.errno == errno.EINVAL:
                    return Unread(path, reason_of_code(errno.ESTALE), vanished=True)
                return unread(path, error)
        elif kind in {EntryKind.BLOCK, EntryKind.CHAR}:
            entry.device = status.st_rdev
        return entry

    def open(self, entry: Entry) -> BinaryIO:
        """Open the content of a FILE.

        Raises:
            OSError: it cannot be read; ESTALE where another file or a link has taken its place.
        """
        return open(open_listed(self.local_path(entry), entry.device_id, entry.inode), "rb", buffering=0)

    def xattrs(self, entry: Entry) -> Xattrs:
        """Return the extended attributes, POSIX ACLs among them; none where the file system has no such thing."""
        return xattrs_listed(self.local_path(entry), entry.device_id, entry.inode)

    def relist(self, entry: Entry) -> Entry | None:
        """Look again, through no link below the root; None where nothing is there."""
        try:
            with beneath(self.real, entry.path[len(self.stored) + 1 :]) as (name, directory):
                status = os.stat(name, dir_fd=directory, follow_symlinks=False)
                found = self.found(entry.path, status, name, directory)
        except OSError as error:
            if error.errno in VANISHED:
                return None
            raise
        return found if isinstance(found, Entry) else None

    def fingerprint(self, entry: Entry) -> None:
        """There is none without reading."""

    def local_path(self, entry: Entry) -> bytes:
        """Return the path on this host."""
        return self.real + entry.path[len(self.stored) :] or b"/"


def unread(path: bytes, error: OSError) -> Unread:
    """Return what an error on a path means: gone since it was listed, or not readable."""
    return Unread(path or b"/", reason_of(error), vanished=error.errno in VANISHED)
