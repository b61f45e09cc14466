"""Known answers: bytes that restic itself wrote, taken apart and put together again."""

import hashlib
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes

from tests.support.samples import SAMPLES, sample_store, vectors
from tui_backup.formats.restic import times, tree
from tui_backup.formats.restic.blob import BlobReader
from tui_backup.formats.restic.crypto import Cipher, Keys, clamp
from tui_backup.formats.restic.index import Index, load_index
from tui_backup.formats.restic.layout import FileKind, id_of, key_of, names
from tui_backup.formats.restic.names import quote, unquote
from tui_backup.formats.restic.pack import BlobType, encode_header, pack_size, read_header
from tui_backup.formats.restic.times import local_time
from tui_backup.formats.restic.tree import decode_tree, encode_tree, go_mode, name_of, unix_mode
from tui_backup.model.entry import EntryKind

PACKS = [("v2", vectors()["pack_data"]), ("v2", vectors()["pack_tree"])]


def from_hex(known: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(known[name])


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock of the machine on which the samples were made."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    times._local_second.cache_clear()
    yield
    monkeypatch.undo()
    time.tzset()
    times._local_second.cache_clear()


def trees(sample: str, keys: Keys) -> Iterator[bytes]:
    """Yield every tree blob of a sample."""
    store, cipher, version = sample_store(sample), Cipher(keys), 1 if sample == "v1" else 2
    index = load_index(store, version, cipher)
    for id_, pack, offset, length, size in index.tables[BlobType.TREE]:
        sealed = store.get(key_of(FileKind.DATA, index.packs[pack].hex()), offset, length)
        yield BlobReader(cipher).read(sealed, id_, size)


@pytest.mark.parametrize("known", vectors()["poly1305_aes"], ids=lambda known: known["what"])
def test_a_tag_is_poly1305_aes(known: dict[str, Any]) -> None:
    cipher = Cipher(Keys(bytes(32), from_hex(known, "k"), from_hex(known, "r")))
    assert cipher._tag(from_hex(known, "nonce"), from_hex(known, "message_ciphertext")) == from_hex(known, "tag")


@pytest.mark.parametrize("area", ["key_derivation", "key_unmasked_r_0191"])
def test_the_multiplier_is_clamped_on_use(area: str) -> None:
    known = vectors()[area]
    assert clamp(from_hex(known, "master_mac_r_as_stored")) == from_hex(known, "master_mac_r_masked")


def test_the_nonce_is_the_whole_counter_block() -> None:
    known = vectors()["aes256_ctr"]
    mode = modes.CTR(from_hex(known, "iv_full_16_byte_big_endian_counter"))
    stream = BlockCipher(algorithms.AES256(from_hex(known, "key")), mode).decryptor()
    assert stream.update(from_hex(known, "ciphertext")) == from_hex(known, "plaintext")


@pytest.mark.parametrize("area", ["encrypted_blob", "tree_blob"])
def test_a_blob_opens_to_its_content(area: str, sample_keys: dict[str, Keys]) -> None:
    known, cipher = vectors()[area], Cipher(sample_keys["v2"])
    sealed = from_hex(known, "encrypted_hex")
    assert len(sealed) == known["length"]
    assert cipher.open(sealed) == from_hex(known, "decrypted_zstd_frame_hex")
    content = BlobReader(cipher).read(sealed, from_hex(known, "id"), known["uncompressed_length"])
    assert content == from_hex(known, "plaintext_hex")


def test_a_blob_of_version_1_opens_to_its_content(sample_keys: dict[str, Keys]) -> None:
    known, (entry,) = vectors()["v1"], vectors()["v1"]["entries"]
    sealed = from_hex(known, "pack_file_hex")[: entry["length"]]
    assert BlobReader(Cipher(sample_keys["v1"])).read(sealed, from_hex(entry, "id"), 0) == from_hex(
        known, "blob_plaintext_hex"
    )


@pytest.mark.parametrize(("sample", "known"), PACKS, ids=["data", "tree"])
def test_the_header_of_a_pack_lists_its_blobs(sample: str, known: dict[str, Any], sample_keys: dict[str, Keys]) -> None:
    stored = from_hex(known, "file_hex")
    blobs = read_header(stored, Cipher(sample_keys[sample]))
    listed = [(b.type.word, b.id.hex(), b.offset, b.length, b.size) for b in blobs]
    assert listed == [
        (e["type"], e["id"], e["offset"], e["length"], e["uncompressed_length"]) for e in known["entries"]
    ]
    assert encode_header(blobs) == from_hex(known, "decrypted_header_hex")
    assert pack_size(blobs) == len(stored) == known["file_len"]
    assert id_of(stored) == known["id"]
    assert key_of(FileKind.DATA, known["id"]) == known["path"]


def test_a_header_of_version_1_has_no_sizes(sample_keys: dict[str, Keys]) -> None:
    known = vectors()["v1"]
    blobs = read_header(from_hex(known, "pack_file_hex"), Cipher(sample_keys["v1"]))
    assert encode_header(blobs) == from_hex(known, "decrypted_header_hex")


def test_an_index_places_every_blob() -> None:
    document = vectors()["index"]["json"]
    index = Index()
    index.add_file(document.encode())
    for pack in msgspec.json.decode(document)["packs"]:
        for blob in pack["blobs"]:
            type_ = BlobType.TREE if blob["type"] == "tree" else BlobType.DATA
            (place,) = index.places(type_, bytes.fromhex(blob["id"]))
            assert (place.pack.hex(), place.offset, place.length) == (pack["id"], blob["offset"], blob["length"])
            assert place.size == blob["uncompressed_length"]


@pytest.mark.parametrize("known", vectors()["names"], ids=lambda known: known["bytes_hex"])
def test_names_are_quoted_as_go_quotes_them(known: dict[str, str]) -> None:
    raw = from_hex(known, "bytes_hex")
    assert quote(raw) == known["name_field"]
    assert unquote(known["name_field"]) == raw


@pytest.mark.parametrize("known", vectors()["names"], ids=lambda known: known["bytes_hex"])
def test_names_are_escaped_as_go_escapes_json(known: dict[str, str]) -> None:
    node = tree.Node(name=quote(from_hex(known, "bytes_hex")), type="fifo")
    assert f'"name":{known["json_string"]},'.encode() in encode_tree([node])


@pytest.mark.parametrize("known", vectors()["modes"], ids=lambda known: known["st_mode_octal"])
def test_modes_are_those_of_go(known: dict[str, Any]) -> None:
    permissions = int(known["st_mode_octal"], 8) & 0o7777
    assert go_mode(EntryKind(known["type"]), permissions) == known["go_mode"]
    assert unix_mode(known["go_mode"]) == permissions


@pytest.mark.parametrize("known", vectors()["times"], ids=lambda known: known["mtime_field"])
@pytest.mark.usefixtures("berlin")
def test_times_are_written_on_the_local_clock(known: dict[str, Any]) -> None:
    assert local_time(known["ns_since_epoch"]) == known["mtime_field"]


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_tree_is_written_again_byte_for_byte(sample: str, sample_keys: dict[str, Keys]) -> None:
    for plaintext in trees(sample, sample_keys[sample]):
        unescaped = plaintext.replace(rb"\ufffd", "\ufffd".encode())
        assert encode_tree(decode_tree(plaintext)) == unescaped


@pytest.mark.parametrize("sample", SAMPLES)
def test_names_in_trees_are_sorted_by_their_raw_bytes(sample: str, sample_keys: dict[str, Keys]) -> None:
    for plaintext in trees(sample, sample_keys[sample]):
        assert all(before < after for before, after in pairwise(map(name_of, decode_tree(plaintext))))


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_pack_of_the_samples_is_what_its_index_says(sample: str, sample_keys: dict[str, Keys]) -> None:
    store, cipher = sample_store(sample), Cipher(sample_keys[sample])
    index = load_index(store, 1 if sample == "v1" else 2, cipher)
    for name in names(store, FileKind.DATA):
        stored = store.get(key_of(FileKind.DATA, name))
        assert hashlib.sha256(stored).hexdigest() == name
        for blob in read_header(stored, cipher):
            assert (bytes.fromhex(name), blob.offset, blob.length, blob.size) in [
                (place.pack, place.offset, place.length, place.size) for place in index.places(blob.type, blob.id)
            ]


def test_an_empty_directory_has_the_known_id() -> None:
    assert hashlib.sha256(encode_tree([])).hexdigest().startswith("ac08ce34")


def test_an_empty_content_is_a_list_and_a_missing_one_null() -> None:
    assert b'"content":[]' in encode_tree([tree.Node(name="a", type="file", content=[])])
    assert b'"content":null' in encode_tree([tree.Node(name="a", type="dir", content=None)])
