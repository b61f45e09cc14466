"""Safety places, open: what a restore may replace, because it is kept there."""

import os
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256

import msgspec

from tui_backup.primitives.descriptors import status_at

_ELSEWHERE = b".elsewhere"
_DIGITS = 32


class KeptPlace(msgspec.Struct, frozen=True, array_like=True):
    """A place, for processes that only look things up."""

    path: bytes
    inode: int


def key_of(path: bytes) -> bytes:
    """Return the name under which a place keeps what has this path below the target."""
    return sha256(path).hexdigest()[:_DIGITS].encode()


class SafetyPlaces:
    """Descriptors of places, in the order of their record; the first one also notes what is kept in a snapshot."""

    def __init__(self, descriptors: Sequence[int]) -> None:
        self._descriptors = list(descriptors)

    @classmethod
    def at(cls, places: Sequence[KeptPlace]) -> "SafetyPlaces":
        """Open places by path; raises OSError where one is not the directory that it was."""
        opened = cls([])
        try:
            for place in places:
                descriptor = os.open(place.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
                opened.add(descriptor)
                if os.fstat(descriptor).st_ino != place.inode:
                    raise FileNotFoundError(place.path)
        except BaseException:
            opened.close()
            raise
        return opened

    def add(self, descriptor: int) -> int:
        """Take over one more; return its number."""
        self._descriptors.append(descriptor)
        return len(self._descriptors) - 1

    def drop_last(self) -> None:
        """Close the place that was added last, and forget it."""
        os.close(self._descriptors.pop())

    def descriptor(self, number: int) -> int:
        """Return the descriptor of a place; raises OSError where it is not to be had."""
        if not 0 <= number < len(self._descriptors) or self._descriptors[number] < 0:
            raise FileNotFoundError(2, os.strerror(2))
        return self._descriptors[number]

    def note(self, path: bytes, status: os.stat_result) -> None:
        """Note that a file as it is has been taken into a snapshot."""
        with suppress(FileExistsError):
            os.symlink(_fingerprint(status), key_of(path) + _ELSEWHERE, dir_fd=self._descriptors[0])

    def hold(self, path: bytes, status: os.stat_result) -> bool:
        """Whether what has this path and status is kept, so that it may be replaced."""
        key = key_of(path)
        for descriptor in self._descriptors:
            kept = status_at(descriptor, key)
            if kept is not None and (kept.st_dev, kept.st_ino) == (status.st_dev, status.st_ino):
                return True
        try:
            return os.readlink(key + _ELSEWHERE, dir_fd=self._descriptors[0]) == _fingerprint(status)
        except OSError:
            return False

    def keep_in(self, number: int, path: bytes) -> os.stat_result | None:
        """Return the status of what a place keeps of a path; None where it has nothing, or is not to be had."""
        try:
            return status_at(self.descriptor(number), key_of(path))
        except OSError:
            return None

    def close(self) -> None:
        """Close all descriptors."""
        for descriptor in self._descriptors:
            if descriptor >= 0:
                os.close(descriptor)
        self._descriptors.clear()


def _fingerprint(status: os.stat_result) -> bytes:
    return b"%d:%d:%d" % (status.st_ino, status.st_size, status.st_mtime_ns)
