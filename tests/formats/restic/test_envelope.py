import pytest
import zstandard

from tests.support.faulty import Fault, FaultyStore, flipped
from tests.support.samples import SAMPLES, sample_store, vectors
from tui_backup.errors import Corrupted, NotFound
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.envelope import decode, decompress, encode, load_unpacked, save_unpacked
from tui_backup.formats.restic.layout import FileKind, id_of, names
from tui_backup.stores.memory import MemoryStore

DOCUMENT = b'{"packs":[]}\n'


def compressed(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


@pytest.mark.parametrize(
    ("sample", "area"),
    [
        ("v2", vectors()["index"]),
        ("v2", vectors()["snapshots"][0]),
        ("v2", vectors()["snapshots"][1]),
        ("v2-0191", vectors()["snapshots_0191"][0]),
        ("v2-0191", vectors()["snapshots_0191"][1]),
    ],
)
def test_unpacked_files_of_restic_open(sample: str, area: dict[str, str], sample_keys: dict[str, Keys]) -> None:
    cipher = Cipher(sample_keys[sample])
    stored = bytes.fromhex(area["file_hex"])
    opened = cipher.open(stored)
    assert id_of(stored) == area["file_name"]
    assert opened == bytes.fromhex(area["decrypted_hex"])
    assert decode(stored, 2, cipher) == decompress(opened[1:], 1 << 20)


def test_the_index_of_the_vectors_is_the_known_document(sample_keys: dict[str, Keys]) -> None:
    stored = bytes.fromhex(vectors()["index"]["file_hex"])
    assert decode(stored, 2, Cipher(sample_keys["v2"])).decode().strip() == vectors()["index"]["json"].strip()


def test_the_snapshot_of_version_1_is_the_known_document(sample_keys: dict[str, Keys]) -> None:
    ((name, known),) = vectors()["v1"]["snapshot_files"].items()
    assert b'"tree"' in decode(bytes.fromhex(known["file_hex"]), 1, Cipher(sample_keys["v1"]))
    assert id_of(bytes.fromhex(known["file_hex"])) == name


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_index_and_snapshot_of_the_samples_is_read(sample: str, sample_keys: dict[str, Keys]) -> None:
    store, cipher = sample_store(sample), Cipher(sample_keys[sample])
    for kind in (FileKind.INDEX, FileKind.SNAPSHOT):
        for name in names(store, kind):
            assert load_unpacked(store, kind, name, 1 if sample == "v1" else 2, cipher).startswith(b"{")


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_saved_is_loaded(store: MemoryStore, cipher: Cipher, version: int) -> None:
    name = save_unpacked(store, FileKind.INDEX, DOCUMENT, version, cipher)
    assert load_unpacked(store, FileKind.INDEX, name, version, cipher) == DOCUMENT


def test_version_1_is_never_compressed_and_version_2_always_is(cipher: Cipher) -> None:
    assert cipher.open(encode(DOCUMENT, 1, cipher)) == DOCUMENT
    assert cipher.open(encode(DOCUMENT, 2, cipher))[0] == 2


@pytest.mark.parametrize("document", [b'{"packs":[]}', b"[1]", b""])
def test_plain_documents_of_upgraded_repositories_are_read(cipher: Cipher, document: bytes) -> None:
    assert decode(cipher.seal(document), 2, cipher) == document


def test_version_1_does_not_look_at_the_first_byte(cipher: Cipher) -> None:
    assert decode(cipher.seal(b"\x02rest"), 1, cipher) == b"\x02rest"


@pytest.mark.parametrize("plaintext", [b"\x01{}", b" {}", b"\x03", b"\x02", b"\x02not a frame"])
def test_an_unknown_encoding_is_refused(cipher: Cipher, plaintext: bytes) -> None:
    with pytest.raises(Corrupted):
        decode(cipher.seal(plaintext), 2, cipher)


def skippable() -> bytes:
    return (0x184D2A50).to_bytes(4, "little") + (3).to_bytes(4, "little") + b"abc"


@pytest.mark.parametrize(
    "frames",
    [
        zstandard.ZstdCompressor(write_content_size=False).compress(DOCUMENT * 50),
        zstandard.ZstdCompressor(write_checksum=True).compress(DOCUMENT * 50),
        compressed(DOCUMENT * 20) + compressed(DOCUMENT * 30),
        skippable() + compressed(DOCUMENT * 50),
        zstandard.ZstdCompressor(level=22).compress(DOCUMENT * 50),
        zstandard.ZstdCompressor(
            compression_params=zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
        ).compress(DOCUMENT * 50),
    ],
    ids=["no size", "checksum", "two frames", "skippable frame", "level 22", "large window"],
)
def test_every_framing_that_restic_reads_is_read(cipher: Cipher, frames: bytes) -> None:
    assert decode(cipher.seal(b"\x02" + frames), 2, cipher) == DOCUMENT * 50


@pytest.mark.parametrize("sized", [True, False])
def test_a_bomb_is_refused_before_it_unfolds(sized: bool) -> None:
    bomb = zstandard.ZstdCompressor(write_content_size=sized).compress(bytes(64 << 20))
    with pytest.raises(Corrupted, match="larger than"):
        decompress(bomb, 1 << 20)


@pytest.mark.parametrize("end", [-1, -40])
def test_a_frame_that_is_cut_short_is_refused(end: int) -> None:
    frame = zstandard.ZstdCompressor(write_checksum=True).compress(DOCUMENT * 500)
    with pytest.raises(Corrupted):
        decompress(frame[:end], 1 << 20)


def test_one_bad_download_is_tried_again(store: MemoryStore, cipher: Cipher) -> None:
    name = save_unpacked(store, FileKind.SNAPSHOT, DOCUMENT, 2, cipher)
    faulty = FaultyStore(store, Fault(on="get", times=1, damage=flipped))
    assert load_unpacked(faulty, FileKind.SNAPSHOT, name, 2, cipher) == DOCUMENT


def test_a_file_sealed_with_other_keys_is_named(
    store: MemoryStore, cipher: Cipher, sample_keys: dict[str, Keys]
) -> None:
    name = save_unpacked(store, FileKind.SNAPSHOT, DOCUMENT, 2, Cipher(sample_keys["v1"]))
    with pytest.raises(Corrupted, match=f"snapshots/{name}"):
        load_unpacked(store, FileKind.SNAPSHOT, name, 2, cipher)


def test_a_file_that_is_gone_is_not_damaged(store: MemoryStore, cipher: Cipher) -> None:
    with pytest.raises(NotFound):
        load_unpacked(store, FileKind.SNAPSHOT, "0" * 64, 2, cipher)


def test_a_file_of_no_bytes_is_damaged(store: MemoryStore, cipher: Cipher) -> None:
    store.put("snapshots/" + "0" * 64, b"")
    with pytest.raises(Corrupted):
        load_unpacked(store, FileKind.SNAPSHOT, "0" * 64, 2, cipher)
