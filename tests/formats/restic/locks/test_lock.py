import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.faulty import Fault, FaultyStore, unavailable
from tests.support.repositories import new_repository, open_repository
from tests.support.samples import vectors
from tests.support.victims import ROOT
from tui_backup.errors import Cancelled, Locked, StoreUnavailable
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.envelope import decode, save_unpacked
from tui_backup.formats.restic.layout import FileKind, names
from tui_backup.formats.restic.locks.files import LockDocument
from tui_backup.formats.restic.locks.held import HeldLock, Timing
from tui_backup.formats.restic.locks.lock import Locks
from tui_backup.formats.restic.times import format_time
from tui_backup.model.locking import Locking
from tui_backup.model.watch import Watch
from tui_backup.primitives.cancel import CancelToken
from tui_backup.primitives.ledger import Ledger
from tui_backup.stores.base import Body, Store
from tui_backup.stores.memory import MemoryStore

QUICK = Timing(settle=0.01, unreadable=(0.01, 0.01))
MINUTE = 60 * 10**9


def locks(
    store: Store, keys: Keys, ledger: Ledger | None = None, locking: Locking | None = None, **changes: Any
) -> Locks:
    timing = msgspec.structs.replace(QUICK, **changes)
    return Locks(store, 2, keys, name="main", ledger=ledger, locking=locking, timing=timing)


def leave(store: Store, keys: Keys, age_ns: int = 0, **fields: Any) -> str:
    """Leave the lock of another program."""
    document = {"time": format_time(time.time_ns() - age_ns), "exclusive": False, "hostname": "db1", "username": "eve"}
    return save_unpacked(store, FileKind.LOCK, msgspec.json.encode(document | {"pid": 7085} | fields), 2, Cipher(keys))


def there(store: Store) -> list[str]:
    return list(names(store, FileKind.LOCK))


def wait_until(happened: threading.Event) -> None:
    assert happened.wait(10)


class Watched(MemoryStore):
    """Tells when the N-th lock has been written, and lets a test act at that moment."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self.left = writes
        self.written = threading.Event()

    def delete(self, key: str) -> None:
        super().delete(key)
        self.left -= 1
        if not self.left:
            self.written.set()


def test_the_lock_of_restic_is_read(sample_keys: dict[str, Keys]) -> None:
    known = vectors()["lock_0191"]
    opened = decode(bytes.fromhex(known["file_hex"]), 2, Cipher(sample_keys["v2-0191"]))
    assert opened.decode() == known["json"]
    lock = msgspec.json.decode(opened, type=LockDocument)
    assert (lock.hostname, lock.username, lock.pid, lock.exclusive, lock.uid) == ("vm", "root", 7085, False, 0)


def test_a_lock_is_there_while_it_is_held_and_gone_afterwards(store: MemoryStore, keys: Keys) -> None:
    with locks(store, keys).acquire(exclusive=False) as lock:
        assert there(store) == [lock.name]
        lock.check()
        lock.confirm()
    assert there(store) == []


def test_shared_locks_tolerate_each_other(store: MemoryStore, keys: Keys) -> None:
    with locks(store, keys).acquire(exclusive=False), locks(store, keys).acquire(exclusive=False):
        assert len(there(store)) == 2


@pytest.mark.parametrize(("theirs", "ours"), [(True, False), (True, True), (False, True)])
def test_an_exclusive_lock_tolerates_no_other(store: MemoryStore, keys: Keys, theirs: bool, ours: bool) -> None:
    name = leave(store, keys, exclusive=theirs)
    with pytest.raises(Locked) as caught:
        locks(store, keys).acquire(exclusive=ours)
    assert caught.value.exit_code == 11
    assert there(store) == [name]


def test_who_is_in_the_way_is_named(store: MemoryStore, keys: Keys) -> None:
    leave(store, keys, age_ns=3 * MINUTE, exclusive=True, hostname="db1\x1b[2J")
    with pytest.raises(Locked) as caught:
        locks(store, keys).acquire(exclusive=False)
    for part in ("exclusively", "eve", r"db1\x1b[2J", "7085", "3 minutes ago"):
        assert part in caught.value.message


def test_a_stale_lock_still_counts_and_the_hint_says_what_to_do(store: MemoryStore, keys: Keys) -> None:
    name = leave(store, keys, age_ns=31 * MINUTE)
    with pytest.raises(Locked) as caught:
        locks(store, keys).acquire(exclusive=True)
    assert "unlock" in str(caught.value.hint)
    assert there(store) == [name]


def test_a_lock_that_appears_while_we_write_ours_wins(keys: Keys) -> None:
    class Contended(MemoryStore):
        def put(self, key: str, body: Any) -> None:
            super().put(key, body)
            if len(there(self)) == 1:
                leave(self, keys)

    store = Contended()
    with pytest.raises(Locked):
        locks(store, keys).acquire(exclusive=True)
    assert len(there(store)) == 1


def test_with_patience_the_lock_is_had_once_the_other_goes(store: MemoryStore, keys: Keys) -> None:
    other = locks(store, keys).acquire(exclusive=True)
    threading.Timer(0.1, other.release).start()
    with locks(store, keys, locking=Locking(retry_s=0.3)).acquire(exclusive=True):
        assert len(there(store)) == 1


def test_of_many_who_want_it_at_once_one_has_it_at_most(store: MemoryStore, keys: Keys) -> None:
    held: list[str] = []
    start, end = threading.Barrier(8), threading.Event()

    def want() -> None:
        start.wait(10)
        with suppress(Locked), locks(store, keys, settle=0.1).acquire(exclusive=True) as lock:
            held.append(lock.name)
            end.wait(10)

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    threads[0].join(0.5)
    assert len(held) <= 1
    end.set()
    for thread in threads:
        thread.join()


def test_waiting_for_a_lock_can_be_cancelled(store: MemoryStore, keys: Keys) -> None:
    leave(store, keys)
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        locks(store, keys, locking=Locking(retry_s=60)).acquire(exclusive=True, watch=Watch(token))


def test_a_lock_without_bytes_is_ignored(store: MemoryStore, keys: Keys) -> None:
    store.put("locks/" + "0" * 64, b"")
    locks(store, keys).acquire(exclusive=True).release()


@pytest.mark.parametrize("name", ["README", "AB" * 32, "0" * 64 + "-tmp-17"])
def test_what_is_no_lock_is_ignored(store: MemoryStore, keys: Keys, name: str) -> None:
    store.put(f"locks/{name}", b"something")
    locks(store, keys).acquire(exclusive=True).release()


def test_an_unreadable_lock_blocks_after_a_few_more_looks(store: MemoryStore, keys: Keys) -> None:
    store.put("locks/" + "0" * 64, b"something")
    faulty = FaultyStore(store)
    with pytest.raises(Locked, match="0" * 64):
        locks(faulty, keys).acquire(exclusive=False)
    assert faulty.counts["objects"] == 3


def test_an_unreadable_lock_that_goes_meanwhile_does_not_block(store: MemoryStore, keys: Keys) -> None:
    store.put("locks/" + "0" * 64, b"something")
    threading.Timer(0.1, store.delete, ["locks/" + "0" * 64]).start()
    locks(store, keys, unreadable=(0.2, 0.2, 0.2)).acquire(exclusive=True).release()


def test_a_lock_is_refreshed_and_only_its_newest_file_stays(keys: Keys) -> None:
    store = Watched(3)
    with locks(store, keys, refresh=0.01).acquire(exclusive=True) as lock:
        wait_until(store.written)
        lock.confirm()
    assert there(store) == []


def test_a_refreshed_lock_remembers_when_it_was_taken(keys: Keys) -> None:
    store = Watched(2)
    with locks(store, keys, refresh=0.05).acquire(exclusive=True):
        wait_until(store.written)
        (found,) = locks(store, keys).found()
        assert found.taken is not None
        assert found.refreshed is not None
        assert found.taken < found.refreshed


def test_a_lock_that_cannot_be_refreshed_is_lost(store: MemoryStore, keys: Keys) -> None:
    faulty = FaultyStore(store, Fault(on="put", at=2, error=unavailable()))
    lock = locks(faulty, keys, refresh=0.01, retry=0.01, expiry=0.05).acquire(exclusive=True)
    lock._keeper.join(10)
    with pytest.raises(Locked, match="could not be refreshed"):
        lock.check()
    lock.release()
    assert there(store) == []


def test_a_refresh_that_fails_once_is_made_up_for(keys: Keys) -> None:
    store = Watched(3)
    faulty = FaultyStore(store, Fault(on="put", at=2, times=1, error=unavailable()))
    with locks(faulty, keys, refresh=0.01, retry=0.01).acquire(exclusive=True) as lock:
        wait_until(store.written)
        lock.confirm()
    assert there(store) == []


def test_a_machine_that_slept_asks_before_it_goes_on(store: MemoryStore, keys: Keys) -> None:
    faulty = FaultyStore(store)
    with locks(faulty, keys, expiry=0).acquire(exclusive=True) as lock:
        before = lock.name
        lock.check()
        assert lock.name != before
        store.delete(f"locks/{lock.name}")
        with pytest.raises(Locked, match="removed by another program"):
            lock.check()


def test_a_lock_that_somebody_removed_is_noticed(store: MemoryStore, keys: Keys) -> None:
    with locks(store, keys).acquire(exclusive=False) as lock:
        store.delete(f"locks/{lock.name}")
        lock.check()
        with pytest.raises(Locked, match="removed by another program"):
            lock.confirm()
        with pytest.raises(Locked, match="removed by another program"):
            lock.check()


def test_a_lock_that_cannot_be_written_leaves_nothing(store: MemoryStore, keys: Keys, tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "ledger"))
    faulty = FaultyStore(store, Fault(on="put", late=True, error=unavailable()))
    with pytest.raises(StoreUnavailable):
        locks(faulty, keys, ledger).acquire(exclusive=True)
    assert there(store) == []
    assert list((tmp_path / "ledger").iterdir()) == []


def test_a_lock_that_cannot_be_removed_is_removed_by_the_next_command(
    store: MemoryStore, keys: Keys, tmp_path: Path
) -> None:
    ledger = Ledger(str(tmp_path / "ledger"))
    locks(FaultyStore(store, Fault(on="delete", error=unavailable())), keys, ledger).acquire(exclusive=True).release()
    assert len(there(store)) == 1
    with locks(store, keys, ledger).acquire(exclusive=True) as lock:
        assert there(store) == [lock.name]


def test_all_locks_can_be_looked_at_and_removed(store: MemoryStore, keys: Keys) -> None:
    old, new = leave(store, keys, age_ns=31 * MINUTE), leave(store, keys)
    store.put("locks/" + "0" * 64, b"something")
    found = {lock.name: lock for lock in locks(store, keys).found()}
    assert {name: lock.stale for name, lock in found.items()} == {old: True, new: False, "0" * 64: True}
    locks(store, keys).remove(lock.name for lock in found.values() if lock.stale)
    assert there(store) == [new]


@pytest.mark.parametrize("pid", [0, -1, 1 << 22, 1 << 80, None])
def test_a_lock_of_this_host_without_a_living_process_is_stale(store: MemoryStore, keys: Keys, pid: int | None) -> None:
    with locks(store, keys).acquire(exclusive=False):
        (ours,) = locks(store, keys).found()
        assert ours.document is not None
        assert not ours.stale
        leave(store, keys, hostname=ours.document.hostname, pid=pid)
        assert [lock.stale for lock in locks(store, keys).found() if lock.name != ours.name] == [True]


def test_a_shared_lock_looks_again_before_anything_relies_on_it(store: MemoryStore, keys: Keys) -> None:
    lock = locks(store, keys).acquire(exclusive=False)
    leave(store, keys, exclusive=True)
    for ask in (lock.confirm, lock.check):
        with pytest.raises(Locked, match="exclusively"):
            ask()
    lock.release()
    assert len(there(store)) == 1


def test_a_second_look_that_fails_is_not_skipped(store: MemoryStore, keys: Keys) -> None:
    faulty = FaultyStore(store, Fault(on="objects", at=3, times=1, error=unavailable()))
    with locks(faulty, keys).acquire(exclusive=False) as lock:
        leave(store, keys, exclusive=True)
        with pytest.raises(StoreUnavailable):
            lock.confirm()
        with pytest.raises(Locked):
            lock.confirm()


HOLDING = """
import sys, time
from tests.support.repositories import open_repository
from tui_backup.model.watch import Watch
from tui_backup.primitives.ledger import Ledger
place, marks = sys.argv[1:]
with open_repository(place, ledger=Ledger(marks)).access.exclusive(Watch()):
    print("held", flush=True)
    time.sleep(1)
"""


def test_what_another_process_of_ours_does_alone_is_waited_for(tmp_path: Path) -> None:
    new_repository(tmp_path / "repository")
    arguments = [str(tmp_path / "repository"), str(tmp_path / "marks")]
    with subprocess.Popen([sys.executable, "-c", HOLDING, *arguments], stdout=subprocess.PIPE, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        watch, told = Watch(), list[str]()
        watch.on_wait = told.append
        with pytest.raises(Locked), open_repository(arguments[0]).access.shared(watch):
            pass
        assert told == []
        with open_repository(arguments[0], ledger=Ledger(arguments[1])).access.shared(watch):
            assert holder.wait(10) == 0
        assert len(told) == 1


class Slow(MemoryStore):
    """Lets a test act just before the first lock is written."""

    meanwhile: Callable[[], object] | None = None

    def put(self, key: str, body: Body) -> None:
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()
        super().put(key, body)


@pytest.mark.parametrize("exclusive", [False, True])
def test_who_was_first_is_seen_although_it_may_be_gone_when_the_lock_has_settled(exclusive: bool, keys: Keys) -> None:
    store = Slow()
    taken: list[HeldLock] = []
    store.meanwhile = lambda: taken.append(locks(store, keys).acquire(exclusive=True))
    with pytest.raises(Locked):
        locks(store, keys, settle=10).acquire(exclusive=exclusive, settle=False)
    assert there(store) == [taken[0].name]
    taken[0].release()
