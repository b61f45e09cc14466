"""The store with trouble on demand does what it is told."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.faulty import Fault, FaultyStore, flipped, unavailable
from tui_backup.errors import StoreUnavailable
from tui_backup.stores.local import LocalStore
from tui_backup.stores.memory import MemoryStore

ROOT = Path(__file__).parent.parent.parent


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


@pytest.mark.parametrize(("late", "kept"), [(False, ["a"]), (True, ["a", "b"])])
def test_the_process_can_die_before_or_after_an_operation(tmp_path: Path, late: bool, kept: list[str]) -> None:
    script = f"""
from tests.support.faulty import Fault, FaultyStore
from tui_backup.stores.local import LocalStore
store = FaultyStore(LocalStore({str(tmp_path)!r}), Fault(on="put", at=2, kill=True, late={late}))
for key in "abc":
    store.put(key, b"content")
"""
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, start_new_session=True)
    assert ended.returncode == -signal.SIGKILL
    assert sorted(found.key for found in LocalStore(str(tmp_path)).objects()) == kept
