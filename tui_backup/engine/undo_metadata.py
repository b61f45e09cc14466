"""Metadata as it was: read before a restore changes something, and put back exactly by its undo."""

import errno
import os
import stat
from contextlib import suppress

from tui_backup.engine.undo_journal import IN_JOURNAL, Before
from tui_backup.primitives.descriptors import pinned
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

Attributes = tuple[tuple[bytes, bytes], ...]


def before_of(
    status: os.stat_result, *, place: int = IN_JOURNAL, xattrs: Attributes = (), target: bytes = b""
) -> Before:
    """Return what the journal keeps of a status."""
    return Before(
        mode=status.st_mode,
        uid=status.st_uid,
        gid=status.st_gid,
        size=status.st_size,
        atime_ns=status.st_atime_ns,
        mtime_ns=status.st_mtime_ns,
        inode=status.st_ino,
        device=status.st_dev,
        rdev=status.st_rdev,
        target=target,
        xattrs=xattrs,
        place=place,
    )


def described(directory: int, name: bytes, place: int) -> Before:
    """Return all that is known of a name in a directory, but for the content of a file."""
    with pinned(directory, name) as path:
        status = os.stat(path)
        target = os.readlink(name, dir_fd=directory) if stat.S_ISLNK(status.st_mode) else b""
        return before_of(status, place=place, xattrs=attributes_of(path), target=target)


def attributes_of(place: int | bytes) -> Attributes:
    """Return the extended attributes that we may read, POSIX ACLs among them, sorted by name."""
    found: list[tuple[bytes, bytes]] = []
    try:
        names = os.listxattr(place)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.EACCES, errno.EPERM):
            return ()
        raise
    for name in names:
        with suppress(OSError):
            found.append((os.fsencode(name), os.getxattr(place, name)))
    return tuple(sorted(found))


def is_dressed(before: Before, status: os.stat_result, place: int | bytes) -> bool:
    """Whether metadata is as it was, the time of the last access aside."""
    was = (before.mode, before.uid, before.gid, before.mtime_ns)
    present = (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns)
    return was == present and before.xattrs == attributes_of(place)


def put_on(place: int | bytes, before: Before) -> list[str]:
    """Give what a descriptor or a pinned path leads to its former metadata; return what could not be set, for people.

    What is right already is left alone, so that a user who owns no more than the file can do it.
    """
    troubles: list[str] = []
    status = os.stat(place)
    if (status.st_uid, status.st_gid) != (before.uid, before.gid):
        try:
            os.chown(place, before.uid, before.gid)
        except OSError as error:
            troubles.append(_("owner: {reason}").format(reason=reason_of(error)))
    _put_on_attributes(place, before.xattrs, troubles)
    is_link = before.form == stat.S_IFLNK
    try:
        if not is_link and os.stat(place).st_mode != before.mode:
            os.chmod(place, stat.S_IMODE(before.mode))
    except OSError as error:
        troubles.append(_("permissions: {reason}").format(reason=reason_of(error)))
    try:
        os.utime(place, ns=(before.atime_ns, before.mtime_ns))
    except OSError as error:
        troubles.append(_("times: {reason}").format(reason=reason_of(error)))
    return troubles


def close(directory: int, before: Before) -> None:
    """Put back the times of a directory in which things were made and removed, and what opened it up for its owner."""
    mode = os.fstat(directory).st_mode
    if mode != before.mode and mode == before.mode | stat.S_IRWXU:
        os.fchmod(directory, stat.S_IMODE(before.mode))
    with suppress(PermissionError):
        os.utime(directory, ns=(before.atime_ns, before.mtime_ns))


def _put_on_attributes(place: int | bytes, wanted: Attributes, troubles: list[str]) -> None:
    present = dict(attributes_of(place))
    for name, value in wanted:
        if present.pop(name, None) == value:
            continue
        try:
            os.setxattr(place, name, value)
        except OSError as error:
            attribute = name.decode("utf-8", "replace")
            troubles.append(_("attribute {name!r}: {reason}").format(name=attribute, reason=reason_of(error)))
    for name in present:
        with suppress(OSError):
            os.removexattr(place, name)
