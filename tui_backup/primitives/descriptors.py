"""Files below one directory, reached by descriptor: links are never followed, names never lead elsewhere."""

import errno
import os
import re
import stat
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from typing import TypeVar

T = TypeVar("T")

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PINNED = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_RENAME_NOREPLACE = 1
_LONGEST_NAME = 255
_MARK = b".tui-backup-"
_TEMPORARY = re.compile(rb"\..*\.tui-backup-[0-9a-f]{16}", re.DOTALL)

_token = os.urandom(5).hex().encode()
_numbers = count()


def check_name(name: bytes) -> bytes:
    """Return `name` if it names something in its directory, and nothing elsewhere.

    Raises:
        OSError: it is empty, `.` or `..`, or has a slash or NUL in it.
    """
    if name in (b"", b".", b"..") or b"/" in name or b"\0" in name:
        raise OSError(errno.EINVAL, "not a name for a file", name)
    return name


def temporary_name(name: bytes) -> bytes:
    """Return a new name beside `name` of at most 255 bytes, which `is_temporary` knows."""
    ending = b"%s%s%06x" % (_MARK, _token, next(_numbers) & 0xFFFFFF)
    return b"." + name[: _LONGEST_NAME - 1 - len(ending)] + ending


def is_temporary(name: bytes) -> bool:
    """Whether `temporary_name` made this name, in this process or another."""
    return _MARK in name and _TEMPORARY.fullmatch(name) is not None


class Directories:
    """Descriptors of directories below a root, opened one name at a time; the last ones used are kept open.

    Paths are those of a snapshot (`/srv/a`), taken below the root; `b""` is the root. For one thread at a time. Owns
    `root`.
    """

    def __init__(self, root: int, kept: int = 64) -> None:
        self.root = root
        self._kept = kept
        self._open: OrderedDict[bytes, int] = OrderedDict()

    def open(self, path: bytes) -> int:
        """Return the descriptor of a directory; it stays open while fewer than `kept` others are opened.

        Raises:
            OSError: a name on the way does not exist, is no directory, or is a link.
        """
        descriptor = self._open.get(path)
        if descriptor is None:
            return self._walk(path)
        self._open.move_to_end(path)
        return descriptor

    def forget(self, path: bytes) -> None:
        """Close the descriptor of a directory that is going away."""
        descriptor = self._open.pop(path, None)
        if descriptor is not None:
            os.close(descriptor)

    def close(self) -> None:
        """Close all descriptors, the root's among them."""
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()
        if self.root >= 0:
            os.close(self.root)
            self.root = -1

    def __enter__(self) -> "Directories":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _walk(self, path: bytes) -> int:
        names = []
        while path and path not in self._open:
            path, _slash, name = path.rpartition(b"/")
            names.append(check_name(name))
        descriptor = self.open(path) if path else self.root
        for name in reversed(names):
            descriptor = os.open(name, DIRECTORY, dir_fd=descriptor)
            path = path + b"/" + name
            self._keep(path, descriptor)
        return descriptor

    def _keep(self, path: bytes, descriptor: int) -> None:
        self._open[path] = descriptor
        if len(self._open) > self._kept:
            _oldest, unused = self._open.popitem(last=False)
            os.close(unused)


def open_root(path: bytes) -> int:
    """Open a directory that the user named: links on the way to it are followed."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def status_at(directory: int, name: bytes) -> os.stat_result | None:
    """Return the status of a name, of the link where it is one; None where nothing has that name."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def names_at(directory: int) -> list[bytes]:
    """Return the names in a directory, in no order."""
    return [os.fsencode(name) for name in os.listdir(directory)]


def create_file(directory: int, name: bytes) -> int:
    """Create a file that only we can read, and return its descriptor for writing; it must not exist."""
    return os.open(name, _NEW_FILE, 0o600, dir_fd=directory)


def remove(directory: int, name: bytes) -> None:
    """Remove a name, be it an empty directory or anything else."""
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if stat.S_ISDIR(status.st_mode):
        os.rmdir(name, dir_fd=directory)
    else:
        os.unlink(name, dir_fd=directory)


def discard(directory: int, name: bytes) -> None:
    """Remove a file if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=directory)


def begins_with(directory: int, name: bytes, start: bytes) -> bool:
    """Whether a name in a directory is that of a file, no link, that can be read and begins with some bytes."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    except OSError:
        return False
    try:
        return os.read(descriptor, len(start)) == start
    except OSError:
        return False
    finally:
        os.close(descriptor)


def make_beside(
    directory: int, name: bytes, create: Callable[[bytes], None], finish: Callable[[bytes], T], *, replace: bool
) -> T:
    """Make something that is no file, finish it, and only then give it its name; return what `finish` returns.

    `create` is given a temporary name in the directory, `finish` a path that stays that of the thing made (`pinned`).
    """
    beside = temporary_name(name)
    try:
        create(beside)
        with pinned(directory, beside) as place:
            finished = finish(place)
        rename_at(directory, beside, name, replace=replace)
    except BaseException:
        discard(directory, beside)
        raise
    return finished


def link_at(old: tuple[int, bytes], directory: int, name: bytes, *, replace: bool) -> None:
    """Give a file, known by directory and name, a further name; without `replace` it must not be taken."""
    old_directory, old_name = old
    new = temporary_name(name) if replace else name
    os.link(old_name, new, src_dir_fd=old_directory, dst_dir_fd=directory, follow_symlinks=False)
    if replace:
        try:
            os.rename(new, name, src_dir_fd=directory, dst_dir_fd=directory)
        finally:
            discard(directory, new)


@contextmanager
def pinned(directory: int, name: bytes) -> Iterator[bytes]:
    """Hold on to whatever has a name, and yield a path under which it, itself and no other, can be changed.

    Needed for what cannot be opened: links, devices, pipes. Needs /proc.
    """
    descriptor = os.open(name, _PINNED, dir_fd=directory)
    try:
        yield b"/proc/self/fd/%d" % descriptor
    finally:
        os.close(descriptor)


def rename_at(directory: int, old: bytes, new: bytes, *, replace: bool) -> None:
    """Rename within a directory; without `replace` an existing `new` is a FileExistsError.

    Both names must have passed `check_name`: what follows a NUL would be lost.
    """
    if replace:
        os.rename(old, new, src_dir_fd=directory, dst_dir_fd=directory)
        return
    rename = _native("renameat2")
    if rename is not None:
        if rename(directory, old, directory, new, _RENAME_NOREPLACE) == 0:
            return
        code = _native_error()
        if code not in (errno.EINVAL, errno.ENOSYS):
            raise OSError(code, os.strerror(code), new)
    if status_at(directory, new) is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
    os.rename(old, new, src_dir_fd=directory, dst_dir_fd=directory)


def sync_file_system(descriptor: int) -> None:
    """Wait until all that was written to the file system of `descriptor` is on its disk."""
    sync = _native("syncfs")
    if sync is None:
        os.sync()
    elif sync(descriptor) != 0:
        code = _native_error()
        raise OSError(code, os.strerror(code))


def _native_error() -> int:
    """Return the error of the last function of the C library that failed in this thread."""
    import ctypes

    return ctypes.get_errno()


@cache
def _native(name: str) -> Callable[..., int] | None:
    """Return a function of the C library, None where this one lacks it; arguments are ints and bytes without NUL."""
    import ctypes

    return getattr(ctypes.CDLL(None, use_errno=True), name, None)
