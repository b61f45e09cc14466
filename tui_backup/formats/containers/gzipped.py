"""gzip (RFC 1952): one member, whose header tells nothing but the method, so that equal content gives equal bytes."""

import io
import struct
from typing import BinaryIO

from tui_backup.errors import Corrupted
from tui_backup.formats.containers.compression import Compressor
from tui_backup.formats.containers.deflate import Deflater, Inflating, inflating
from tui_backup.primitives.i18n import _
from tui_backup.primitives.raw_file import RawFile
from tui_backup.stores.base import Sink

_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_TRAILER = struct.Struct("<II")
_STEP = 64 << 10
_BUFFER = 256 << 10


class Gzip:
    """gzip in as many threads as there are processors."""

    def compressor(self, out: Sink, level: int) -> Compressor:
        """Begin a member."""
        return _Gzipping(out, level)

    def unfold(self, file: BinaryIO) -> BinaryIO:
        """Return what all members of the file hold; what comes behind them and is no member is passed over."""
        return io.BufferedReader(_Gunzipping(file), _BUFFER)


class _Gzipping:
    def __init__(self, out: Sink, level: int) -> None:
        out.write(_HEADER)
        self._out = out
        self._deflater = Deflater(out, level)
        self.write = self._deflater.write
        self.abandon = self._deflater.abandon

    def close(self) -> None:
        self._deflater.close()
        self._out.write(_TRAILER.pack(self._deflater.crc, self._deflater.size & 0xFFFFFFFF))


class _Gunzipping(RawFile):
    """Unfolds at most as much as it is asked for, so that no member is larger in memory than that."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._input = b""
        self._member: Inflating | None = None
        self._begun = self._ended = False

    def take(self, most: int) -> bytes | memoryview:
        while not self._ended:
            member = self._member or self._next_member()
            if member is None:
                break
            piece = self._inflate(member, most)
            if member.eof:
                self._input = member.unused_data
                self._member = None
            if piece:
                return piece
        return b""

    def _inflate(self, member: Inflating, most: int) -> bytes:
        from zlib_ng import zlib_ng

        taken = self._input or self._file.read(_STEP)
        if not taken:
            raise Corrupted(_("the gzip stream is cut short"))
        try:
            piece = member.decompress(taken, most)
        except zlib_ng.error as error:  # type: ignore[misc]  # the stubs call the class an instance
            raise Corrupted(_("the gzip stream is damaged: {reason}").format(reason=error)) from error
        self._input = member.unconsumed_tail
        return piece

    def _next_member(self) -> Inflating | None:
        while len(self._input) < 2:
            more = self._file.read(_STEP)
            if not more:
                break
            self._input += more
        if self._begun and not self._input.startswith(_HEADER[:2]):
            self._ended = True
            return None
        self._begun = True
        self._member = inflating(31)
        return self._member
