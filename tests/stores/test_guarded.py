"""A store from which nothing is removed."""

import io

import pytest

from tests.support.faulty import FaultyStore
from tui_backup.errors import AppendOnly
from tui_backup.stores.guarded import GuardedStore
from tui_backup.stores.local import LocalStore

KEY = "data/aa/" + "a" * 64
LOCK = "locks/" + "b" * 64


@pytest.fixture
def store(local: LocalStore) -> GuardedStore:
    local.put(KEY, b"content")
    local.put(LOCK, b"lock")
    return GuardedStore(beneath=local)


def test_nothing_is_deleted_but_locks(store: GuardedStore) -> None:
    with pytest.raises(AppendOnly, match=f"{KEY} in .*/store is neither removed nor replaced") as raised:
        store.delete(KEY)
    assert raised.value.hint
    with pytest.raises(AppendOnly):
        store.delete_all([LOCK, KEY])
    assert {found.key for found in store.objects()} == {KEY, LOCK}
    store.delete_all([LOCK])
    store.put(LOCK, b"one")
    store.put(LOCK, b"another")
    store.delete(LOCK)
    assert {found.key for found in store.objects()} == {KEY}


def test_nothing_is_replaced(store: GuardedStore) -> None:
    for body in (b"other", b"CONTENT", io.BytesIO(b"content and more"), io.BytesIO(b"cont")):
        with pytest.raises(AppendOnly):
            store.put(KEY, body)
    with pytest.raises(AppendOnly), store.writing(KEY):
        pass
    assert store.get(KEY) == b"content"


@pytest.mark.parametrize("body", [b"content", bytearray(b"content"), io.BytesIO(b"content")])
def test_the_same_once_more_is_no_change(local: LocalStore, body: bytes) -> None:
    local.put(KEY, b"content")
    faulty = FaultyStore(local)
    GuardedStore(beneath=faulty).put(KEY, body)
    assert faulty.counts["put"] == 0


def test_what_is_new_is_kept(store: GuardedStore) -> None:
    store.put("config", io.BytesIO(b"config"))
    with store.writing("data/bb/x") as sink:
        sink.write(b"piece")
    assert [store.get("config"), store.get("data/bb/x")] == [b"config", b"piece"]
    assert store.describe() == store.beneath.describe()
