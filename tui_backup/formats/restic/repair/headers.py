"""Headers: what packs say of themselves, without reading the rest of them."""

from tui_backup.errors import Corrupted
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.pack import (
    COMPRESSED_RECORD,
    EMPTY,
    PackedBlob,
    decode_header,
    header_span,
    pack_size,
)
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Store

_FEW = 15
"""Blobs whose records are fetched at the first attempt, as restic does."""


def fetch_header(store: Store, cipher: Cipher, name: str, size: int) -> list[PackedBlob]:
    """Return the blobs that a pack of `size` bytes says it holds; only its end is read.

    Raises:
        NotFound: there is no such pack.
        Corrupted: the header cannot be opened or decoded, or tells of a pack of another size.
    """
    key = key_of(FileKind.DATA, name)
    start = max(0, size - _FEW * COMPRESSED_RECORD.size - EMPTY)
    tail = store.get(key, start, size - start)
    begin, end = header_span(tail, size)
    if begin < start:
        start = begin
        tail = store.get(key, start, size - start)
    blobs = decode_header(cipher.open(tail[begin - start : end - start]))
    if pack_size(blobs) != size:
        message = _("its header tells of {expected} bytes, the pack has {size}")
        raise Corrupted(message.format(expected=pack_size(blobs), size=size))
    return blobs
