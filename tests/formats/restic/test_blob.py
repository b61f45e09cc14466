"""Blobs: what is compressed and what is not, how packs fill, and how little a liar gets."""

import hashlib
import os
import random
import tracemalloc

import pytest
import zstandard

from tui_backup.errors import Corrupted
from tui_backup.formats.restic import blob
from tui_backup.formats.restic.blob import BlobReader, Pack, PackBuilder
from tui_backup.formats.restic.crypto import OVERHEAD, Cipher
from tui_backup.formats.restic.pack import TARGET, BlobType, read_header
from tui_backup.formats.restic.writing.sealing import Sealer, Stored
from tui_backup.stores.memory import MemoryStore
from tui_backup.stores.parallel import Uploads

TEXT = b"the same words again and again. " * 1000
NOISE = random.Random(1).randbytes(20_000)
DATA, TREE = BlobType.DATA, BlobType.TREE


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def built(
    cipher: Cipher, *contents: bytes, type_: BlobType = DATA, version: int = 2, compression: str = "auto"
) -> Pack:
    builder = PackBuilder(type_, cipher, version, compression)
    for content in contents:
        builder.add(sha(content), content)
    return builder.finish()


def contents_of(pack: Pack, cipher: Cipher) -> list[bytes]:
    body, reader = bytes(pack.body), BlobReader(cipher)
    listed = read_header(body, cipher)
    assert listed == pack.blobs
    return [reader.read(body[b.offset : b.offset + b.length], b.id, b.size) for b in listed]


@pytest.mark.parametrize("compression", ["auto", "max", "off"])
@pytest.mark.parametrize("version", [1, 2])
def test_what_goes_into_a_pack_comes_out(cipher: Cipher, version: int, compression: str) -> None:
    contents = [TEXT, NOISE, b"", b"x", bytes(100_000)]
    pack = built(cipher, *contents, version=version, compression=compression)
    assert contents_of(pack, cipher) == contents
    assert pack.id == sha(bytes(pack.body))


@pytest.mark.parametrize(
    ("type_", "version", "compression", "compressed"),
    [
        (DATA, 2, "auto", True),
        (DATA, 2, "max", True),
        (DATA, 2, "off", False),
        (DATA, 1, "auto", False),
        (DATA, 1, "max", False),
        (TREE, 2, "auto", True),
        (TREE, 2, "off", True),
        (TREE, 1, "max", False),
    ],
)
def test_version_and_type_decide_what_is_compressed(
    cipher: Cipher, type_: BlobType, version: int, compression: str, compressed: bool
) -> None:
    (packed,) = built(cipher, TEXT, type_=type_, version=version, compression=compression).blobs
    assert packed.size == (len(TEXT) if compressed else 0)
    assert (packed.length < len(TEXT)) == compressed


@pytest.mark.parametrize("content", [b"", b"x", b"12", NOISE])
def test_what_would_not_shrink_stays_as_it_is(cipher: Cipher, content: bytes) -> None:
    (packed,) = built(cipher, content).blobs
    assert (packed.length, packed.size) == (len(content) + OVERHEAD, 0)


def test_max_is_smaller_than_auto(cipher: Cipher) -> None:
    chance = random.Random(3)
    words = b" ".join(chance.choice([b"alpha", b"beta", b"gamma", b"delta"]) for _word in range(20_000))
    (quick,), (strong,) = built(cipher, words).blobs, built(cipher, words, compression="max").blobs
    assert strong.length < quick.length


def test_frames_say_how_long_they_are_so_that_every_reader_can_take_them_at_once(cipher: Cipher) -> None:
    pack = built(cipher, TEXT)
    (packed,) = pack.blobs
    frame = cipher.open(bytes(pack.body[: packed.length]))
    assert zstandard.get_frame_parameters(frame).content_size == len(TEXT)
    assert zstandard.get_frame_parameters(frame).window_size <= 8 << 20


def stored(cipher: Cipher, store: MemoryStore, *contents: bytes) -> list[Stored]:
    sealer = Sealer(Uploads[Stored](store), DATA, cipher, 2, "auto")
    packs = [pack for content in contents for pack in sealer.keep(sha(content), content)]
    return packs + list(sealer.flush())


def test_a_pack_is_stored_when_it_is_full_and_overshoots_by_one_blob_at_most(
    cipher: Cipher, store: MemoryStore
) -> None:
    pieces = [os.urandom(3 << 20) for _number in range(12)]
    packs = stored(cipher, store, *pieces)
    assert [len(pack.blobs) for pack in packs] == [6, 6]
    assert all(TARGET <= pack.size < TARGET + (4 << 20) for pack in packs)
    for pack in packs:
        assert sha(store.get(f"data/{pack.pack.hex()[:2]}/{pack.pack.hex()}")) == pack.pack


def test_a_blob_larger_than_a_pack_gets_one_of_its_own(cipher: Cipher, store: MemoryStore) -> None:
    huge = os.urandom(40 << 20)
    packs = stored(cipher, store, b"before", huge, b"behind")
    assert [len(pack.blobs) for pack in packs] == [1, 1, 1]
    assert packs[1].blobs[0].plain_size == len(huge)
    body = store.get(f"data/{packs[1].pack.hex()[:2]}/{packs[1].pack.hex()}")
    assert read_header(body, cipher) == packs[1].blobs
    assert BlobReader(cipher).read(body[: packs[1].blobs[0].length], sha(huge), 0) == huge


def test_a_large_blob_that_shrinks_is_read_again(cipher: Cipher) -> None:
    zeros = bytes(40 << 20)
    assert contents_of(built(cipher, zeros), cipher) == [zeros]


def test_many_tiny_blobs_stay_within_the_limit_of_a_header(cipher: Cipher, store: MemoryStore) -> None:
    packs = stored(cipher, store, *(number.to_bytes(3, "big") for number in range(10_000)))
    assert [len(pack.blobs) for pack in packs] == [10_000]


def framings() -> dict[str, bytes]:
    """Return one content in every framing that restic reads."""
    plain = zstandard.ZstdCompressor(write_content_size=False)
    wide = zstandard.ZstdCompressionParameters.from_level(22, window_log=27)
    half = len(TEXT) // 2
    return {
        "with its size": zstandard.ZstdCompressor().compress(TEXT),
        "without its size": plain.compress(TEXT),
        "with a checksum": zstandard.ZstdCompressor(write_checksum=True).compress(TEXT),
        "two frames": plain.compress(TEXT[:half]) + plain.compress(TEXT[half:]),
        "two sized frames": b"".join(zstandard.ZstdCompressor().compress(part) for part in (TEXT[:half], TEXT[half:])),
        "an empty frame behind": zstandard.ZstdCompressor().compress(TEXT) + zstandard.ZstdCompressor().compress(b""),
        "a skippable frame in front": b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + plain.compress(TEXT),
        "a window of 128 MiB": zstandard.ZstdCompressor(compression_params=wide).compress(TEXT),
    }


@pytest.mark.parametrize("frames", framings().values(), ids=framings())
def test_every_framing_that_restic_reads_is_read(cipher: Cipher, frames: bytes) -> None:
    assert BlobReader(cipher).read(cipher.seal(frames), sha(TEXT), len(TEXT)) == TEXT


@pytest.mark.parametrize("size", [1, len(TEXT) - 1, len(TEXT) + 1, 1 << 20])
@pytest.mark.parametrize("frames", framings().values(), ids=framings())
def test_a_wrong_length_is_refused_whatever_the_framing(cipher: Cipher, frames: bytes, size: int) -> None:
    with pytest.raises(Corrupted):
        BlobReader(cipher).read(cipher.seal(frames), sha(TEXT), size)


def claiming(size: int) -> bytes:
    """Return a frame that says it holds `size` bytes and holds none of them."""
    return b"\x28\xb5\x2f\xfd\xe0" + size.to_bytes(8, "little") + b"\x01\x00\x00"


@pytest.mark.parametrize("size", [(1 << 32) - 1, 1 << 32, 1 << 62])
@pytest.mark.parametrize("indexed", [100, (1 << 32) - 1])
def test_a_frame_that_claims_4_gib_takes_no_memory(cipher: Cipher, size: int, indexed: int) -> None:
    sealed = cipher.seal(claiming(size))
    tracemalloc.start()
    with pytest.raises(Corrupted):
        BlobReader(cipher).read(sealed, bytes(32), indexed)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_a_bomb_unfolds_no_further_than_the_index_says(cipher: Cipher) -> None:
    bomb = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(512 << 20))
    sealed = cipher.seal(bomb)
    tracemalloc.start()
    with pytest.raises(Corrupted, match="larger than 1000 bytes"):
        BlobReader(cipher).read(sealed, bytes(32), 1000)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 << 20


def test_a_blob_that_no_reader_needs_is_refused_by_its_size(cipher: Cipher) -> None:
    with pytest.raises(Corrupted, match="larger than any"):
        BlobReader(cipher).read(cipher.seal(b"whatever"), bytes(32), blob.LARGEST + 1)


def test_content_under_another_id_is_refused(cipher: Cipher) -> None:
    with pytest.raises(Corrupted, match="does not match the id"):
        BlobReader(cipher).read(cipher.seal(b"content"), sha(b"other"), 0)


def test_an_uncompressed_blob_called_compressed_is_refused_and_the_other_way_round(cipher: Cipher) -> None:
    reader = BlobReader(cipher)
    with pytest.raises(Corrupted):
        reader.read(cipher.seal(TEXT), sha(TEXT), len(TEXT))
    with pytest.raises(Corrupted):
        reader.read(cipher.seal(zstandard.ZstdCompressor().compress(TEXT)), sha(TEXT), 0)
