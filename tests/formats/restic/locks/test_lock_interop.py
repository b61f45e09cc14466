"""Locks beside the real restic."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import components
from tests.support.restic import Restic
from tui_backup.errors import Locked
from tui_backup.formats.restic.crypto import Keys
from tui_backup.formats.restic.keys import unlock
from tui_backup.formats.restic.layout import FileKind, names
from tui_backup.formats.restic.locks.lock import Locks
from tui_backup.primitives.ledger import Ledger
from tui_backup.primitives.secret import Secret
from tui_backup.stores.local import LocalStore

pytestmark = pytest.mark.requires("restic")

HOLDER = """
import sys
from tui_backup.formats.restic.keys import unlock
from tui_backup.formats.restic.locks.lock import Locks
from tui_backup.primitives.ledger import Ledger
from tui_backup.primitives.secret import Secret
from tui_backup.stores.local import LocalStore
store = LocalStore(sys.argv[1])
keys, _name = unlock(store, Secret("correct horse"))
with Locks(store, 2, keys, ledger=Ledger(sys.argv[2])).acquire(exclusive=sys.argv[3] == "exclusive") as lock:
    print("held", flush=True)
    sys.stdin.readline()
    lock.confirm()
print("released", flush=True)
"""


@pytest.fixture
def store(restic: Restic) -> LocalStore:
    return LocalStore(str(restic.repository))


@pytest.fixture
def keys(store: LocalStore) -> Keys:
    return unlock(store, Secret("correct horse"))[0]


def program() -> str:
    found = components.restic()
    assert found is not None
    return found


@contextmanager
def holding(store: LocalStore, ledger: Path, how: str) -> Iterator[subprocess.Popen[str]]:
    """Hold a lock in another process, which lets go when it reads a line."""
    command = [sys.executable, "-c", HOLDER, store.path, str(ledger), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@contextmanager
def restic_holding_exclusively(restic: Restic) -> Iterator[None]:
    """Stop a restic in the middle of a command that holds the exclusive lock."""
    environment = os.environ | {"RESTIC_REPOSITORY": str(restic.repository), "RESTIC_PASSWORD": restic.password}
    command = [program(), "--no-cache", "check", "--read-data"]
    store = LocalStore(str(restic.repository))
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        while not names(store, FileKind.LOCK):
            assert process.poll() is None
        process.send_signal(signal.SIGSTOP)
        yield
        process.send_signal(signal.SIGCONT)
        process.wait()


def there(store: LocalStore) -> list[str]:
    return list(names(store, FileKind.LOCK))


def test_restic_backs_up_beside_our_shared_lock_and_refuses_to_prune(
    restic: Restic, store: LocalStore, keys: Keys
) -> None:
    with Locks(store, 2, keys).acquire(exclusive=False):
        restic.run("backup", __file__)
        refused = restic.attempt("prune")
    assert refused.returncode != 0
    assert "already locked" in refused.stderr
    restic.run("prune")


def test_restic_refuses_everything_beside_our_exclusive_lock(restic: Restic, store: LocalStore, keys: Keys) -> None:
    with Locks(store, 2, keys).acquire(exclusive=True):
        refused = restic.attempt("backup", __file__)
    assert refused.returncode != 0
    assert f"already locked exclusively by PID {os.getpid()}" in refused.stderr
    restic.run("backup", __file__)


def test_restic_lists_our_lock_and_reads_it(restic: Restic, store: LocalStore, keys: Keys) -> None:
    with Locks(store, 2, keys).acquire(exclusive=False) as lock:
        assert restic.run("list", "locks").split() == [lock.name]
        shown = restic.json("cat", "lock", lock.name)
    assert (shown["pid"], shown["exclusive"]) == (os.getpid(), False)


def test_we_refuse_while_restic_holds_its_exclusive_lock(restic: Restic, store: LocalStore, keys: Keys) -> None:
    with restic_holding_exclusively(restic), pytest.raises(Locked, match="exclusively"):
        Locks(store, 2, keys).acquire(exclusive=False)
    Locks(store, 2, keys).acquire(exclusive=True).release()


def test_what_a_killed_restic_leaves_is_told_with_its_owner_and_stays(
    restic: Restic, store: LocalStore, keys: Keys, tmp_path: Path
) -> None:
    environment = os.environ | {"RESTIC_REPOSITORY": store.path, "RESTIC_PASSWORD": restic.password}
    with subprocess.Popen([program(), "--no-cache", "check"], env=environment, stdout=subprocess.DEVNULL) as process:
        while not there(store):
            assert process.poll() is None
        process.kill()
    left = there(store)
    with pytest.raises(Locked, match=f"pid {process.pid}") as caught:
        Locks(store, 2, keys, ledger=Ledger(str(tmp_path / "ledger"))).acquire(exclusive=False)
    assert "unlock" in str(caught.value.hint)
    assert there(store) == left


def test_restic_unlock_neither_ends_the_holder_nor_takes_its_lock(
    restic: Restic, store: LocalStore, tmp_path: Path
) -> None:
    with holding(store, tmp_path / "ledger", "exclusive") as process:
        restic.run("unlock")
        assert len(there(store)) == 1
        assert process.communicate("go on\n")[0] == "released\n"
    assert process.returncode == 0
    assert there(store) == []


@pytest.mark.parametrize("how", ["shared", "exclusive"])
def test_the_lock_of_our_killed_process_goes_with_the_next_command(
    store: LocalStore, keys: Keys, tmp_path: Path, how: str
) -> None:
    ledger = tmp_path / "ledger"
    with holding(store, ledger, how) as process:
        process.kill()
        process.wait()
    assert len(there(store)) == 1
    with Locks(store, 2, keys, ledger=Ledger(str(ledger))).acquire(exclusive=True) as lock:
        assert there(store) == [lock.name]
    assert there(store) == []
    assert list(ledger.iterdir()) == []


def test_without_the_ledger_nothing_is_removed(store: LocalStore, keys: Keys, tmp_path: Path) -> None:
    with holding(store, tmp_path / "ledger", "shared") as process:
        process.kill()
        process.wait()
    with pytest.raises(Locked):
        Locks(store, 2, keys, ledger=Ledger(str(tmp_path / "another"))).acquire(exclusive=True)
    assert len(there(store)) == 1
