"""Documents with any JSON in any place: read, or refused by name, never a crash."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_backup.errors import Corrupted, Locked
from tui_backup.formats.restic.config import decode_config
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.index import Index
from tui_backup.formats.restic.keys import damaged_keys, key_files, new_keys
from tui_backup.formats.restic.layout import id_of
from tui_backup.formats.restic.locks.held import Timing
from tui_backup.formats.restic.locks.lock import Locks
from tui_backup.formats.restic.snapshot import decode_snapshot, encode_snapshot, snapshot_of
from tui_backup.formats.restic.tree import decode_tree
from tui_backup.stores.memory import MemoryStore

DEEP = b"[" * 100_000 + b"]" * 100_000
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
KEYS = new_keys()
ID = "ab" * 32
CONTROLS = {chr(code) for code in [*range(0x20), *range(0x7F, 0xA0)]}

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 70), 1 << 70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from([ID, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "scrypt", "25563827a89273", "A" * 88]),
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))


def documents(*fields: str) -> st.SearchStrategy[bytes]:
    """Return JSON objects with some of these fields, whatever is in them."""
    return st.dictionaries(st.sampled_from(fields), values).map(msgspec.json.encode)


@QUICK
@given(documents("time", "tree", "paths", "hostname", "uid", "tags", "parent", "original", "summary"))
def test_snapshots(document: bytes) -> None:
    try:
        file = decode_snapshot(ID, document)
    except Corrupted:
        return
    snapshot_of(file)
    encode_snapshot(file.document)


@QUICK
@given(documents("created", "username", "kdf", "N", "r", "p", "salt", "data"))
def test_key_files(document: bytes) -> None:
    store = MemoryStore()
    store.put(f"keys/{id_of(document)}", document)
    assert len(key_files(store)) + len(damaged_keys(store)) == 1


@QUICK
@given(documents("version", "id", "chunker_polynomial", "append_only"))
def test_configs(document: bytes) -> None:
    cipher = Cipher(KEYS)
    try:
        decode_config(cipher.seal(document), cipher)
    except Corrupted:
        return


def refusal(fields: dict[str, Any]) -> str:
    """Return what is said when a lock with these fields is in the way."""
    store = MemoryStore()
    sealed = Cipher(KEYS).seal(msgspec.json.encode(fields))
    store.put(f"locks/{id_of(sealed)}", sealed)
    locks = Locks(store, 2, KEYS, timing=Timing(settle=0, unreadable=()))
    with pytest.raises(Locked) as caught:
        locks.acquire(exclusive=True)
    assert all(lock.stale in {True, False} for lock in locks.found())
    return caught.value.message


@QUICK
@given(st.dictionaries(st.sampled_from(["time", "exclusive", "hostname", "username", "pid", "uid", "since"]), values))
def test_locks(fields: dict[str, Any]) -> None:
    assert not set(refusal(fields)) & CONTROLS


@pytest.mark.parametrize("value", [DEEP, b'"\xff"', b"9" * 5000], ids=["deep", "no UTF-8", "endless"])
def test_documents_that_no_parser_takes_are_damaged(value: bytes) -> None:
    cipher = Cipher(KEYS)
    snapshot = b'{"tree":"%s","hostname":%s}' % (ID.encode(), value)
    config = b'{"version":%s,"id":"%s","chunker_polynomial":"25563827a89273"}' % (value, ID.encode())
    for read in (
        lambda: decode_tree(b'{"nodes":[{"name":"a","type":"file","user":%s,"other":%s}]}' % (value, value)),
        lambda: Index().add_file(b'{"packs":[{"id":%s}],"other":%s}' % (value, value)),
        lambda: decode_snapshot(ID, snapshot),
        lambda: decode_config(cipher.seal(config), cipher),
    ):
        with pytest.raises(Corrupted):
            read()


def test_a_key_file_and_a_lock_that_no_parser_takes_are_passed_over() -> None:
    store = MemoryStore()
    document = b'{"other":%s}' % DEEP[90_000:110_000]
    store.put(f"keys/{id_of(document)}", document)
    sealed = Cipher(KEYS).seal(b'{"other":%s}' % DEEP)
    store.put(f"locks/{id_of(sealed)}", sealed)
    assert len(damaged_keys(store)) == 1
    assert [lock.document for lock in Locks(store, 2, KEYS).found()] == [None]


def test_a_lock_with_endless_names_is_told_briefly() -> None:
    assert len(refusal({"hostname": "h" * 100_000, "username": "\x1b" * 100_000, "pid": 10**1000})) < 1000
