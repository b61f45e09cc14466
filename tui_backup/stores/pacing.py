"""Pacing: so many bytes a second, whoever asks, in whatever process.

What is due when stands in a small file that all who share a limit name: the moment, on the clock that all processes of
this boot share, from which on the next byte may pass. Whoever wants to pass something adds the time that it takes, and
waits for what was due before.
"""

import fcntl
import io
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

import msgspec

from tui_backup.stores.base import Body

_DUE = struct.Struct("<d")
_CREDIT_S = 0.1
"""What may pass at once after a rest, as time."""
_FARTHEST_S = 60.0
"""A moment farther away than this was written before this machine was started."""
_MOST = 256 << 10
_LEAST = 1 << 10

_alone: dict[str, float] = {}
"""What is due where no file can be written, so that others do not hear of it."""
_asking = threading.Lock()


class Pace(msgspec.Struct, frozen=True):
    """A limit that is shared with everybody who names the same file."""

    rate: int
    """Bytes a second."""
    path: str

    @property
    def piece(self) -> int:
        """Bytes that are best passed at once, so that they flow."""
        return max(_LEAST, min(_MOST, self.rate // 8))

    def wait(self, size: int) -> None:
        """Return when `size` bytes may pass."""
        while size > 0:
            piece = min(size, self.piece)
            delay = self._claim(piece / self.rate)
            if delay > 0:
                time.sleep(delay)
            size -= piece

    def _claim(self, duration: float) -> float:
        """Have something pass that takes so long, and return in how many seconds it may begin."""
        try:
            with _locked(self.path) as descriptor:
                now = time.monotonic()
                said = os.pread(descriptor, _DUE.size, 0)
                start = _start(_DUE.unpack(said)[0] if len(said) == _DUE.size else now, now)
                os.pwrite(descriptor, _DUE.pack(start + duration), 0)
        except OSError:
            with _asking:
                now = time.monotonic()
                start = _start(_alone.get(self.path, now), now)
                _alone[self.path] = start + duration
        return start - now


def _start(due: float, now: float) -> float:
    """Return when what comes next may begin."""
    return max(due, now - _CREDIT_S) if due <= now + _FARTHEST_S else now


@contextmanager
def _locked(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


class PacedBody(io.RawIOBase):
    """A body that goes to a store with a limit; reading it takes no time of its own, for a hash or a size. One thread.

    A store that knows of paces sends what `sending` returns.
    """

    def __init__(self, body: Body, pace: Pace) -> None:
        super().__init__()
        is_file = not isinstance(body, bytes | bytearray | memoryview)
        self._file = cast("BinaryIO", body) if is_file else None
        self._view = memoryview(b"") if is_file else memoryview(cast("bytes", body)).cast("B")
        self._at = 0
        self._pace = pace
        self.is_paced = False
        """Whether somebody has sent it at its pace."""

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what read() hands over
        """Fill a buffer with what comes next."""
        view = memoryview(buffer).cast("B")
        if self._file is not None:
            content: bytes | memoryview = self._file.read(len(view))
        else:
            content = self._view[self._at : self._at + len(view)]
            self._at += len(content)
        view[: len(content)] = content
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the body."""
        if self._file is not None:
            return self._file.seek(offset, whence)
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._view)}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """Return the place in the body."""
        return self._at if self._file is None else self._file.tell()

    def paced(self) -> "_Sending":
        """Return what reads the body from where it is, no faster than the limit allows."""
        self.is_paced = True
        return _Sending(self, self._pace)

    def settle(self) -> None:
        """Wait for what was sent by a store that knows no pace."""
        if not self.is_paced:
            self._pace.wait(self.seek(0, os.SEEK_END))


class _Sending(io.RawIOBase):
    """Reads a body at its pace; what reads in small bites pays for many of them at once."""

    def __init__(self, body: PacedBody, pace: Pace) -> None:
        super().__init__()
        self._body = body
        self._pace = pace
        self._paid = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what read() hands over
        count = self._body.readinto(memoryview(buffer).cast("B")[: self._pace.piece])
        self._paid -= count
        if self._paid < 0:
            self._pace.wait(self._pace.piece)
            self._paid += self._pace.piece
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._body.seek(offset, whence)

    def tell(self) -> int:
        return self._body.tell()


def sending(body: BinaryIO) -> BinaryIO:
    """Return a body as it is to be sent: its reads take as long as the limit of the store wants, if there is one."""
    return cast("BinaryIO", body.paced()) if isinstance(body, PacedBody) else body
