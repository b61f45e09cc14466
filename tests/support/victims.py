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
from tests.support.programs import Installation

ROOT = Path(__file__).parent.parent.parent
_DEADLINE_S = 60
_AT_ONCE = 2
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
        _moment, operation, key = self.log[-1].split(" ", 2)
        return f"{operation} {key.split('/')[0]}"


class Doom(NamedTuple):
    """When a victim is to die."""

    moment: Moment
    number: int = 1
    """The N-th of these moments."""
    whom: str = "all"
    """`all`: every process at once; `owner`: the process group that was started, not the workers' session."""


@contextmanager
def victim(installation: Installation, doom: Doom, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Start the program so that it dies as foretold; on leaving, none of its processes lives any more."""
    directory = installation.directory / "reaper"
    directory.mkdir()
    (directory / "plan").write_text(f"{doom.moment} {doom.number} {doom.whom}")
    (directory / "sitecustomize.py").write_text(_SITE)
    os.mkfifo(directory / "alive")
    alive = os.open(directory / "alive", os.O_RDONLY | os.O_NONBLOCK)
    environment = {WHERE: str(directory), "PYTHONPATH": f"{directory}{os.pathsep}{ROOT}"}
    process = installation.start(*arguments, environment=environment)
    try:
        with process:
            yield process
            process.communicate(timeout=_DEADLINE_S)
        _await_the_last(alive)
    finally:
        os.close(alive)
        for group in groups_of(directory):
            if group != os.getpgrp():
                _kill_left_over(group)


def remains_of(installation: Installation, process: "subprocess.Popen[str]") -> Remains:
    """Return how a victim ended; its next one begins anew."""
    directory = installation.directory / "reaper"
    log = directory / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    remains = Remains(process.returncode, lines, groups_of(directory))
    directory.rename(installation.directory / f"reaper-{process.pid}")
    return remains


def slay(installation: Installation, doom: Doom, *arguments: str) -> Remains:
    """Run the program until it dies as foretold, or ends because that moment never came."""
    with victim(installation, doom, *arguments) as process:
        pass
    return remains_of(installation, process)


def groups_of(directory: Path) -> list[int]:
    """Return the process groups that took part so far."""
    path = directory / "groups"
    return list(map(int, path.read_text().split())) if path.exists() else []


def slay_at_every(moment: Moment, scene: Callable[[Doom], Remains]) -> list[Remains]:
    """Play a scene with death at the first moment of a kind, then the second, and so on, until none comes.

    Two scenes are played at once. Returns what was left of those that died.
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

