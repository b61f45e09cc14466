"""Reaching what a directory listing showed, and nothing else: the path may have been swapped since."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_NO_ATIME = getattr(os, "O_NOATIME", 0)
_PATH_ONLY = getattr(os, "O_PATH", os.O_RDONLY)
_SHORT = 4000
"""Bytes of a path that the system surely takes in one call."""


def open_listed(path: bytes, device_id: int, inode: int) -> int:
    """Open a file for reading and return its descriptor, if it still is the one of that identity.

    Follows no link at the end of the path, never waits for the other end of a FIFO, and leaves the access time alone
    where the owner may ask for that.

    Raises:
        OSError: it cannot be opened; ESTALE where something else has taken its place.
    """
    with short(path) as (name, directory):
        descriptor = _open_quietly(name, os.O_NONBLOCK, directory)
    return _identified(descriptor, path, device_id, inode)


def open_listed_directory(name: bytes, device_id: int, inode: int, parent: int | None = None) -> int:
    """Open a directory, by name below the descriptor `parent`, and return its descriptor; errors as `open_listed`."""
    return _identified(_open_quietly(name, os.O_DIRECTORY, parent), name, device_id, inode)


def xattrs_listed(path: bytes, device_id: int, inode: int) -> tuple[tuple[bytes, bytes], ...]:
    """Return names and values of the extended attributes of what has that identity, links not followed; Linux only.

    Raises:
        OSError: they cannot be read; ESTALE where something else has taken its place.
    """
    if sys.platform != "linux":
        return ()
    with short(path) as (name, directory):
        place = name if directory is None else b"/proc/self/fd/%d/%s" % (directory, name)
        try:
            if not os.listxattr(place, follow_symlinks=False):
                return ()
        except OSError as error:
            if error.errno == errno.ENOTSUP:
                return ()
            raise
        descriptor = os.open(name, _PATH_ONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        require_identity(descriptor, path, device_id, inode)
        return _xattrs(b"/proc/self/fd/%d" % descriptor)
    finally:
        os.close(descriptor)


def require_identity(descriptor: int, path: bytes, device_id: int, inode: int) -> None:
    """Raise OSError with ESTALE unless the descriptor is of that device and inode."""
    status = os.fstat(descriptor)
    if (status.st_dev, status.st_ino) != (device_id, inode):
        raise _stale(path)


@contextmanager
def beneath(top: bytes, relative: bytes) -> Iterator[tuple[bytes, int | None]]:
    """Give a name, and the directory descriptor it is in, that reach `relative` below `top` through no link.

    An empty `relative` is `top` itself (empty: `/`), which is reached as the system resolves it: descriptor None.

    Raises:
        OSError: a directory on the way cannot be opened; ENOTDIR where it is a link.
    """
    if not relative:
        yield top or b"/", None
        return
    flags = _PATH_ONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    *directories, name = relative.split(b"/")
    descriptor = os.open(top or b"/", flags)
    try:
        for directory in directories:
            inner = os.open(directory, flags, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield name, descriptor
    finally:
        os.close(descriptor)


def _open_quietly(name: bytes, extra: int, directory: int | None) -> int:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | extra
    try:
        return os.open(name, flags | _NO_ATIME, dir_fd=directory)
    except PermissionError:
        return os.open(name, flags, dir_fd=directory)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            raise _stale(name) from error
        raise


def _identified(descriptor: int, path: bytes, device_id: int, inode: int) -> int:
    try:
        require_identity(descriptor, path, device_id, inode)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def short(path: bytes) -> Iterator[tuple[bytes, int | None]]:
    """Give a path and a directory descriptor for it (None: absolute) that are short enough for one system call."""
    directory: int | None = None
    try:
        while len(path) > _SHORT:
            cut = path.rindex(b"/", 0, _SHORT)
            upper = os.open(path[:cut] or b"/", _PATH_ONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
            if directory is not None:
                os.close(directory)
            directory, path = upper, path[cut:].lstrip(b"/")
        yield path, directory
    finally:
        if directory is not None:
            os.close(directory)


def _xattrs(place: bytes) -> tuple[tuple[bytes, bytes], ...]:
    found: list[tuple[bytes, bytes]] = []
    for name in os.listxattr(place):
        with suppress(_Gone):
            found.append((os.fsencode(name), _value(place, name)))
    return tuple(found)


class _Gone(Exception):
    """An attribute was removed after it was listed."""


def _value(place: bytes, name: str) -> bytes:
    try:
        return os.getxattr(place, name)
    except OSError as error:
        if error.errno == errno.ENODATA:
            raise _Gone from error
        raise


def _stale(path: bytes) -> OSError:
    return OSError(errno.ESTALE, os.strerror(errno.ESTALE), path)
