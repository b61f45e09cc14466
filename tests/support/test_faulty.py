"""The store with trouble on demand does what it is told."""

import threading

import pytest

from tests.support.faulty import Fault, FaultyStore, flipped, unavailable
from tui_backup.errors import StoreUnavailable
from tui_backup.stores.memory import MemoryStore


def test_the_nth_operation_fails_and_the_others_do_not() -> None:
    store = FaultyStore(MemoryStore(), Fault(on="put", at=2, times=1, error=unavailable()))
    store.put("a", b"1")
    with pytest.raises(StoreUnavailable):
        store.put("b", b"2")
    store.put("c", b"3")
    assert sorted(found.key for found in store.objects()) == ["a", "c"]
    assert store.counts == {"put": 3, "objects": 1}


def test_an_answer_can_be_lost() -> None:
    store = FaultyStore(MemoryStore(), Fault(on="put", late=True, error=unavailable()))
    with pytest.raises(StoreUnavailable):
        store.put("a", b"1")
    assert store.get("a") == b"1"


def test_a_bit_can_flip_on_the_way() -> None:
    store = FaultyStore(MemoryStore(), Fault(on="get", prefix="data/", damage=flipped))
    store.put("data/a", b"\x00")
    store.put("config", b"\x00")
    assert [store.get("data/a"), store.get("config")] == [b"\x01", b"\x00"]


def test_a_store_can_stall() -> None:
    go_on = threading.Event()
    store = FaultyStore(MemoryStore(), Fault(on="put", stall=go_on))
    writer = threading.Thread(target=store.put, args=("a", b"1"))
    writer.start()
    assert list(store.objects()) == []
    go_on.set()
    writer.join()
    assert store.get("a") == b"1"
