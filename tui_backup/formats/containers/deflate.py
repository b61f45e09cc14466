"""Raw deflate (RFC 1951) of a stream in blocks, several at once, as pigz does it.

Each block is compressed with the last 32 KiB of the one before it as its dictionary and ends on a byte boundary (a sync
flush), so that all of them together are one ordinary stream. The checksums are put together the same way.
"""

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, cast

from tui_backup.stores.base import Sink

_BLOCK = 512 << 10
_WINDOW = 32 << 10
_END = b"\x03\x00"
"""An empty last block with fixed codes."""
_MOST_THREADS = 8


def threads() -> int:
    """Return how many blocks are worth compressing at once."""
    return min(len(os.sched_getaffinity(0)), _MOST_THREADS)


class Deflater:
    """Compresses what is written, in threads of its own or of a pool; for one thread.

    Holds about two blocks for each thread. Everything reaches `out` from the thread that writes.
    """

    def __init__(self, out: Sink, level: int, pool: ThreadPoolExecutor | None = None) -> None:
        self.crc = 0
        """CRC-32 of all content, once closed."""
        self.size = 0
        """Bytes of all content, once closed."""
        self.compressed = 0
        """Bytes that have reached `out`."""
        self._out = out
        self._level = level
        self._own = None if pool else ThreadPoolExecutor(threads(), "deflate")
        self._pool = pool or self._own
        self._block = bytearray()
        self._before = b""
        self._going: deque[tuple[int, Future[tuple[bytes, int]]]] = deque()
        self._most = 2 * threads()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Take the next bytes."""
        block = self._block
        if len(block) + len(piece) < _BLOCK:
            block += piece
            return
        rest = memoryview(piece)
        while len(block) + len(rest) >= _BLOCK:
            room = _BLOCK - len(block)
            block += rest[:room]
            rest = rest[room:]
            self._submit(bytes(block))
            block.clear()
        block += rest

    def close(self) -> None:
        """Compress what is left and end the stream."""
        if self._block:
            self._submit(bytes(self._block))
            self._block.clear()
        while self._going:
            self._take()
        self._write(_END)
        self.abandon()

    def abandon(self) -> None:
        """End the threads of its own."""
        if self._own is not None:
            self._own.shutdown(cancel_futures=True)

    def _submit(self, block: bytes) -> None:
        while len(self._going) >= self._most or (self._going and self._going[0][1].done()):
            self._take()
        assert self._pool is not None
        self._going.append((len(block), self._pool.submit(_deflated, block, self._before, self._level)))
        self._before = block[-_WINDOW:]

    def _take(self) -> None:
        from zlib_ng.zlib_ng import crc32_combine

        size, future = self._going.popleft()
        compressed, crc = future.result()
        self.crc = crc32_combine(self.crc, crc, size)
        self.size += size
        self._write(compressed)

    def _write(self, compressed: bytes) -> None:
        self.compressed += len(compressed)
        self._out.write(compressed)


def _deflated(block: bytes, before: bytes, level: int) -> tuple[bytes, int]:
    from zlib_ng import zlib_ng

    if before:
        compressor = zlib_ng.compressobj(level, wbits=-15, memLevel=9, zdict=before)
    else:
        compressor = zlib_ng.compressobj(level, wbits=-15, memLevel=9)
    return compressor.compress(block) + compressor.flush(zlib_ng.Z_SYNC_FLUSH), zlib_ng.crc32(block)


def deflated(content: bytes, level: int) -> tuple[bytes, int]:
    """Return a whole stream, and the CRC-32 of its content."""
    from zlib_ng import zlib_ng

    return zlib_ng.compress(content, level, -15), zlib_ng.crc32(content)


class Inflating(Protocol):
    """A stream being unfolded (`zlib.decompressobj`)."""

    eof: bool
    unused_data: bytes
    unconsumed_tail: bytes

    def decompress(self, piece: bytes, most: int = 0) -> bytes:
        """Return at most `most` bytes; what was not needed for them is left in `unconsumed_tail`."""
        ...


def inflating(window: int) -> Inflating:
    """Begin to unfold a stream; `window` as zlib's `wbits`: -15 for raw deflate, 31 for gzip."""
    from zlib_ng import zlib_ng

    return cast(Inflating, zlib_ng.decompressobj(wbits=window))
