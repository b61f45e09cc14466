"""Unpacked files: indexes, snapshots and locks are sealed JSON documents.

Version 1 seals the JSON itself. Version 2 seals `0x02 || one zstd frame` and also reads plain JSON, which upgraded
repositories still hold: the first byte of the plaintext decides. Source: restic's design document, "Unpacked Data
Format".
"""

from collections.abc import Callable, Iterator
from functools import partial

import zstandard

from tui_backup.errors import Corrupted
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.layout import FileKind, fetch, id_of, key_of
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Store
from tui_backup.stores.parallel import Answer, fetched, no_pulse

LARGEST = 512 * 1024 * 1024
"""Bytes of the largest document that is read."""

_COMPRESSED = 2
_PLAIN_STARTS = b"{["
_STEP = 1024
"""Bytes that are decompressed before the bound is looked at again: no more than 45 MB come of them."""


def encode(document: bytes, version: int, cipher: Cipher) -> bytes:
    """Return the stored bytes of a JSON document in a repository of that version."""
    if version == 1:
        return cipher.seal(document)
    return cipher.seal(bytes([_COMPRESSED]) + zstandard.ZstdCompressor().compress(document))


def decode(sealed: bytes, version: int, cipher: Cipher) -> bytes:
    """Return the JSON document of stored bytes; an empty plaintext stays empty.

    Raises:
        Corrupted: the seal is broken, the encoding unknown, or the document larger than 512 MiB.
    """
    plaintext = cipher.open(sealed)
    if version == 1 or not plaintext or plaintext[0] in _PLAIN_STARTS:
        return plaintext
    if plaintext[0] != _COMPRESSED:
        raise Corrupted(_("the encoding {byte:#04x} is unknown").format(byte=plaintext[0]))
    return decompress(plaintext[1:], LARGEST)


def decompress(frames: bytes, largest: int) -> bytes:
    """Return the content of zstd frames, one after the other, with or without their size in the header.

    Raises:
        Corrupted: they are damaged or cut short, or hold more than `largest` bytes.
    """
    content = bytearray()
    frame = zstandard.ZstdDecompressor().decompressobj()
    at = 0
    try:
        while at < len(frames):
            if frame.eof:
                frame = zstandard.ZstdDecompressor().decompressobj()
            piece = frames[at : at + _STEP]
            content += frame.decompress(piece)
            at += len(piece) - len(frame.unused_data)
            if len(content) > largest:
                raise Corrupted(_("the compressed content is larger than {largest} bytes").format(largest=largest))
    except zstandard.ZstdError as error:
        raise Corrupted(_("the compressed content is damaged")) from error
    if not frame.eof:
        raise Corrupted(_("the compressed content is cut short"))
    return bytes(content)


def load_unpacked(
    store: Store, kind: FileKind, name: str, version: int, cipher: Cipher, size: int | None = None
) -> bytes:
    """Return the JSON document of the file of that kind and id; `size` is what a listing says.

    Raises:
        NotFound: there is no such file.
        Corrupted: its bytes do not match its name, its seal or its encoding; the message has the key.
    """
    return _opened(fetch(store, kind, name, size), kind, name, version, cipher)


def load_all(
    store: Store,
    sizes: dict[str, int],
    kind: FileKind,
    version: int,
    cipher: Cipher,
    pulse: Callable[[], None] = no_pulse,
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield each of some files of one kind with what returns its JSON document, once, or raises as `load_unpacked`.

    `sizes` are those of a listing. Several are fetched at once; `pulse` is as `stores.parallel.fetched` has it.
    """

    def ask(listed: tuple[str, int]) -> bytes:
        return fetch(store, kind, *listed)

    for (name, _size), answer in fetched(store, sizes.items(), ask, size=lambda listed: listed[1], pulse=pulse):
        yield name, partial(_document, answer, kind, name, version, cipher)


def _document(answer: Answer[bytes], kind: FileKind, name: str, version: int, cipher: Cipher) -> bytes:
    return _opened(answer.take(), kind, name, version, cipher)


def _opened(stored: bytes, kind: FileKind, name: str, version: int, cipher: Cipher) -> bytes:
    try:
        return decode(stored, version, cipher)
    except Corrupted as error:
        key = key_of(kind, name)
        raise Corrupted(_("{key} is damaged: {reason}").format(key=key, reason=error.message)) from error


def save_unpacked(store: Store, kind: FileKind, document: bytes, version: int, cipher: Cipher) -> str:
    """Store a JSON document as a file of that kind; return its id."""
    stored = encode(document, version, cipher)
    name = id_of(stored)
    store.put(key_of(kind, name), stored)
    return name
