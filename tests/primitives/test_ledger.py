import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tui_backup.primitives.ledger import Ledger
from tui_backup.primitives.processes import Process, this_process

NAME = "0" * 64

HOLDER = """
import sys
from tui_backup.primitives.ledger import Ledger
Ledger(sys.argv[1]).remember(sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def holder(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", HOLDER, str(directory), NAME]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def left_behind(directory: Path, **changes: str | int) -> bool:
    """Return whether a record with these differences from our own, on which nobody holds a lock, counts as dead."""
    directory.mkdir()
    record = msgspec.structs.replace(this_process(), **changes)
    (directory / NAME).write_bytes(msgspec.json.encode(record))
    return Ledger(str(directory)).provably_dead(NAME)


def test_a_mark_of_a_living_process_is_not_dead(directory: Path, holder: subprocess.Popen[bytes]) -> None:
    assert not Ledger(str(directory)).provably_dead(NAME)


def test_a_mark_of_a_killed_process_is_dead(directory: Path, holder: subprocess.Popen[bytes]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert Ledger(str(directory)).provably_dead(NAME)


def test_a_killed_process_that_nobody_waited_for_is_dead(directory: Path, holder: subprocess.Popen[bytes]) -> None:
    holder.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
    assert Ledger(str(directory)).provably_dead(NAME)


def test_our_own_mark_is_not_dead(directory: Path) -> None:
    ledger = Ledger(str(directory))
    ledger.remember(NAME)
    assert not ledger.provably_dead(NAME)
    assert not Ledger(str(directory)).provably_dead(NAME)


def test_an_unknown_mark_proves_nothing(directory: Path) -> None:
    assert not Ledger(str(directory)).provably_dead(NAME)


def test_a_forgotten_mark_leaves_nothing(directory: Path) -> None:
    ledger = Ledger(str(directory))
    ledger.remember(NAME)
    ledger.forget(NAME)
    assert list(directory.iterdir()) == []


def test_a_disowned_mark_is_dead_although_its_process_lives(directory: Path) -> None:
    ledger = Ledger(str(directory))
    ledger.remember(NAME)
    ledger.disown(NAME)
    assert ledger.provably_dead(NAME)


def test_a_living_process_is_never_dead_even_where_locks_do_not_work(directory: Path) -> None:
    assert not left_behind(directory)


def test_a_pid_that_another_process_has_got_since_is_dead(directory: Path) -> None:
    assert left_behind(directory, started=1)


def test_another_pid_space_of_the_same_kernel_is_judged_by_the_lock(directory: Path) -> None:
    assert left_behind(directory, space=1)


def test_this_machine_started_anew_has_no_living_processes_of_before(directory: Path) -> None:
    assert left_behind(directory, boot="before") == bool(this_process().machine)


@pytest.mark.parametrize("machine", ["another", ""])
def test_a_record_of_another_machine_proves_nothing(directory: Path, machine: str) -> None:
    assert not left_behind(directory, boot="another", machine=machine)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff"])
def test_a_damaged_record_proves_nothing(directory: Path, content: bytes) -> None:
    directory.mkdir()
    (directory / NAME).write_bytes(content)
    assert not Ledger(str(directory)).provably_dead(NAME)


def test_old_records_of_dead_processes_go(directory: Path) -> None:
    assert left_behind(directory, started=1)
    os.utime(directory / NAME, (0, 0))
    Ledger(str(directory)).remember("1" * 64)
    assert [path.name for path in directory.iterdir()] == ["1" * 64]


def test_records_are_private(directory: Path) -> None:
    Ledger(str(directory)).remember(NAME)
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / NAME).stat().st_mode & 0o777 == 0o600
    assert msgspec.json.decode((directory / NAME).read_bytes(), type=Process) == this_process()
