"""The real program as a process that dies when it is told to, and what is left of it."""

import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

from tests.support.killing import WHERE, Moment
from tests.support.programs import Installation, Said, ended

ROOT = Path(__file__).parent.parent.parent
_DEADLINE_S = 60
_AT_ONCE = 3
_SITE = "from tests.support.killing import arm\narm()\n"


class Remains(NamedTuple):
    """How a victim ended."""

    code: int
    log: list[str]
    """`MOMENT OPERATION KEY` in the order in which they passed, in all its processes."""
    groups: list[int]
    """Its process groups: one, and one more if it had workers."""

    @property
    def was_killed(self) -> bool:
        """Whether it met its end before its work was done."""
        return self.code == -signal.SIGKILL

    @property
    def last(self) -> str:
        """The operation at which it was: `put data`, `delete locks`, `get config`."""
        _moment, _role, operation, key = self.log[-1].split(" ", 3)
        return f"{operation} {key.split('/')[0]}".strip()


class Doom(NamedTuple):
    """When a victim is to die."""

    moment: Moment
    number: int = 1
    """The N-th of these moments."""
    whom: str = "all"
    """`all`: every process at once; `owner`: the process group that was started; `workers`: their session; `nobody`:
    it pauses there."""
    what: str = ""
    """Only moments of such operations count: `worker put data`."""


class Victim(NamedTuple):
    """A program that meets its doom, or has met it."""

    installation: Installation
    process: "subprocess.Popen[str]"
    directory: Path
    paused: int

    def await_pause(self) -> None:
        """Wait until it has come to the moment at which it pauses."""
        assert select.select([self.paused], [], [], _DEADLINE_S)[0], "the moment never came"

    def resume(self) -> None:
        """Let it go on."""
        (self.directory / "resumed").write_bytes(b"!")

    def end(self) -> Said:
        """Wait for its end."""
        return ended(self.process)

    def remains(self) -> Remains:
        """Return how it ended."""
        log = self.directory / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return Remains(self.process.returncode, lines, groups_of(self.directory))


@contextmanager
def victim(installation: Installation, doom: Doom, *arguments: str) -> Iterator[Victim]:
    """Start the program so that it dies or pauses as foretold; on leaving, none of its processes lives any more."""
    directory = installation.directory / f"reaper-{len(list(installation.directory.glob('reaper-*')))}"
    directory.mkdir()
    (directory / "plan").write_text(f"{doom.number} {doom.whom} {doom.moment} {doom.what}")
    (directory / "sitecustomize.py").write_text(_SITE)
    for pipe in ("alive", "paused", "resumed"):
        os.mkfifo(directory / pipe)
    alive, paused = (os.open(directory / pipe, os.O_RDONLY | os.O_NONBLOCK) for pipe in ("alive", "paused"))
    environment = {WHERE: str(directory), "PYTHONPATH": f"{directory}{os.pathsep}{ROOT}"}
    process = installation.start(*arguments, environment=environment)
    try:
        with process:
            yield Victim(installation, process, directory, paused)
            if process.poll() is None:
                ended(process)
        _await_the_last(alive)
    finally:
        os.close(alive)
        os.close(paused)
        for group in groups_of(directory):
            _kill_left_over(group)


def slay(installation: Installation, doom: Doom, *arguments: str) -> Remains:
    """Run the program until it dies as foretold, or ends because that moment never came."""
    with victim(installation, doom, *arguments) as dying:
        dying.end()
    return dying.remains()


def groups_of(directory: Path) -> list[int]:
    """Return the process groups that took part so far."""
    path = directory / "groups"
    return list(map(int, path.read_text().split())) if path.exists() else []


def slay_at_every(moment: Moment, scene: Callable[[Doom], Remains]) -> list[Remains]:
    """Play a scene with death at the first moment of a kind, then the second, and so on, until none comes.

    Some scenes are played at once. Returns what was left of those that died.
    """
    deaths: list[Remains] = []
    with ThreadPoolExecutor(_AT_ONCE) as stages:
        for number in count(1, _AT_ONCE):
            played = list(stages.map(scene, [Doom(moment, number + offset) for offset in range(_AT_ONCE)]))
            deaths += [remains for remains in played if remains.was_killed]
            if not all(remains.was_killed for remains in played):
                break
    return deaths


def _await_the_last(alive: int) -> None:
    """Wait until no process holds the pipe open for writing any more."""
    poll = select.poll()
    poll.register(alive, select.POLLHUP)
    assert poll.poll(_DEADLINE_S * 1000), "a process of the victim lives on"


def _kill_left_over(group: int) -> None:
    """End what a failed test left behind; nothing is, where all went well."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
