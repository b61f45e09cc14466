"""Metadata: owner, extended attributes, permission bits and times of what a restore has written."""

import errno
import os
from contextlib import suppress

import msgspec

from tui_backup.errors import BackupError
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

_SPECIAL_BITS = 0o6000
_HARMLESS = (b"user.", b"system.posix_acl_")
_PRIVILEGED = (b"security.", b"trusted.")
_KEPT = (b"security.selinux", b"security.ima", b"security.evm")
"""Attributes that the system itself gives to every file."""


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """Which metadata may be set: all of a trusted snapshot, within what the process is able to do."""

    trusted: bool
    user: int
    """Effective user id of the process; 0 may give files away."""
    group: int

    @classmethod
    def of_this_process(cls, *, trusted: bool) -> "Authority":
        """Return what this process may set."""
        return cls(trusted=trusted, user=os.geteuid(), group=os.getegid())

    @property
    def owns(self) -> bool:
        """Whether files are given to their owners."""
        return self.trusted and self.user == 0

    def mode_of(self, entry: Entry) -> int:
        """Return the permission bits to set; suid and sgid only where the owner is set too."""
        mode = entry.mode & 0o7777
        if self.owns or (self.trusted and (entry.uid, entry.gid) == (self.user, self.group)):
            return mode
        return mode & ~_SPECIAL_BITS

    def may_set(self, attribute: bytes) -> bool:
        """Whether an extended attribute is restored."""
        return self.trusted or attribute.startswith(_HARMLESS)

    def agrees(self, entry: Entry, status: os.stat_result) -> bool:
        """Whether permission bits and owner are those that a restore would set."""
        if entry.kind is not EntryKind.SYMLINK and status.st_mode & 0o7777 != self.mode_of(entry):
            return False
        return not self.owns or (status.st_uid, status.st_gid) == (entry.uid, entry.gid)


def dress(place: int | bytes, entry: Entry, authority: Authority) -> list[str]:
    """Set the metadata of an entry on a descriptor or a pinned path; return what could not be set, for people."""
    troubles: list[str] = []
    mode = authority.mode_of(entry)
    if authority.trusted and not _give(place, entry, authority, troubles):
        mode &= ~_SPECIAL_BITS
    _set_attributes(place, entry, authority, troubles)
    try:
        if entry.kind is not EntryKind.SYMLINK:
            os.chmod(place, mode)
    except OSError as error:
        troubles.append(_("permissions: {reason}").format(reason=_reason(error)))
    try:
        os.utime(place, ns=(entry.atime_ns, entry.mtime_ns))
    except (OSError, OverflowError) as error:
        troubles.append(_("times: {reason}").format(reason=_reason(error)))
    return troubles


def _give(place: int | bytes, entry: Entry, authority: Authority, troubles: list[str]) -> bool:
    try:
        if authority.user == 0:
            os.chown(place, entry.uid, entry.gid)
        elif entry.gid != authority.group:
            os.chown(place, -1, entry.gid)
    except (OSError, OverflowError) as error:
        if authority.user == 0:
            troubles.append(_("owner: {reason}").format(reason=_reason(error)))
        return False
    return True


def _set_attributes(place: int | bytes, entry: Entry, authority: Authority, troubles: list[str]) -> None:
    """Set exactly the saved attributes: those that the directory or an earlier file left are removed."""
    try:
        wanted = entry.origin.xattrs(entry)
        present = _present(place)
    except (OSError, BackupError) as error:
        troubles.append(_("extended attributes: {reason}").format(reason=_reason(error)))
        return
    if present:
        _remove_others(place, present, frozenset(name for name, _value in wanted), authority)
    for name, value in wanted:
        if not authority.may_set(name):
            continue
        try:
            os.setxattr(place, name, value)
        except (OSError, ValueError) as error:
            if authority.user == 0 or not name.startswith(_PRIVILEGED):
                attribute = name.decode("utf-8", "replace")
                troubles.append(_("attribute {name!r}: {reason}").format(name=attribute, reason=_reason(error)))


def _remove_others(place: int | bytes, present: list[bytes], wanted: frozenset[bytes], authority: Authority) -> None:
    for name in present:
        if name not in wanted and name not in _KEPT and authority.may_set(name):
            with suppress(OSError):
                os.removexattr(place, name)


def _present(place: int | bytes) -> list[bytes]:
    try:
        return [os.fsencode(name) for name in os.listxattr(place)]
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.EACCES):
            return []
        raise


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return reason_of(error)
    return str(error)
