"""Write a file whole or not at all."""

import errno
import os
from contextlib import suppress

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP}


def write_whole(path: str, content: bytes, *, mode: int = 0o600, owner: tuple[int, int] | None = None) -> None:
    """Put `content` under `path` durably; who reads it meanwhile sees the old file or the new one.

    The file gets exactly `mode`, whatever the umask, and belongs to `owner` (uid and gid; None: who writes it).
    Raises OSError, and then nothing has changed.
    """
    temporary = _written_beside(path, content, mode, owner)
    try:
        os.rename(temporary, path)
    except BaseException:
        _remove(temporary)
        raise
    sync_directory(os.path.dirname(path) or ".")


def write_new(path: str, content: bytes, *, mode: int = 0o600) -> None:
    """Put `content` under `path` durably where nothing has that name; two who try at once never mix.

    Raises:
        FileExistsError: something has that name, be it a dangling link; it stays as it is.
        OSError: it could not be written; nothing has changed.
    """
    temporary = _written_beside(path, content, mode)
    try:
        claim(temporary, path)
    except BaseException:
        _remove(temporary)
        raise
    sync_directory(os.path.dirname(path) or ".")


def sync_directory(path: str) -> None:
    """Make the names in a directory durable, where its file system can."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def sync(descriptor: int) -> None:
    """Make what was written to a file durable, where its file system can."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def write_all(descriptor: int, content: memoryview) -> None:
    """Write every byte, in as many steps as the system takes."""
    while content:
        content = content[os.write(descriptor, content) :]


def _written_beside(path: str, content: bytes, mode: int, owner: tuple[int, int] | None = None) -> str:
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, f".{name[:64]}.{os.urandom(6).hex()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            write_all(descriptor, memoryview(content))
            if owner is not None:
                os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)
            sync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        _remove(temporary)
        raise
    return temporary


def claim(temporary: str | bytes, path: str | bytes) -> None:
    """Give a file its final name; file systems without hard links take the longer way.

    Raises:
        FileExistsError: something has that name; both files stay as they are.
        OSError: it could not be done.
    """
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        os.rename(temporary, path)
    else:
        _remove(temporary)


def _remove(path: str | bytes) -> None:
    with suppress(OSError):
        os.unlink(path)
