import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.faulty import Fault, FaultyStore, unavailable
from tests.support.samples import sample_store, vectors
from tui_backup.errors import BackupError, Corrupted, StoreUnavailable, WrongPassword
from tui_backup.formats.restic.crypto import Cipher, Keys, clamp
from tui_backup.formats.restic.keys import add_key, damaged_keys, key_files, new_keys, unlock
from tui_backup.formats.restic.layout import id_of
from tui_backup.primitives.secret import Secret
from tui_backup.stores.cached import CachedStore
from tui_backup.stores.memory import MemoryStore

PASSWORD = Secret("correct horse")


def put(store: MemoryStore, content: bytes) -> str:
    name = id_of(content)
    store.put(f"keys/{name}", content)
    return name


def key_json(keys: Keys, password: str = "correct horse", cost: int = 2, block: int = 1, **changes: Any) -> bytes:
    """Return a key file with weak parameters; `changes` replaces or, with None, nulls its fields."""
    salt = os.urandom(64)
    material = hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=1, maxmem=1 << 30, dklen=64)
    master = {"mac": {"k": keys.mac_k, "r": keys.mac_r}, "encrypt": keys.encrypt}
    sealed = Cipher(Keys(material[:32], material[32:48], material[48:])).seal(msgspec.json.encode(master))
    fields = {"kdf": "scrypt", "N": cost, "r": block, "p": 1, "salt": salt, "data": sealed}
    return msgspec.json.encode(fields | changes)


def test_a_key_file_of_restic_opens_to_the_known_keys() -> None:
    known = vectors()["key_derivation"]
    keys, name = unlock(sample_store("v2"), Secret("test"))
    assert name == known["key_file_name"]
    assert keys.encrypt.hex() == known["master_enc_key"]
    assert keys.mac_k.hex() == known["master_mac_k"]
    assert keys.mac_r.hex() == known["master_mac_r_as_stored"]


@pytest.mark.parametrize("password", ["test", "test2"])
def test_either_of_two_passwords_opens(password: str) -> None:
    known = vectors()["key_unmasked_r_0191"]
    keys, _name = unlock(sample_store("v2-0191"), Secret(password))
    assert keys.mac_r.hex() == known["master_mac_r_as_stored"]
    assert clamp(keys.mac_r).hex() == known["master_mac_r_masked"]


def test_a_wrong_password_is_exit_12() -> None:
    with pytest.raises(WrongPassword) as caught:
        unlock(sample_store("v1"), Secret("test "))
    assert caught.value.exit_code == 12
    assert "test" not in str(caught.value)


@pytest.mark.usefixtures("real_costs")
def test_an_added_key_opens_what_the_first_one_does(store: MemoryStore, keys: Keys) -> None:
    name = add_key(store, keys, PASSWORD)
    assert unlock(store, PASSWORD) == (keys, name)


@pytest.mark.usefixtures("real_costs")
def test_a_key_file_has_the_fields_of_restic_in_their_order(store: MemoryStore, keys: Keys) -> None:
    name = add_key(store, keys, PASSWORD)
    stored = store.get(f"keys/{name}")
    fields = msgspec.json.decode(stored, type=dict[str, Any])
    assert list(fields) == ["created", "username", "hostname", "kdf", "N", "r", "p", "salt", "data"]
    assert (fields["N"], fields["r"], fields["p"]) == (32768, 8, 1)
    assert name == hashlib.sha256(stored).hexdigest()


def test_new_keys_are_random_and_have_the_lengths_of_the_ciphers() -> None:
    assert new_keys() != new_keys()
    assert [len(part) for part in (new_keys().encrypt, new_keys().mac_k, new_keys().mac_r)] == [32, 16, 16]


@pytest.mark.parametrize("changes", [{}, {"created": None, "username": None, "hostname": None}, {"extra": {"a": 1}}])
def test_informational_and_unknown_fields_do_not_matter(
    store: MemoryStore, keys: Keys, changes: dict[str, Any]
) -> None:
    put(store, key_json(keys, **changes))
    assert unlock(store, PASSWORD)[0] == keys


def test_the_weakest_scrypt_opens_as_it_does_in_restic(store: MemoryStore, keys: Keys) -> None:
    put(store, key_json(keys, cost=2, block=1))
    assert unlock(store, PASSWORD)[0] == keys


def test_scrypt_with_a_gibibyte_opens(store: MemoryStore, keys: Keys) -> None:
    content = key_json(keys, cost=16, block=8)
    wrong = msgspec.json.encode(msgspec.json.decode(content, type=dict[str, Any]) | {"N": 1 << 20, "r": 8})
    name = put(store, wrong)
    with pytest.raises(WrongPassword):
        unlock(store, PASSWORD)
    assert list(key_files(store)) == [name]


@pytest.mark.parametrize(
    "hostile",
    [
        {"N": 1 << 21, "r": 8},
        {"N": 1 << 20, "r": 9},
        {"N": 2, "r": 1 << 23},
        {"N": 2, "r": 1, "p": 1 << 24},
        {"N": 1 << 20, "r": 8, "p": 8},
        {"N": 1 << 400},
        {"N": 3},
        {"N": 1},
        {"N": 0},
        {"N": -2},
        {"N": 1 << 17, "r": 1},
        {"r": 0},
        {"p": -1},
        {"p": 1.5},
        {"kdf": "argon2"},
        {"salt": b"short"},
        {"data": b"x" * 32},
        {"data": None},
    ],
    ids=repr,
)
def test_hostile_parameters_are_refused_before_memory_is_taken(
    store: MemoryStore, keys: Keys, hostile: dict[str, Any]
) -> None:
    name = put(store, key_json(keys, **hostile))
    with pytest.raises(Corrupted):
        unlock(store, PASSWORD)
    assert name in damaged_keys(store)[name]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"{" * 70_000], ids=len)
def test_a_damaged_key_file_is_named_and_another_still_opens(store: MemoryStore, keys: Keys, content: bytes) -> None:
    damaged = put(store, content)
    put(store, key_json(keys))
    assert unlock(store, PASSWORD)[0] == keys
    assert list(damaged_keys(store)) == [damaged]
    with pytest.raises(WrongPassword) as caught:
        unlock(store, Secret("wrong"))
    assert damaged in str(caught.value.hint)


def test_a_key_file_under_another_name_is_damaged(store: MemoryStore, keys: Keys) -> None:
    store.put("keys/" + "0" * 64, key_json(keys))
    with pytest.raises(Corrupted):
        unlock(store, PASSWORD)


@pytest.mark.parametrize("part", ["encrypt", "mac_k", "mac_r"])
@pytest.mark.parametrize("value", [bytes(16), b"short"])
def test_keys_that_cannot_be_are_refused(store: MemoryStore, keys: Keys, part: str, value: bytes) -> None:
    value = value * 2 if part == "encrypt" else value
    put(store, key_json(msgspec.structs.replace(keys, **{part: value})))
    with pytest.raises(Corrupted):
        unlock(store, PASSWORD)


def test_at_most_20_keys_are_tried(store: MemoryStore, keys: Keys) -> None:
    for _ in range(20):
        put(store, key_json(keys, password="another"))
    put(store, key_json(keys))
    with pytest.raises(WrongPassword):
        unlock(store, PASSWORD)


def test_bytes_that_are_no_utf_8_are_a_password_too(store: MemoryStore, keys: Keys) -> None:
    password = Secret(os.fsdecode(b"caf\xe9"))
    add_key(store, keys, password)
    assert unlock(store, password)[0] == keys


def test_a_store_that_does_not_answer_is_no_wrong_password(store: MemoryStore, keys: Keys) -> None:
    put(store, key_json(keys))
    with pytest.raises(StoreUnavailable):
        unlock(FaultyStore(store, Fault(on="get", error=unavailable())), PASSWORD)


def test_the_layout_of_old_s3_repositories_is_refused_with_advice(store: MemoryStore) -> None:
    store.put(f"key/{'ab' * 32}", b"")
    with pytest.raises(BackupError, match="s3legacy") as caught:
        unlock(store, PASSWORD)
    assert "migrate s3_layout" in str(caught.value.hint)


def test_a_stray_key_directory_beside_real_keys_is_no_old_layout(store: MemoryStore, keys: Keys) -> None:
    store.put(f"key/{'ab' * 32}", b"")
    name = put(store, key_json(keys))
    assert unlock(store, PASSWORD) == (keys, name)


def test_a_key_file_at_hand_is_not_fetched_again(store: MemoryStore, keys: Keys, tmp_path: Path) -> None:
    far = FaultyStore(store)
    cached = CachedStore(beneath=far, directory=str(tmp_path / ("ab" * 32)))
    others = [put(store, key_json(new_keys(), "another horse")) for _number in range(3)]
    name = put(store, key_json(keys))
    assert unlock(cached, PASSWORD) == (keys, name)
    far.log.clear()
    assert unlock(cached, PASSWORD) == (keys, name)
    assert [what for what, _key in far.log] == ["objects"]
    assert unlock(cached, Secret("another horse"))[1] in others


def test_a_key_that_was_taken_away_opens_nothing_from_its_copy(store: MemoryStore, keys: Keys, tmp_path: Path) -> None:
    cached = CachedStore(beneath=store, directory=str(tmp_path / ("ab" * 32)))
    put(store, key_json(new_keys(), "another horse"))
    name = put(store, key_json(keys))
    assert unlock(cached, PASSWORD) == (keys, name)
    store.delete(f"keys/{name}")
    with pytest.raises(WrongPassword):
        unlock(cached, PASSWORD)
