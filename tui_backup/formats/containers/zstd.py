"""zstd (RFC 8878): one frame with a checksum, compressed in as many threads as there are processors."""

import io
from collections.abc import Iterator
from typing import BinaryIO, cast

from tui_backup.errors import Corrupted
from tui_backup.formats.containers.compression import Compressor
from tui_backup.formats.containers.deflate import threads
from tui_backup.primitives.i18n import _
from tui_backup.primitives.raw_file import RawFile
from tui_backup.stores.base import Sink

_PIECE = 256 << 10
_GATHERED = 128 << 10
"""Bytes of small pieces that are compressed at once."""
_JOB = 4 << 20
"""Bytes that a thread takes at once: twice as many would take twice the memory, and save one part in five hundred."""
_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPED = b"\x2a\x4d\x18"
"""Ends the magic of frames that say nothing to us."""
_REPEATED = 1
"""Type of a block that is one byte over and over."""
_CHECKSUM = 4
_LARGEST_BLOCK = 128 << 10
_LARGEST_WINDOW = 128 << 20
"""As much as the `zstd` program takes without being told to."""


class Zstd:
    """zstd; levels are its own."""

    def compressor(self, out: Sink, level: int) -> Compressor:
        """Begin a frame."""
        return _Compressing(out, level)

    def unfold(self, file: BinaryIO) -> BinaryIO:
        """Return what all frames of the file hold; what comes behind them and is no frame is passed over."""
        return io.BufferedReader(_Unfolding(_Input(file)), _PIECE)


class _Compressing:
    def __init__(self, out: Sink, level: int) -> None:
        import zstandard

        self._out = out
        workers = {"threads": threads(), "job_size": _JOB} if threads() > 1 else {}
        parameters = zstandard.ZstdCompressionParameters.from_level(level, write_checksum=1, **workers)
        self._frame = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        self._waiting = bytearray()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        if len(self._waiting) + len(piece) < _GATHERED:
            self._waiting += piece
            return
        for part in (self._waiting, piece):
            if compressed := self._frame.compress(part):
                self._out.write(compressed)
        self._waiting.clear()

    def close(self) -> None:
        self._out.write(self._frame.compress(self._waiting) + self._frame.flush())

    def abandon(self) -> None:
        """Its threads end with the compressor."""


class _Unfolding(RawFile):
    def __init__(self, stored: "_Input") -> None:
        super().__init__()
        self._stored = stored
        self._frame: BinaryIO | None = None
        self._begun = False

    def take(self, most: int) -> bytes | memoryview:
        from zstandard import ZstdError

        while (frame := self._frame or self._next_frame()) is not None:
            try:
                piece = frame.read(most)
            except ZstdError as error:
                raise Corrupted(_("the zstd stream is damaged: {reason}").format(reason=error)) from error
            if piece:
                return piece
            self._frame = None
        return b""

    def _next_frame(self) -> BinaryIO | None:
        from zstandard import ZstdDecompressor

        magic = self._stored.read(len(_MAGIC))
        while magic[1:] == _SKIPPED and magic[0] & 0xF0 == 0x50:
            self._stored.skip(int.from_bytes(self._stored.take(4), "little"))
            magic = self._stored.read(len(_MAGIC))
        if magic != _MAGIC and (self._begun or not magic):
            return None
        self._begun = True
        frame = cast(BinaryIO, _Frame(self._stored, magic))
        decompressor = ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
        self._frame = decompressor.stream_reader(frame, read_size=_PIECE, closefd=False)
        return self._frame


class _Frame:
    """The stored bytes of one frame, and none behind it."""

    def __init__(self, stored: "_Input", magic: bytes) -> None:
        self._stored = stored
        self._pieces = self._all(magic)

    def read(self, _size: int) -> bytes:
        """Return the next block."""
        return next(self._pieces, b"")

    def _all(self, magic: bytes) -> Iterator[bytes]:
        """Yield magic and header, then block by block, then the checksum."""
        take = self._stored.take
        descriptor = take(1)
        bits = descriptor[0]
        is_single = bits >> 5 & 1
        yield magic + descriptor + take(1 - is_single + (0, 1, 2, 4)[bits & 3] + (is_single, 2, 4, 8)[bits >> 6])
        is_last = False
        while not is_last:
            head = take(3)
            number = int.from_bytes(head, "little")
            is_last, type_, size = bool(number & 1), number >> 1 & 3, number >> 3
            if size > _LARGEST_BLOCK and type_ != _REPEATED:
                raise Corrupted(_("the zstd stream is damaged: {reason}").format(reason=_("a block is too large")))
            yield head + take(1 if type_ == _REPEATED else size)
        if bits >> 2 & 1:
            yield take(_CHECKSUM)


class _Input:
    """What is stored, handed out in exact pieces."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._piece = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer where the file ends."""
        while len(self._piece) - self._at < size and (more := self._file.read(_PIECE)):
            self._piece, self._at = self._piece[self._at :] + more, 0
        found = self._piece[self._at : self._at + size]
        self._at += len(found)
        return found

    def take(self, size: int) -> bytes:
        """Return `size` bytes; raises Corrupted where the file ends before that."""
        found = self.read(size)
        if len(found) < size:
            raise Corrupted(_("the zstd stream is cut short"))
        return found

    def skip(self, size: int) -> None:
        """Pass over `size` bytes."""
        while size > 0:
            size -= len(self.take(min(size, _PIECE)))
