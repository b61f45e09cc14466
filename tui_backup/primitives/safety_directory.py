"""Safety directories: made beside other people's data, for us alone, and known again by name and tag.

    .tui-backup-undo/                0700
    .tui-backup-undo/CACHEDIR.TAG    has other backup programs pass over it too (https://bford.info/cachedir/)
    .tui-backup-undo/ID/             what one operation keeps

Making and removing one leaves the times of the directory that it lies in as they were.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tui_backup.primitives.descriptors import DIRECTORY, begins_with, create_file

NAME = b".tui-backup-undo"
TAG_NAME = b"CACHEDIR.TAG"
TAG = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n# tui-backup keeps here, for a while, what a restore has replaced.\n"
)


def is_safety_directory(parent: int, name: bytes) -> bool:
    """Whether a name in a directory is that of a safety directory; of one that belongs to root others see the name."""
    if name != NAME:
        return False
    try:
        directory = os.open(name, DIRECTORY, dir_fd=parent)
    except PermissionError:
        return _is_of_root(parent, name)
    except OSError:
        return False
    try:
        return begins_with(directory, TAG_NAME, TAG)
    finally:
        os.close(directory)


def make_inside(parent: int, id_: bytes) -> int:
    """Make `NAME/ID` in a directory, and return its descriptor.

    Raises:
        OSError: it cannot be made, or the name is somebody else's.
    """
    with _times_kept(parent):
        directory = _make_private(parent)
    try:
        if not begins_with(directory, TAG_NAME, TAG):
            _tag(directory)
        os.mkdir(id_, 0o700, dir_fd=directory)
        return open_private(id_, directory)
    finally:
        os.close(directory)


def remove_inside(parent: int, id_: bytes) -> None:
    """Remove an empty `NAME/ID`, and `NAME` itself where nothing else is in it."""
    directory = open_private(NAME, parent)
    try:
        with suppress(FileNotFoundError):
            os.rmdir(id_, dir_fd=directory)
        if set(os.listdir(directory)) <= {os.fsdecode(TAG_NAME)}:
            with suppress(FileNotFoundError):
                os.unlink(TAG_NAME, dir_fd=directory)
            with _times_kept(parent), suppress(OSError):
                os.rmdir(NAME, dir_fd=parent)
    finally:
        os.close(directory)


def open_private(name: bytes, parent: int | None = None) -> int:
    """Open a directory that belongs to us alone.

    Raises:
        PermissionError: it belongs to somebody else, or others may enter it.
        OSError: it cannot be opened, or is a link.
    """
    directory = os.open(name, DIRECTORY, dir_fd=parent)
    status = os.fstat(directory)
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        os.close(directory)
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), name)
    return directory


def may_hold_safety_directory(status: os.stat_result) -> bool:
    """Whether nobody but us can rename what we make in a directory of this status."""
    others_write = status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX
    return status.st_uid == os.geteuid() and not others_write


def _is_of_root(parent: int, name: bytes) -> bool:
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False).st_uid == 0
    except OSError:
        return False


def _make_private(parent: int) -> int:
    """Make NAME or find it made, and return its descriptor; what cannot be made private is not left behind."""
    try:
        os.mkdir(NAME, 0o700, dir_fd=parent)
    except FileExistsError:
        return open_private(NAME, parent)
    try:
        return open_private(NAME, parent)
    except OSError:
        os.rmdir(NAME, dir_fd=parent)
        raise


def _tag(directory: int) -> None:
    """Tag a directory that has just been made, by us or by somebody who was interrupted."""
    if not set(os.listdir(directory)) <= {os.fsdecode(TAG_NAME)}:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), NAME)
    with suppress(FileNotFoundError):
        os.unlink(TAG_NAME, dir_fd=directory)
    descriptor = create_file(directory, TAG_NAME)
    try:
        os.write(descriptor, TAG)
    finally:
        os.close(descriptor)


@contextmanager
def _times_kept(directory: int) -> Iterator[None]:
    before = os.fstat(directory)
    try:
        yield
    finally:
        with suppress(OSError):
            os.utime(directory, ns=(before.st_atime_ns, before.st_mtime_ns))
