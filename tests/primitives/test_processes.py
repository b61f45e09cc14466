import os
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest

from tui_backup.primitives.processes import has_ended, is_dead, this_process

OTHER = "from tui_backup.primitives.processes import this_process; print(this_process().pid, this_process().started)"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def altered(**changes: str | int) -> bool:
    """Return whether a process with these differences from our own counts as dead."""
    return is_dead(msgspec.structs.replace(this_process(), **changes))


def test_a_process_that_lives_is_not_dead(child: subprocess.Popen[bytes]) -> None:
    assert not is_dead(this_process())
    assert not has_ended(child.pid)


def test_a_killed_process_has_ended_even_before_somebody_waited_for_it(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert has_ended(child.pid)
    child.wait()
    assert has_ended(child.pid)


def test_a_pid_that_another_process_has_got_since_is_dead() -> None:
    assert altered(started=this_process().started + 1)


def test_without_its_start_a_living_pid_proves_nothing() -> None:
    assert not altered(started=0)


def test_a_pid_of_another_name_space_proves_nothing() -> None:
    assert not altered(space=1, started=1)


def test_a_new_start_of_this_machine_left_no_process_alive() -> None:
    assert altered(boot="before", machine=this_process().machine) == bool(this_process().machine)


@pytest.mark.parametrize("machine", ["another", ""])
def test_another_machine_proves_nothing(machine: str) -> None:
    assert not altered(boot="another", machine=machine)


def test_without_a_boot_nobody_can_tell() -> None:
    assert not altered(boot="", started=1)


@pytest.mark.parametrize("pid", [0, -1, 2**70])
def test_a_number_that_is_no_pid_lives_nowhere(pid: int) -> None:
    assert has_ended(pid)


@pytest.mark.requires("root")
def test_a_process_of_another_user_lives() -> None:
    other = "import os; from tui_backup.primitives.processes import has_ended; os.setuid(65534); print(has_ended(1))"
    answer = subprocess.run([sys.executable, "-c", other], capture_output=True, check=True, text=True)
    assert answer.stdout == "False\n"


def test_every_process_says_something_else_of_itself() -> None:
    answer = subprocess.run([sys.executable, "-c", OTHER], capture_output=True, check=True, text=True)
    pid, started = map(int, answer.stdout.split())
    assert pid != os.getpid()
    assert started >= this_process().started
