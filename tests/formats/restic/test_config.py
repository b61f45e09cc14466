from typing import Any

import msgspec
import pytest
import zstandard

from tests.support.faulty import FaultyStore
from tests.support.samples import sample_store, vectors
from tui_backup.errors import BackupError, Corrupted, RepositoryMissing
from tui_backup.formats.restic.config import (
    RepositoryConfig,
    create,
    decode_config,
    read_config,
    repository_exists,
    write_config,
)
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.polynomial import to_hex
from tui_backup.primitives.secret import Secret
from tui_backup.stores.memory import MemoryStore

PASSWORD = Secret("correct horse")
FIELDS = {"version": 2, "id": "ab" * 32, "chunker_polynomial": "25563827a89273"}


def sealed(cipher: Cipher, **changes: Any) -> bytes:
    return cipher.seal(msgspec.json.encode(FIELDS | changes))


@pytest.mark.parametrize(("name", "area", "version"), [("v1", "v1", 1), ("v2-0191", "key_unmasked_r_0191", 2)])
def test_configs_of_restic_are_read(name: str, area: str, version: int, sample_keys: dict[str, Keys]) -> None:
    known = msgspec.json.decode(vectors()[area]["config_json"], type=dict[str, Any])
    config = read_config(sample_store(name), Cipher(sample_keys[name]))
    assert (config.version, config.id) == (version, known["id"])
    assert to_hex(config.chunker_polynomial) == known["chunker_polynomial"]


def test_the_sealed_config_of_the_vectors_opens(sample_keys: dict[str, Keys]) -> None:
    stored = bytes.fromhex(vectors()["config"]["file_hex"])
    assert Cipher(sample_keys["v2"]).open(stored) == vectors()["config"]["plaintext_json"].encode()
    assert decode_config(stored, Cipher(sample_keys["v2"])).version == 2


def test_a_new_repository_opens_again(store: MemoryStore) -> None:
    config, keys, _name = create(store, PASSWORD)
    assert repository_exists(store)
    assert read_config(store, Cipher(keys)) == config


def test_the_key_is_stored_first_and_the_config_last(store: MemoryStore) -> None:
    faulty = FaultyStore(store)
    create(faulty, PASSWORD)
    assert [key.partition("/")[0] for name, key in faulty.log if name == "put"] == ["keys", "config"]


def test_a_polynomial_can_be_shared_between_repositories(store: MemoryStore) -> None:
    config, _keys, _name = create(store, PASSWORD, version=1, polynomial=0x25563827A89273)
    assert (config.version, config.chunker_polynomial) == (1, 0x25563827A89273)


def test_an_interrupted_creation_is_finished_with_the_key_that_it_left(store: MemoryStore) -> None:
    _config, keys, name = create(store, PASSWORD)
    store.delete("config")
    config, same_keys, same_name = create(store, PASSWORD)
    assert (same_keys, same_name) == (keys, name)
    assert read_config(store, Cipher(keys)) == config


def test_a_key_file_of_another_password_is_left_alone(store: MemoryStore) -> None:
    create(store, PASSWORD)
    store.delete("config")
    with pytest.raises(BackupError, match="key files but no config"):
        create(store, Secret("another"))
    assert [found.key.partition("/")[0] for found in store.objects()] == ["keys"]


@pytest.mark.parametrize("key", ["config", *(f"{kind}/{'0' * 64}" for kind in ("keys", "snapshots", "index"))])
def test_where_part_of_a_repository_is_none_is_made(store: MemoryStore, key: str) -> None:
    store.put(key, b"something")
    with pytest.raises(BackupError):
        create(store, PASSWORD)
    assert [found.key for found in store.objects()] == [key]


def test_no_config_is_exit_10(store: MemoryStore, cipher: Cipher) -> None:
    with pytest.raises(RepositoryMissing) as caught:
        read_config(store, cipher)
    assert caught.value.exit_code == 10
    assert not repository_exists(store)


def test_fields_of_other_programs_survive_a_rewrite(store: MemoryStore, cipher: Cipher) -> None:
    store.put("config", sealed(cipher, append_only=True, chunker="Rabin", chunk_size=1 << 20))
    config = read_config(store, cipher)
    assert config.append_only
    write_config(store, config, cipher)
    assert read_config(store, cipher).others == {"append_only": True, "chunker": "Rabin", "chunk_size": 1 << 20}


def test_a_config_is_never_compressed(store: MemoryStore, cipher: Cipher) -> None:
    write_config(store, RepositoryConfig(version=2, id="ab" * 32, chunker_polynomial=0x25563827A89273), cipher)
    assert cipher.open(store.get("config")) == msgspec.json.encode(FIELDS)


def test_a_compressed_config_is_refused_as_restic_refuses_it(store: MemoryStore, cipher: Cipher) -> None:
    frame = zstandard.ZstdCompressor().compress(msgspec.json.encode(FIELDS))
    store.put("config", cipher.seal(b"\x02" + frame))
    with pytest.raises(Corrupted, match="config"):
        read_config(store, cipher)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 0},
        {"version": 3},
        {"version": "2"},
        {"id": "../../etc"},
        {"id": None},
        {"chunker_polynomial": "25563827a89272"},
        {"chunker_polynomial": "0x25563827a89273"},
        {"chunker_polynomial": None},
    ],
    ids=repr,
)
def test_what_restic_would_not_open_is_refused(store: MemoryStore, cipher: Cipher, changes: dict[str, Any]) -> None:
    store.put("config", sealed(cipher, **changes))
    with pytest.raises(Corrupted):
        read_config(store, cipher)


@pytest.mark.parametrize("content", [b"", b"x" * 31, bytes(100)])
def test_a_damaged_config_is_named(store: MemoryStore, cipher: Cipher, content: bytes) -> None:
    store.put("config", content)
    with pytest.raises(Corrupted, match="config is damaged"):
        read_config(store, cipher)
