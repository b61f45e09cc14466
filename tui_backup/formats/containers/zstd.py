"""zstd (RFC 8878): one frame with a checksum, compressed in as many threads as there are processors."""

import io
from typing import BinaryIO

from tui_backup.errors import Corrupted
from tui_backup.formats.containers.compression import Compressor
from tui_backup.formats.containers.deflate import threads
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Sink

_PIECE = 256 << 10
_LARGEST_WINDOW = 128 << 20
"""As much as the `zstd` program takes without being told to."""


class Zstd:
    """zstd; levels are its own."""

    def compressor(self, out: Sink, level: int) -> Compressor:
        """Begin a frame."""
        return _Compressing(out, level)

    def unfold(self, file: BinaryIO) -> BinaryIO:
        """Return what all frames of the file hold."""
        return io.BufferedReader(_Unfolding(file), _PIECE)


class _Compressing:
    def __init__(self, out: Sink, level: int) -> None:
        import zstandard

        self._out = out
        workers = threads() if threads() > 1 else 0
        self._frame = zstandard.ZstdCompressor(level=level, write_checksum=True, threads=workers).compressobj()
        self._waiting = bytearray()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        if len(self._waiting) + len(piece) < _PIECE:
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


class _Unfolding(io.RawIOBase):
    def __init__(self, file: BinaryIO) -> None:
        import zstandard

        super().__init__()
        self._error = zstandard.ZstdError
        decompressor = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
        self._frames = decompressor.stream_reader(file, read_size=_PIECE, read_across_frames=True, closefd=False)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the buffer of RawIOBase is private to typeshed
        try:
            return self._frames.readinto(buffer)
        except self._error as error:
            raise Corrupted(_("the zstd stream is damaged: {reason}").format(reason=error)) from error
