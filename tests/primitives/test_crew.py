"""A crew of real worker processes: answers, endings and deaths."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_backup.errors import BackupError
from tui_backup.primitives.crew import Channel, Crew, OwnerGone

ROOT = Path(__file__).parent.parent.parent
HAND = "tests.primitives.test_crew:EchoHand"


class EchoHand:
    """Answers each message with setup and message; some messages are orders."""

    def __init__(self, setup: bytes, channel: Channel) -> None:
        self._setup = setup
        self._channel = channel

    def work(self) -> None:
        while self._channel.inbox or self._channel.fill():
            while self._channel.inbox:
                self._obey(self._channel.inbox.popleft())

    def _obey(self, message: bytes) -> None:
        match message:
            case b"pid":
                self._channel.send(str(os.getpid()).encode())
            case b"die":
                os._exit(7)
            case b"sleep":
                self._channel.send(b"asleep")
                time.sleep(60)
            case b"raise":
                raise ValueError("on purpose")
            case _:
                self._channel.send(self._setup + message)


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch) -> Iterator[Crew]:
    monkeypatch.chdir(ROOT)
    crew = Crew(HAND, b"setup ", 2)
    yield crew
    crew.close()


def answers(crew: Crew, count: int) -> list[tuple[int, bytes]]:
    """Wait for so many answers, half a minute at most."""
    found: list[tuple[int, bytes]] = []
    deadline = time.monotonic() + 30
    while len(found) < count and time.monotonic() < deadline:
        found += crew.poll(1)
    return found


def pids(crew: Crew) -> list[int]:
    for worker in range(len(crew)):
        crew.send(worker, b"pid")
    return [int(message) for _worker, message in sorted(answers(crew, len(crew)))]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def all_end(processes: list[int]) -> bool:
    """Whether all of them end within ten seconds."""
    deadline = time.monotonic() + 10
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not any(map(is_alive, processes))


def test_every_worker_knows_the_setup_and_answers_in_order(crew: Crew) -> None:
    for number in range(6):
        crew.send(number % 2, b"%d" % number)
    found = answers(crew, 6)
    assert [message for worker, message in found if worker == 0] == [b"setup 0", b"setup 2", b"setup 4"]
    assert [message for worker, message in found if worker == 1] == [b"setup 1", b"setup 3", b"setup 5"]


def test_an_empty_message_is_a_message(crew: Crew) -> None:
    crew.send(1, b"")
    assert answers(crew, 1) == [(1, b"setup ")]


def test_big_messages_go_both_ways_without_a_deadlock(crew: Crew) -> None:
    big = bytes(5_000_000)
    for _time in range(4):
        crew.send(0, big)
        crew.send(1, big)
    found = answers(crew, 8)
    assert sorted(worker for worker, _message in found) == [0] * 4 + [1] * 4
    assert all(message == b"setup " + big for _worker, message in found)


def test_without_anything_to_hear_polling_returns(crew: Crew) -> None:
    assert list(crew.poll()) == []
    assert list(crew.poll(0.01)) == []


def test_workers_are_processes_of_their_own_in_another_session(crew: Crew) -> None:
    workers = pids(crew)
    assert len({os.getpid(), *workers}) == 3
    assert all(os.getsid(worker) != os.getsid(0) for worker in workers)


def test_workers_end_when_they_are_let_go(crew: Crew) -> None:
    workers = pids(crew)
    crew.close()
    assert all_end(workers)


@pytest.mark.parametrize("order", [b"die", b"raise"])
def test_a_worker_that_ends_is_an_error_and_not_a_wait_without_end(crew: Crew, order: bytes) -> None:
    crew.send(0, order)
    with pytest.raises(BackupError, match="worker process ended"):
        answers(crew, 1)


def test_a_worker_that_is_killed_is_an_error(crew: Crew) -> None:
    os.kill(pids(crew)[1], signal.SIGKILL)
    with pytest.raises(BackupError, match="worker process ended"):
        answers(crew, 1)


def test_sending_to_a_worker_that_is_gone_is_an_error(crew: Crew) -> None:
    (first, _second) = pids(crew)
    os.kill(first, signal.SIGKILL)
    assert all_end([first])
    with pytest.raises(BackupError, match="worker process ended"):
        crew.send(0, bytes(10_000_000))


def test_what_was_said_before_a_death_is_still_heard(crew: Crew) -> None:
    crew.send(0, b"last words")
    assert answers(crew, 1) == [(0, b"setup last words")]
    crew.send(0, b"die")
    with pytest.raises(BackupError):
        answers(crew, 1)


@pytest.mark.parametrize("worker", [0, 1])
def test_no_worker_of_a_closed_crew_goes_on(crew: Crew, worker: int) -> None:
    workers = pids(crew)
    crew.patience_s = 0.2
    crew.send(worker, b"sleep")
    answers(crew, 1)
    crew.close()
    assert all_end(workers)


def test_files_where_it_was_started_from_are_not_taken_for_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "struct.py").write_text("import os; os._exit(9)")
    monkeypatch.chdir(tmp_path)
    crew = Crew(HAND, b"", 1)
    crew.send(0, b"here")
    assert answers(crew, 1) == [(0, b"here")]
    crew.close()


def test_a_program_may_have_a_thousand_files_open() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    open_files = [os.open(os.devnull, os.O_RDONLY) for _number in range(1100)]
    crew = Crew(HAND, b"", 1)
    try:
        crew.send(0, b"here")
        assert answers(crew, 1) == [(0, b"here")]
    finally:
        crew.close()
        for descriptor in open_files:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_owner_that_is_gone_is_not_trouble_with_a_file() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with pytest.raises(OwnerGone):
        Channel(theirs).send(b"anybody")
    theirs.close()


def test_a_worker_that_does_not_look_up_is_killed(crew: Crew) -> None:
    crew.patience_s = 0.2
    for worker in range(len(crew)):
        crew.send(worker, b"sleep")
    asleep = 0
    while asleep < len(crew):
        asleep += len(list(crew.poll(5)))
    began = time.monotonic()
    crew.close()
    assert time.monotonic() - began < 10


def test_a_hand_that_cannot_be_made_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    crew = Crew("tui_backup.primitives.crew:no_such_hand", b"", 1)
    with pytest.raises(BackupError, match="worker process ended"):
        answers(crew, 1)
    crew.close()


def test_workers_end_when_their_owner_is_killed() -> None:
    script = f"""
import time
from tui_backup.primitives.crew import Crew
crew = Crew({HAND!r}, b"", 2)
for worker in range(2):
    crew.send(worker, b"pid")
found = []
while len(found) < 2:
    found += crew.poll(1)
print(*(int(pid) for _worker, pid in found), flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        workers = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(workers) == 2
        assert all(map(is_alive, workers))
        owner.kill()
    assert all_end(workers)
