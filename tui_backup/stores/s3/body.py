"""Bodies of requests, as botocore and urllib3 take them without a copy.

They have no `read`: botocore would ask the server whether it may go on, which costs a round trip each time, and urllib3
would send them in small pieces.
"""

import base64
import hashlib
import os
from collections.abc import Iterator
from typing import IO, BinaryIO, Final, Protocol

from tui_backup.stores.pacing import sending

PIECE: Final = 64 * 1024
"""Bytes sent at once: a time-out is that of one piece, so a slow line may take as long as it needs for all of them."""


class Body(Protocol):
    """Bytes to send, as often as it takes: each iteration begins at their start."""

    sha256: str
    """Their digest, in hexadecimal, where it is known and the server shall check it; empty otherwise."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes | memoryview]: ...

    def seek(self, position: int) -> None:
        """Do nothing; botocore insists on it where it sends a body again."""
        ...

    def digest(self) -> str:
        """Return the header Content-MD5 (RFC 1864): servers compare it with what reaches them."""
        ...

    def close(self) -> None:
        """Let go of what holds the bytes; nobody sends them any more."""
        ...


class MemoryBody:
    """Bytes that lie in memory, and stay as they are until they are sent."""

    def __init__(self, content: bytes | bytearray | memoryview) -> None:
        self._view = memoryview(content).cast("B")
        self.sha256 = ""

    def __len__(self) -> int:
        return len(self._view)

    def __iter__(self) -> Iterator[memoryview]:
        for start in range(0, len(self._view), PIECE):
            yield self._view[start : start + PIECE]

    def seek(self, position: int) -> None:
        """Do nothing."""

    def digest(self) -> str:
        """Return the header Content-MD5."""
        return encoded(hashlib.md5(self._view, usedforsecurity=False).digest())

    def close(self) -> None:
        """Do nothing."""


class StreamBody:
    """What a file holds, sent at the pace of its store."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self.sha256 = ""

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        source = sending(self._file)
        while piece := source.read(PIECE):
            yield piece

    def seek(self, position: int) -> None:
        """Do nothing."""

    def digest(self) -> str:
        """Return the header Content-MD5."""
        self._file.seek(0)
        md5 = hashlib.md5(usedforsecurity=False)
        while piece := self._file.read(PIECE):
            md5.update(piece)
        return encoded(md5.digest())

    def close(self) -> None:
        """Do nothing: the file is somebody else's."""


class FileBody:
    """Bytes that lie in a file, whose digest is known."""

    def __init__(self, file: IO[bytes], size: int, digest: bytes) -> None:
        self._file = file
        self._size = size
        self._digest = digest
        self.sha256 = ""

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, self._size, PIECE):
            yield os.pread(self._file.fileno(), PIECE, start)

    def seek(self, position: int) -> None:
        """Do nothing."""

    def digest(self) -> str:
        """Return the header Content-MD5."""
        return encoded(self._digest)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def encoded(digest: bytes) -> str:
    """Return an MD5 as a header has it."""
    return base64.b64encode(digest).decode()
