"""The index: blob id -> place, from the index files, 48 bytes a blob in memory.

Source: restic's design document, section "Indexing". A million blobs load in seconds: records lie packed in buckets
by the first bits of their id, and are found by a plain search of bytes.
"""

import struct
from collections.abc import Callable, Container, Iterable, Iterator

import msgspec

from tui_backup.errors import Corrupted
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.envelope import encode, load_all
from tui_backup.formats.restic.layout import FileKind, id_of, key_of, names
from tui_backup.formats.restic.pack import BlobType, PackedBlob
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Store

_RECORD = struct.Struct("<32sIIII")
"""id, number of the pack, offset, sealed length, length of the content (0: not compressed)."""
_PLACE = struct.Struct("<IIII")
PACKED = struct.Struct("<B32sIII")
"""type, id, offset, sealed length, length of the content: a blob of a known pack."""
BUCKETS = 1 << 14
PENDING = 0xFFFF_FFFF
"""Number of the pack of a blob that this process is about to store."""


class IndexedBlob(msgspec.Struct, gc=False, omit_defaults=True):
    """A blob as index files write it."""

    id: str
    type: str
    offset: int
    length: int
    uncompressed_length: int = 0


class IndexedPack(msgspec.Struct, gc=False):
    """A pack as index files write it."""

    id: str
    blobs: list[IndexedBlob]


class _IndexFile(msgspec.Struct):
    packs: list[IndexedPack] | None = None


_decoder = msgspec.json.Decoder(_IndexFile)


class Place(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Where a blob can be read."""

    pack: bytes
    """32 bytes."""
    offset: int
    length: int
    """Sealed length, bytes."""
    size: int
    """Length of the content if it is compressed, else 0."""


class BlobTable:
    """The blobs of one type; several records of one id are copies in several packs."""

    def __init__(self) -> None:
        self._buckets: list[bytearray | None] = [None] * BUCKETS
        self.count = 0

    def add(self, id_: bytes, pack: int, offset: int, length: int, size: int) -> None:
        """Add a record, whether or not there is one of that id."""
        number = id_[0] << 6 | id_[1] >> 2
        bucket = self._buckets[number]
        if bucket is None:
            bucket = self._buckets[number] = bytearray()
        bucket += _RECORD.pack(id_, pack, offset, length, size)
        self.count += 1

    def __contains__(self, id_: bytes) -> bool:
        if len(id_) != 32:
            return False
        bucket = self._buckets[id_[0] << 6 | id_[1] >> 2]
        if bucket is None:
            return False
        at = bucket.find(id_)
        return at >= 0 and (at % 48 == 0 or self._at(bucket, id_, at) >= 0)

    @staticmethod
    def _at(bucket: bytearray, id_: bytes, start: int) -> int:
        """Return where the next record of an id begins at or behind `start`, -1 if none does."""
        at = bucket.find(id_, start)
        while at >= 0 and at % 48:
            at = bucket.find(id_, at + 1)
        return at

    def records(self, id_: bytes) -> Iterator[tuple[int, int, int, int]]:
        """Yield pack number, offset, length and size of each copy of a blob; none for what is no id."""
        if len(id_) != 32:
            return
        bucket = self._buckets[id_[0] << 6 | id_[1] >> 2]
        at = self._at(bucket, id_, 0) if bucket is not None else -1
        while bucket is not None and at >= 0:
            yield _PLACE.unpack_from(bucket, at + 32)
            at = self._at(bucket, id_, at + 48)

    def slot(self, id_: bytes) -> tuple[int, int] | None:
        """Return bucket and place in it of the first record of an id, None where there is none."""
        if len(id_) != 32:
            return None
        number = id_[0] << 6 | id_[1] >> 2
        bucket = self._buckets[number]
        at = -1 if bucket is None else bucket.find(id_)
        if bucket is not None and at > 0 and at % 48:
            at = self._at(bucket, id_, at)
        return None if at < 0 else (number, at // 48)

    def buckets(self) -> Iterator[tuple[int, int, Iterator[tuple[bytes, int, int, int, int]]]]:
        """Yield for each bucket that is not empty its number, its length in records, and the records."""
        for number, bucket in enumerate(self._buckets):
            if bucket is not None:
                yield number, len(bucket) // 48, _RECORD.iter_unpack(bucket)

    def settle(self, id_: bytes, pack: int, offset: int, length: int, size: int) -> None:
        """Give the pending record of an id its place."""
        bucket = self._buckets[id_[0] << 6 | id_[1] >> 2]
        at = self._at(bucket, id_, 0) if bucket is not None else -1
        while bucket is not None and at >= 0:
            if _PLACE.unpack_from(bucket, at + 32)[0] == PENDING:
                _PLACE.pack_into(bucket, at + 32, pack, offset, length, size)
                return
            at = self._at(bucket, id_, at + 48)
        self.add(id_, pack, offset, length, size)

    def __iter__(self) -> Iterator[tuple[bytes, int, int, int, int]]:
        """Yield id, pack number, offset, length and size of every record."""
        for bucket in self._buckets:
            if bucket is not None:
                yield from _RECORD.iter_unpack(bucket)


class Index:
    """All blobs of a repository; for one thread."""

    def __init__(self) -> None:
        self.tables = {BlobType.DATA: BlobTable(), BlobType.TREE: BlobTable()}
        self.packs: list[bytes] = []
        """Ids of the packs by number."""
        self._numbers: dict[bytes, int] = {}
        self.split: set[bytes] = set()
        """Packs that several index files describe differently."""

    def __contains__(self, key: tuple[BlobType, bytes]) -> bool:
        return key[1] in self.tables[key[0]]

    def __len__(self) -> int:
        return sum(table.count for table in self.tables.values())

    def places(self, type_: BlobType, id_: bytes) -> list[Place]:
        """Return every place of a blob, an empty list where it is unknown or still pending."""
        return [
            Place(self.packs[pack], offset, length, size)
            for pack, offset, length, size in self.tables[type_].records(id_)
            if pack != PENDING
        ]

    def claim(self, type_: BlobType, id_: bytes) -> bool:
        """Note that a blob is about to be stored; return False where it is known already."""
        table = self.tables[type_]
        if id_ in table:
            return False
        table.add(id_, PENDING, 0, 0, 0)
        return True

    def settle(self, pack: bytes, blobs: list[PackedBlob]) -> None:
        """Note that claimed blobs are stored in a pack."""
        number = self._number(pack)
        for blob in blobs:
            self.tables[blob.type].settle(blob.id, number, blob.offset, blob.length, blob.size)

    def number(self, pack: bytes) -> int | None:
        """Return the number of a pack, None where no index file knows it."""
        return self._numbers.get(pack)

    def _number(self, pack: bytes) -> int:
        number = self._numbers.get(pack)
        if number is None:
            number = self._numbers[pack] = len(self.packs)
            self.packs.append(pack)
        return number

    def add_file(self, document: bytes) -> list[int]:
        """Take in an index file's JSON; return the numbers of the packs that it lists.

        Raises:
            Corrupted: it is no index.
        """
        try:
            packs = _decoder.decode(document).packs or []
            return [self._add_pack(bytes.fromhex(pack.id), pack.blobs) for pack in packs]
        except (msgspec.MsgspecError, ValueError, struct.error, KeyError, RecursionError) as error:
            raise Corrupted(_("it is no index: {reason}").format(reason=error)) from error

    def _add_pack(self, id_: bytes, blobs: list[IndexedBlob]) -> int:
        if len(id_) != 32:
            raise ValueError(f"{id_.hex()!r} is no id")
        if id_ in self._numbers:
            self._merge_pack(id_, blobs)
            return self._numbers[id_]
        number = self._number(id_)
        adds = {type_.word: table.add for type_, table in self.tables.items()}
        for blob in blobs:
            adds[blob.type](_blob_id(blob), number, blob.offset, blob.length, blob.uncompressed_length)
        return number

    def _merge_pack(self, id_: bytes, blobs: list[IndexedBlob]) -> None:
        """Take in a pack that another index file has already described: exact duplicates are dropped."""
        number = self._numbers[id_]
        tables = {type_.word: table for type_, table in self.tables.items()}
        for blob in blobs:
            table = tables[blob.type]
            record = (number, blob.offset, blob.length, blob.uncompressed_length)
            blob_id = _blob_id(blob)
            if record not in table.records(blob_id):
                self.split.add(id_)
                table.add(blob_id, *record)

    def by_pack(self, wanted: Container[int] | None = None) -> dict[int, bytearray]:
        """Return for every pack (or those wanted), by number, its blobs as `PACKED` has them, in any order."""
        packs = {number: bytearray() for number in range(len(self.packs)) if wanted is None or number in wanted}
        for type_, table in self.tables.items():
            for id_, pack, offset, length, size in table:
                if pack in packs:
                    packs[pack] += PACKED.pack(type_, id_, offset, length, size)
        return packs


def pack_blobs(blobs: Iterable[PackedBlob]) -> bytes:
    """Return blobs as `PACKED` records, in the order given."""
    return b"".join(PACKED.pack(blob.type, blob.id, blob.offset, blob.length, blob.size) for blob in blobs)


def listed_packs(document: bytes) -> list[tuple[bytes, list[PackedBlob]]]:
    """Return the packs that an index file's JSON lists, with their blobs in the order in which they lie.

    Raises:
        Corrupted: it is no index.
    """
    index = Index()
    numbers = index.add_file(document)
    packs = index.by_pack()
    return [(index.packs[number], unpack_blobs(packs[number])) for number in dict.fromkeys(numbers)]


def unpack_blobs(records: bytes | bytearray) -> list[PackedBlob]:
    """Return the blobs of `PACKED` records, in the order in which they lie in their pack."""
    blobs = [PackedBlob(BlobType(type_), *rest) for type_, *rest in PACKED.iter_unpack(records)]
    blobs.sort(key=lambda blob: blob.offset)
    return blobs


def sealed_bytes(records: bytes | bytearray) -> int:
    """Return how many bytes the blobs of `PACKED` records have, sealed."""
    return sum(length for _type, _id, _offset, length, _size in PACKED.iter_unpack(records))


def encode_index(packs: list[tuple[bytes, list[PackedBlob]]]) -> bytes:
    """Return the JSON of an index file that lists these packs whole."""
    listed = [
        IndexedPack(
            pack.hex(),
            [IndexedBlob(blob.id.hex(), blob.type.word, blob.offset, blob.length, blob.size) for blob in blobs],
        )
        for pack, blobs in packs
    ]
    return msgspec.json.encode({"packs": listed}) + b"\n"


def load_index(
    store: Store, version: int, cipher: Cipher, listed: Callable[[str, list[int]], None] | None = None
) -> Index:
    """Read every index file; `listed` hears the name of each with the numbers of the packs that it lists.

    Raises:
        Corrupted: one is damaged; the message has its key.
    """
    index = Index()
    for name, take in load_all(store, names(store, FileKind.INDEX), FileKind.INDEX, version, cipher):
        document = take()
        try:
            numbers = index.add_file(document)
        except Corrupted as error:
            raise Corrupted(_("index/{name} is damaged: {reason}").format(name=name, reason=error.message)) from error
        if listed is not None:
            listed(name, numbers)
    return index


def save_index(store: Store, packs: list[tuple[bytes, list[PackedBlob]]], version: int, cipher: Cipher) -> int:
    """Store an index file that lists these packs; return its stored length."""
    stored = encode(encode_index(packs), version, cipher)
    store.put(key_of(FileKind.INDEX, id_of(stored)), stored)
    return len(stored)


def _blob_id(blob: IndexedBlob) -> bytes:
    id_ = bytes.fromhex(blob.id)
    if len(id_) != 32:
        raise ValueError(f"{blob.id!r} is no id")
    return id_
