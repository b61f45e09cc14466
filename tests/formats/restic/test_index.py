"""The index in memory: what is found, what is claimed, and what it costs."""

import json
import os
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tui_backup.errors import Corrupted
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.index import Index, Place, encode_index, load_index, save_index, unpack_blobs
from tui_backup.formats.restic.pack import BlobType, PackedBlob
from tui_backup.stores.memory import MemoryStore

DATA, TREE = BlobType.DATA, BlobType.TREE


def id_of(number: int) -> bytes:
    """Return an id; all of them share the first bits and so lie side by side."""
    return b"\xab\xcd" + number.to_bytes(30, "little")


def blobs(*numbers: int, type_: BlobType = DATA, length: int = 100) -> list[PackedBlob]:
    return [PackedBlob(type_, id_of(number), at * length, length, 0) for at, number in enumerate(numbers)]


def listing(pack: bytes, *listed: dict[str, Any]) -> bytes:
    return json.dumps({"packs": [{"id": pack.hex(), "blobs": listed}]}).encode()


def listed(number: int, offset: int = 0, type_: str = "data") -> dict[str, Any]:
    return {"id": id_of(number).hex(), "type": type_, "offset": offset, "length": 40, "uncompressed_length": 9}


def pack_id(number: int) -> bytes:
    return bytes([number]) * 32


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_saved_is_loaded(version: int, store: MemoryStore, cipher: Cipher) -> None:
    save_index(store, [(pack_id(1), blobs(1, 2)), (pack_id(2), blobs(3, type_=TREE))], version, cipher)
    save_index(store, [(pack_id(3), blobs(4))], version, cipher)
    index = load_index(store, version, cipher)
    assert len(index) == 4
    assert index.places(DATA, id_of(2)) == [Place(pack_id(1), 100, 100, 0)]
    assert index.places(TREE, id_of(3)) == [Place(pack_id(2), 0, 100, 0)]
    assert index.places(DATA, id_of(4)) == [Place(pack_id(3), 0, 100, 0)]
    assert set(index.packs) == {pack_id(1), pack_id(2), pack_id(3)}


def test_an_index_file_is_as_restic_writes_it() -> None:
    one, two = PackedBlob(DATA, id_of(1), 0, 40, 0), PackedBlob(TREE, id_of(2), 40, 50, 99)
    assert (
        encode_index([(pack_id(1), [one, two])])
        == (
            f'{{"packs":[{{"id":"{pack_id(1).hex()}","blobs":['
            f'{{"id":"{id_of(1).hex()}","type":"data","offset":0,"length":40}},'
            f'{{"id":"{id_of(2).hex()}","type":"tree","offset":40,"length":50,"uncompressed_length":99}}]}}]}}\n'
        ).encode()
    )


def test_data_and_tree_of_one_id_are_two_blobs() -> None:
    index = Index()
    index.add_file(listing(pack_id(1), listed(1)))
    assert (DATA, id_of(1)) in index
    assert (TREE, id_of(1)) not in index
    assert index.claim(TREE, id_of(1))


def test_a_blob_in_several_packs_has_several_places() -> None:
    index = Index()
    index.add_file(listing(pack_id(1), listed(1)))
    index.add_file(listing(pack_id(2), listed(1, offset=7)))
    assert index.places(DATA, id_of(1)) == [Place(pack_id(1), 0, 40, 9), Place(pack_id(2), 7, 40, 9)]


def test_a_pack_listed_twice_alike_counts_once() -> None:
    index = Index()
    for _time in range(2):
        index.add_file(listing(pack_id(1), listed(1), listed(2, 40)))
    assert len(index) == 2
    assert index.split == set()


def test_a_pack_split_over_index_files_is_whole_in_memory_and_noted() -> None:
    index = Index()
    index.add_file(listing(pack_id(1), listed(1)))
    index.add_file(listing(pack_id(1), listed(2, 40)))
    assert index.places(DATA, id_of(2)) == [Place(pack_id(1), 40, 40, 9)]
    assert index.split == {pack_id(1)}
    assert index.packs == [pack_id(1)]


def test_a_blob_is_claimed_once_and_has_no_place_until_it_is_settled() -> None:
    index = Index()
    assert index.claim(DATA, id_of(1))
    assert not index.claim(DATA, id_of(1))
    assert index.places(DATA, id_of(1)) == []
    index.settle(pack_id(1), blobs(1))
    assert index.places(DATA, id_of(1)) == [Place(pack_id(1), 0, 100, 0)]
    assert not index.claim(DATA, id_of(1))
    assert len(index) == 1


def test_what_was_never_claimed_can_be_settled_too() -> None:
    index = Index()
    index.settle(pack_id(1), blobs(1, 2))
    assert index.places(DATA, id_of(2)) == [Place(pack_id(1), 100, 100, 0)]


def test_pending_blobs_belong_to_no_pack() -> None:
    index = Index()
    index.claim(DATA, id_of(1))
    index.settle(pack_id(1), [*blobs(3), PackedBlob(TREE, id_of(2), 100, 70, 500)])
    (records,) = index.by_pack().values()
    assert unpack_blobs(records) == [*blobs(3), PackedBlob(TREE, id_of(2), 100, 70, 500)]


def test_bytes_that_look_like_an_id_inside_another_record_are_no_hit() -> None:
    index = Index()
    straddling = id_of(1)[16:] + b"\0" * 16
    inside = b"\xab\xcd" + bytes(30)
    index.settle(b"\xab\xcd" + bytes(30), [PackedBlob(DATA, b"\xab\xce" + inside[:30], 0, 0xCDAB, 0)])
    for id_ in (straddling, inside):
        assert (DATA, id_) not in index
        assert index.places(DATA, id_) == []
        assert index.claim(DATA, id_)


@given(ids=some.lists(some.binary(min_size=2, max_size=2), min_size=1, max_size=12))
def test_ids_made_of_one_pattern_are_told_apart(ids: list[bytes]) -> None:
    """Ids, offsets and lengths of the same few bytes: only hits at the start of a record may count."""
    index = Index()
    known = set()
    for pattern in ids:
        id_ = pattern * 16
        number = int.from_bytes(pattern * 2, "little")
        assert index.claim(DATA, id_) == (id_ not in known)
        known.add(id_)
        index.settle(pack_id(1), [PackedBlob(DATA, id_, number, number, number)])
        turned = id_[1:] + id_[:1]
        assert ((DATA, turned) in index) == (turned in known)
        assert all(place.offset == number for place in index.places(DATA, id_))


@pytest.mark.parametrize("id_", [b"", b"\xab", b"\xab\xcd", id_of(1)[:31], id_of(1) + b"\0"])
def test_what_is_no_id_is_nowhere(id_: bytes) -> None:
    index = Index()
    index.settle(pack_id(1), blobs(1))
    assert index.places(DATA, id_) == []


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b'{"packs":{}}',
        b'{"packs":[{"id":"ab","blobs":[]}]}',
        b'{"packs":[{"id":"' + b"zz" * 32 + b'","blobs":[]}]}',
        listing(pack_id(1), listed(1) | {"id": "abcd"}),
        listing(pack_id(1), listed(1) | {"type": "blob"}),
        listing(pack_id(1), listed(1) | {"offset": -1}),
        listing(pack_id(1), listed(1) | {"length": 1 << 32}),
        listing(pack_id(1), listed(1) | {"uncompressed_length": "9"}),
    ],
    ids=lambda document: document[:60].decode(),
)
def test_what_is_no_index_is_refused(document: bytes) -> None:
    with pytest.raises(Corrupted, match="no index"):
        Index().add_file(document)


@pytest.mark.parametrize("fields", [{"id": "abcd"}, {"id": ""}, {"type": "blob"}])
def test_what_a_second_file_says_of_a_pack_is_looked_at_as_closely(fields: dict[str, Any]) -> None:
    index = Index()
    index.add_file(listing(pack_id(1), listed(1)))
    with pytest.raises(Corrupted, match="no index"):
        index.add_file(listing(pack_id(1), listed(1) | fields))


def test_200_000_blobs_cost_less_than_64_bytes_each() -> None:
    ids = [os.urandom(32) for _number in range(200_000)]
    tracemalloc.start()
    index = Index()
    for id_ in ids:
        index.claim(DATA, id_)
    index.settle(pack_id(1), [PackedBlob(DATA, id_, 1, 2, 3) for id_ in ids[:1000]])
    used, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 64 * len(ids)
