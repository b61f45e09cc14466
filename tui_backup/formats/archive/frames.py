"""Frames: zstd frames one behind the other, each small and with its size in its header, so that any can be read alone.

Source: RFC 8878. What they hold may come from an attacker: sizes are bounded before anything is decompressed.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

import zstandard

from tui_backup.errors import Corrupted
from tui_backup.primitives.i18n import _

LARGEST: Final = 16 << 20
"""Bytes that a frame holds at most."""

_HEAD_BYTES = 18
_RLE, _RESERVED = 1, 3
_CHECKSUM_BYTES = 4


def compressed(content: bytes, level: int = 3) -> bytes:
    """Return a frame."""
    return zstandard.ZstdCompressor(level=level, write_checksum=True, write_content_size=True).compress(content)


def frames(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield offset and content of each frame of a file that can seek.

    Raises:
        Corrupted: one is cut short, damaged, or larger than any of ours.
    """
    at = 0
    while (found := _frame_at(file, at)) is not None:
        content, end = found
        yield at, content
        at = end


def frame_at(file: BinaryIO, offset: int) -> bytes:
    """Return the content of the frame at an offset; raises Corrupted where there is none."""
    found = _frame_at(file, offset)
    if found is None:
        raise _damaged(_("it is cut short"))
    return found[0]


def _frame_at(file: BinaryIO, offset: int) -> tuple[bytes, int] | None:
    """Return content and end of a frame; None at the end of the file."""
    file.seek(offset)
    head = file.read(_HEAD_BYTES)
    if not head:
        return None
    try:
        facts = zstandard.get_frame_parameters(head)
        start = zstandard.frame_header_size(head)
    except zstandard.ZstdError as error:
        raise _damaged(str(error)) from error
    size = facts.content_size
    if size > LARGEST or size == 0:
        raise _damaged(_("a frame is larger than any of ours, or does not tell its size"))
    end = _end(file, offset + start, limit=offset + start + size + (size >> 5) + 1024)
    end += _CHECKSUM_BYTES if facts.has_checksum else 0
    file.seek(offset)
    stored = file.read(end - offset)
    try:
        content = zstandard.ZstdDecompressor().decompress(stored, max_output_size=size)
    except zstandard.ZstdError as error:
        raise _damaged(str(error)) from error
    if len(content) != size:
        raise _damaged(_("a frame has another size than it says"))
    return content, end


def _end(file: BinaryIO, at: int, limit: int) -> int:
    """Return where the blocks end that begin at an offset."""
    is_last = False
    while not is_last:
        file.seek(at)
        header = file.read(3)
        if len(header) < 3:
            raise _damaged(_("it is cut short"))
        number = int.from_bytes(header, "little")
        is_last, kind, size = bool(number & 1), number >> 1 & 3, number >> 3
        if kind == _RESERVED:
            raise _damaged(_("a block is of no known type"))
        at += 3 + (1 if kind == _RLE else size)
        if at > limit:
            raise _damaged(_("a frame is larger than it says"))
    return at


def _damaged(reason: str) -> Corrupted:
    return Corrupted(_("the list of entries is damaged: {reason}").format(reason=reason))
