"""Packs: sealed blobs one behind the other, a sealed header, and the header's length.

Source: restic's design document, section "Pack Format". The opened header has one record per blob, in the order in
which they lie in the pack, little-endian:

    u8    0 data, 1 tree; plus 2 if compressed
    u32   sealed length, bytes
    u32   length of the content, bytes; only if compressed
    32s   SHA-256 of the content
"""

import struct
from enum import IntEnum

import msgspec

from tui_backup.errors import Corrupted
from tui_backup.formats.restic.crypto import OVERHEAD, Cipher
from tui_backup.primitives.i18n import _

EMPTY = OVERHEAD + 4
"""Bytes of a pack beside its blobs and their records."""

TARGET = 16 << 20
"""A pack is closed when it has this many bytes or more, its header counted."""

LARGEST = 1 << 30
"""Bytes of the largest pack that is read whole. restic makes them of up to 128 MiB, and one blob more."""

COMPRESSED = 2
PLAIN_RECORD = struct.Struct("<BI32s")
COMPRESSED_RECORD = struct.Struct("<BII32s")
LENGTH = struct.Struct("<I")
_MOST_HEADER = 16 << 20


class BlobType(IntEnum):
    """What a blob is; identity is the pair of type and id."""

    DATA = 0
    TREE = 1

    @property
    def word(self) -> str:
        """The type as indexes write it."""
        return "tree" if self else "data"


class PackedBlob(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Where a blob lies in its pack."""

    type: BlobType
    id: bytes
    """SHA-256 of the content."""
    offset: int
    length: int
    """Sealed length, bytes."""
    size: int
    """Length of the content if it is compressed, else 0."""

    @property
    def plain_size(self) -> int:
        """Length of the content, bytes."""
        return self.size or self.length - OVERHEAD


def encode_header(blobs: list[PackedBlob]) -> bytes:
    """Return the plaintext of a pack's header."""
    return b"".join(
        COMPRESSED_RECORD.pack(blob.type | COMPRESSED, blob.length, blob.size, blob.id)
        if blob.size
        else PLAIN_RECORD.pack(blob.type, blob.length, blob.id)
        for blob in blobs
    )


def decode_header(header: bytes) -> list[PackedBlob]:
    """Return the blobs that an opened header lists.

    Raises:
        Corrupted: a record is cut short or of an unknown type.
    """
    blobs: list[PackedBlob] = []
    at = offset = 0
    while at < len(header):
        kind = header[at]
        record = COMPRESSED_RECORD if kind & COMPRESSED else PLAIN_RECORD
        if kind > 3 or at + record.size > len(header):
            raise Corrupted(_("bad record at byte {at} of a pack's header").format(at=at))
        _kind, length, *size, id_ = record.unpack_from(header, at)
        blobs.append(PackedBlob(BlobType(kind & 1), id_, offset, length, size[0] if size else 0))
        at += record.size
        offset += length
    return blobs


def record_size(size: int) -> int:
    """Return the bytes of a blob's record in the header; `size` is that of the content if it is compressed, else 0."""
    return COMPRESSED_RECORD.size if size else PLAIN_RECORD.size


def pack_size(blobs: list[PackedBlob]) -> int:
    """Return the bytes of a pack that holds exactly these blobs."""
    records = sum(record_size(blob.size) for blob in blobs)
    return sum(blob.length for blob in blobs) + records + OVERHEAD + LENGTH.size


def header_span(tail: bytes | memoryview, size: int) -> tuple[int, int]:
    """Return start and end of the sealed header in a pack of `size` bytes that ends with `tail`.

    Raises:
        Corrupted: the length cannot be right.
    """
    if len(tail) < LENGTH.size:
        raise Corrupted(_("a pack of {size} bytes is too short").format(size=size))
    length = LENGTH.unpack_from(tail, len(tail) - LENGTH.size)[0]
    end = size - LENGTH.size
    if not OVERHEAD + PLAIN_RECORD.size <= length <= min(end, _MOST_HEADER):
        raise Corrupted(_("a pack's header cannot have {length} bytes").format(length=length))
    return end - length, end


def read_header(pack: bytes | memoryview, cipher: Cipher) -> list[PackedBlob]:
    """Return the blobs that a whole pack says it holds.

    Raises:
        Corrupted: the header cannot be opened or decoded.
    """
    start, end = header_span(pack[-LENGTH.size :], len(pack))
    return decode_header(cipher.open(pack[start:end]))
