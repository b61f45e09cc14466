"""Whether the owner of a lock lives: what is proof, and what is not."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.instant import instant_repository
from tests.support.processes import ended_pid
from tui_backup.errors import Locked
from tui_backup.formats.restic.envelope import save_unpacked
from tui_backup.formats.restic.layout import FileKind, names
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.formats.restic.times import format_time
from tui_backup.model.locking import Locking
from tui_backup.model.upkeep import LockInfo, LockLife
from tui_backup.model.watch import Watch
from tui_backup.primitives.identity import identity
from tui_backup.primitives.ledger import Ledger

MINUTE = 60 * 10**9
HOLD = """
import sys
from tui_backup.primitives.ledger import Ledger
Ledger(sys.argv[1]).remember(sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def repository(tmp_path: Path) -> ResticRepository:
    return instant_repository(ledger=Ledger(str(tmp_path / "marks")))


def leave(repository: ResticRepository, age_ns: int = 0, **fields: Any) -> str:
    """Leave the lock of a program of this host and user."""
    access = repository.access
    owner = {"hostname": identity().hostname, "username": "eve", "pid": os.getpid(), "uid": os.getuid()}
    document = {"time": format_time(time.time_ns() - age_ns), "exclusive": True} | owner | fields
    return save_unpacked(access.store, FileKind.LOCK, msgspec.json.encode(document), access.version, access.cipher)


def only(repository: ResticRepository) -> LockInfo:
    (found,) = repository.upkeep.locks.found()
    return found


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process of this program that has left the mark `name`."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "marks"), "name"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_owner_is_told_with_all_that_the_lock_says(repository: ResticRepository) -> None:
    name = leave(repository, username="eve", pid=1)
    found = only(repository)
    assert (found.name, found.user, found.host, found.pid, found.exclusive) == (
        name, "eve", identity().hostname, 1, True,
    )  # fmt: skip
    assert found.since == found.refreshed is not None


def test_a_process_of_that_pid_and_user_that_began_before_is_taken_for_the_owner(repository: ResticRepository) -> None:
    leave(repository)
    assert only(repository).life is LockLife.ALIVE
    assert f"its process {os.getpid()} (" in only(repository).evidence


def test_a_process_that_began_after_the_last_refresh_proves_nothing(repository: ResticRepository) -> None:
    leave(repository, age_ns=60 * 24 * 365 * MINUTE)
    assert only(repository).life is LockLife.UNKNOWN
    assert "began only after" in only(repository).evidence


@pytest.mark.parametrize(("age", "life"), [(0, LockLife.UNKNOWN), (6, LockLife.UNKNOWN), (8, LockLife.DEAD)])
def test_without_a_process_a_lock_is_dead_once_its_owner_should_have_refreshed_it(
    repository: ResticRepository, age: int, life: LockLife
) -> None:
    leave(repository, age_ns=age * MINUTE, pid=ended_pid())
    assert only(repository).life is life


@pytest.mark.parametrize(("age", "life"), [(0, LockLife.UNKNOWN), (8, LockLife.DEAD)])
def test_the_process_of_another_user_is_not_the_owner(repository: ResticRepository, age: int, life: LockLife) -> None:
    leave(repository, age_ns=age * MINUTE, uid=os.getuid() + 4321)
    assert only(repository).life is life


@pytest.mark.parametrize(
    "owner",
    [{"hostname": "db1"}, {"hostname": ""}, {"hostname": "localhost"}, {"hostname": None}, {"pid": 0}, {"pid": -1}],
)
@pytest.mark.parametrize("age", [0, 8, 60 * 24 * 30])
def test_of_other_hosts_nothing_is_known(repository: ResticRepository, owner: dict[str, Any], age: int) -> None:
    leave(repository, age_ns=age * MINUTE, **({"pid": ended_pid()} | owner))
    assert only(repository).life is LockLife.UNKNOWN
    assert ("may wake" in only(repository).evidence) == (age > 7)


def test_a_lock_without_a_time_and_one_that_is_garbage_are_unknown(repository: ResticRepository) -> None:
    leave(repository, time=None)
    repository.access.store.put("locks/" + "0" * 64, b"something")
    assert [each.life for each in repository.upkeep.locks.found()] == [LockLife.UNKNOWN] * 2


def test_a_clock_that_was_set_back_kills_nobody(repository: ResticRepository) -> None:
    leave(repository, age_ns=-60 * MINUTE, pid=ended_pid())
    assert only(repository).life is LockLife.UNKNOWN


def test_the_ledger_proves_life_and_death(
    repository: ResticRepository, holder: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    name = leave(repository, age_ns=60 * MINUTE, pid=ended_pid())
    os.rename(tmp_path / "marks" / "name", tmp_path / "marks" / name)
    assert only(repository).life is LockLife.ALIVE
    holder.kill()
    holder.wait()
    assert only(repository).life is LockLife.DEAD
    assert list(names(repository.access.store, FileKind.LOCK)) == [name], "looking removes nothing"


def test_locks_are_listed_oldest_first_and_removed_one_by_one(repository: ResticRepository) -> None:
    ages = [leave(repository, age_ns=age * MINUTE) for age in (1, 3, 2)]
    desk = repository.upkeep.locks
    found = desk.found()
    assert [each.name for each in found] == [ages[1], ages[2], ages[0]]
    desk.remove(found[:1])
    assert [each.name for each in desk.found()] == [ages[2], ages[0]]


def refused(repository: ResticRepository) -> Locked:
    with pytest.raises(Locked) as caught, repository.access.shared(Watch()):
        pass
    return caught.value


def test_a_refusal_says_whether_the_owner_lives_and_what_can_be_done(tmp_path: Path) -> None:
    locking = Locking(run_of=lambda pid: f"run-{pid}", optional=True)
    repository = instant_repository(ledger=Ledger(str(tmp_path / "marks")), locking=locking)
    leave(repository)
    error = refused(repository)
    assert "eve" in error.message
    assert "runs here" in error.message
    assert f"tui-backup attach run-{os.getpid()}; stop it: tui-backup cancel run-{os.getpid()}" in str(error.hint)
    assert "--retry-lock" in str(error.hint)
    assert "--no-lock" in str(error.hint)


def test_a_refusal_by_the_dead_names_the_command_that_removes_the_lock(repository: ResticRepository) -> None:
    leave(repository, age_ns=8 * MINUTE, pid=ended_pid())
    assert refused(repository).hint == "`tui-backup unlock -r main` removes it"


def test_a_refusal_by_somebody_elsewhere_needs_force(repository: ResticRepository) -> None:
    leave(repository, hostname="db1")
    assert "`tui-backup unlock -r main --force`" in str(refused(repository).hint)


def test_waiting_is_told_once_and_for_whom() -> None:
    told: list[str] = []
    repository = instant_repository(locking=Locking(retry_s=0.2, on_wait=told.append))
    leave(repository)
    refused(repository)
    assert len(told) == 1
    assert "is locked exclusively by eve" in told[0]


def test_who_wants_no_lock_reads_and_writes_nothing(repository: ResticRepository) -> None:
    reading = ResticRepository(
        msgspec.structs.replace(repository.access.opening, locking=Locking(wanted=False)),
        repository.access.config, repository.access.keys,
    )  # fmt: skip
    leave(repository)
    with reading.locked(Watch()):
        assert len(names(repository.access.store, FileKind.LOCK)) == 1
    with pytest.raises(Locked):
        reading.forget(())
