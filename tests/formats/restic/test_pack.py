"""Packs: headers in both directions, and what a hostile one may claim."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tui_backup.errors import Corrupted
from tui_backup.formats.restic.crypto import OVERHEAD, Cipher
from tui_backup.formats.restic.pack import (
    BlobType,
    PackedBlob,
    decode_header,
    encode_header,
    header_span,
    pack_size,
    read_header,
)

RECORDS = some.tuples(
    some.sampled_from(BlobType), some.binary(min_size=32, max_size=32), some.integers(0, 2**20), some.integers(0, 2**20)
)
ID = bytes(range(32))


def laid_out(records: list[tuple[BlobType, bytes, int, int]]) -> list[PackedBlob]:
    """Return blobs one behind the other."""
    blobs: list[PackedBlob] = []
    for type_, id_, length, size in records:
        start = blobs[-1].offset + blobs[-1].length if blobs else 0
        blobs.append(PackedBlob(type_, id_, start, length, size))
    return blobs


def packed(header: bytes, cipher: Cipher, body: bytes = b"") -> bytes:
    sealed = cipher.seal(header)
    return body + sealed + struct.pack("<I", len(sealed))


@given(records=some.lists(RECORDS, max_size=20))
def test_a_header_comes_back(records: list[tuple[BlobType, bytes, int, int]]) -> None:
    blobs = laid_out(records)
    assert decode_header(encode_header(blobs)) == blobs


def test_data_and_trees_may_be_mixed_on_reading(cipher: Cipher) -> None:
    blobs = laid_out([(BlobType.DATA, ID, 40, 0), (BlobType.TREE, ID, 50, 100), (BlobType.DATA, ID, 60, 30)])
    assert read_header(packed(encode_header(blobs), cipher, bytes(150)), cipher) == blobs


def test_the_size_of_a_pack_follows_from_its_blobs(cipher: Cipher) -> None:
    blobs = laid_out([(BlobType.DATA, ID, 40, 0), (BlobType.DATA, ID, 50, 100)])
    assert pack_size(blobs) == len(packed(encode_header(blobs), cipher, bytes(90))) == 40 + 50 + 37 + 41 + 36


def test_a_blob_that_is_not_compressed_has_its_length_less_the_seal() -> None:
    assert PackedBlob(BlobType.DATA, ID, 0, 100, 0).plain_size == 100 - OVERHEAD
    assert PackedBlob(BlobType.DATA, ID, 0, 100, 500).plain_size == 500


@pytest.mark.parametrize("kind", [4, 5, 127, 128, 255])
def test_an_unknown_type_is_refused(kind: int) -> None:
    with pytest.raises(Corrupted, match="byte 37"):
        decode_header(struct.pack("<BI32s", 0, 40, ID) + struct.pack("<BII32s", kind, 40, 40, ID))


@pytest.mark.parametrize("cut", [1, 4, 20, 36])
@pytest.mark.parametrize("kind", [0, 3])
def test_a_record_that_is_cut_short_is_refused(kind: int, cut: int) -> None:
    record = encode_header([PackedBlob(BlobType(kind & 1), ID, 0, 40, kind and 100)])
    with pytest.raises(Corrupted):
        decode_header(record[:cut])


@pytest.mark.parametrize("length", [0, 32, 68, (16 << 20) + 1, 2**32 - 1])
def test_an_impossible_length_of_a_header_is_refused(length: int) -> None:
    with pytest.raises(Corrupted, match="header"):
        header_span(bytes(100) + struct.pack("<I", length), 1 << 30)


def test_a_header_that_begins_before_its_pack_is_refused() -> None:
    with pytest.raises(Corrupted, match="header"):
        header_span(struct.pack("<I", 200), 200)


@pytest.mark.parametrize("pack", [b"", b"\0", bytes(3), bytes(4), bytes(72)])
def test_what_is_too_short_is_no_pack(pack: bytes, cipher: Cipher) -> None:
    with pytest.raises(Corrupted):
        read_header(pack, cipher)


def test_the_smallest_and_the_largest_header_are_read() -> None:
    assert header_span(struct.pack("<I", 69), 73) == (0, 69)
    assert header_span(struct.pack("<I", 16 << 20), 1 << 30) == ((1 << 30) - 4 - (16 << 20), (1 << 30) - 4)


def test_a_header_sealed_with_other_keys_is_refused(cipher: Cipher) -> None:
    pack = bytearray(packed(encode_header([PackedBlob(BlobType.DATA, ID, 0, 40, 0)]), cipher, bytes(40)))
    pack[-10] ^= 1
    with pytest.raises(Corrupted):
        read_header(bytes(pack), cipher)
