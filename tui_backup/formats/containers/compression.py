"""What squeezes the bytes of a container, and what unfolds them again."""

from typing import BinaryIO, Protocol

from tui_backup.stores.base import Sink


class Compressor(Protocol):
    """A sink before another one; for one thread."""

    def write(self, piece: bytes | bytearray | memoryview) -> object:
        """Take the next bytes; what they lie in may be used again afterwards."""
        ...

    def close(self) -> None:
        """Write what is left; the sink behind it stays open."""
        ...

    def abandon(self) -> None:
        """End the threads without writing anything more; after `close` it does nothing."""
        ...


class Compression(Protocol):
    """A way to compress a stream."""

    def compressor(self, out: Sink, level: int) -> Compressor:
        """Begin a stream; `level` is 1 to 9."""
        ...

    def unfold(self, file: BinaryIO) -> BinaryIO:
        """Return a file that holds what was compressed; reading it raises Corrupted where that is damaged."""
        ...


class _Through:
    """Hands everything on."""

    def __init__(self, out: Sink) -> None:
        self.write = out.write

    def close(self) -> None:
        """Nothing is left."""

    def abandon(self) -> None:
        """There are no threads."""


class Plain:
    """No compression."""

    def compressor(self, out: Sink, level: int) -> Compressor:
        """Hand on what is written."""
        return _Through(out)

    def unfold(self, file: BinaryIO) -> BinaryIO:
        """Return the file itself."""
        return file
