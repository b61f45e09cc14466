"""Files of our own: a class says what comes next, and has all that others expect of a file that is read."""

import io
import os

_STEP = 1 << 20


class RawFile(io.RawIOBase):
    """A file that is read from its start to its end; classes say in `take` what comes next."""

    def take(self, most: int) -> bytes | memoryview:
        """Return the next bytes, `most` at the most, and none at the end alone."""
        raise NotImplementedError

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, fewer than `size` where fewer come at once; all where it is negative."""
        if size < 0:
            return b"".join(iter(lambda: bytes(self.take(_STEP)), b""))
        return bytes(self.take(size)) if size else b""

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the buffer of RawIOBase is private to typeshed
        """Fill `buffer` with the next bytes."""
        piece = self.take(len(buffer)) if buffer else b""
        buffer[: len(piece)] = piece
        return len(piece)


class SeekableFile(RawFile):
    """A file that is read anywhere; `take` starts at `at`, and whoever writes it moves that on."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        """Bytes up to its end."""
        self.at = 0
        """Where the next byte is read."""

    def seekable(self) -> bool:
        """Whether it can seek: yes."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self.at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go elsewhere."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.at, os.SEEK_END: self.size}[whence]
        self.at = max(start + offset, 0)
        return self.at
