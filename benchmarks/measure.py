"""Run a program to its end and say what it cost: time, processor, memory of all its processes."""

import ctypes
import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import msgspec

_PR_SET_CHILD_SUBREAPER = 36


class Command(msgspec.Struct, frozen=True):
    """A program, its arguments and what it is given."""

    arguments: list[str]
    environment: dict[str, str] = {}
    """Added to ours."""
    directory: Path | None = None


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one call of a program took."""

    wall: float
    """Seconds from start to end."""
    processor: float
    """Seconds of user and system time of the program and all processes that it started."""
    peak: int
    """Bytes of memory, shared pages counted in parts, of all its processes at the worst sample."""


class Failure(Exception):
    """A measured program did not end with 0."""


def measure(command: Command, sample_s: float | None = None) -> Cost:
    """Run a command and return its cost; only one may run at a time.

    Looking at its memory every `sample_s` seconds slows it down; None: no look, and no peak.

    Raises:
        Failure: it failed; the message holds the end of what it printed.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, others = _processor(), set(_children(os.getpid()))
    with tempfile.TemporaryFile() as printed, _Sampler(sample_s, others) as sampler:
        start = time.perf_counter()
        process = subprocess.Popen(
            command.arguments,
            env=os.environ | command.environment,
            cwd=command.directory,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        process.wait()
        wall = time.perf_counter() - start
        _reap_orphans(others)
        if process.returncode != 0:
            printed.seek(0)
            said = printed.read()[-2000:].decode(errors="replace")
            raise Failure(f"{' '.join(command.arguments)}: exit {process.returncode}\n{said}")
    return Cost(wall=wall, processor=_processor() - before, peak=sampler.peak)


def middle(costs: Iterable[Cost]) -> Cost:
    """Return the medians."""
    walls, processors, peaks = zip(*((cost.wall, cost.processor, cost.peak) for cost in costs), strict=True)
    return Cost(wall=median(walls), processor=median(processors), peak=round(median(peaks)))


def size_of(directory: Path) -> int:
    """Return the bytes in all files below a directory."""
    return sum(path.lstat().st_size for path in directory.rglob("*") if path.is_file())


def memory_of(process: int) -> int:
    """Return the proportional set size of a process, bytes; 0 of one that is gone."""
    try:
        with open(f"/proc/{process}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class _Sampler:
    """Looks at the memory of our descendants until it is told to stop; `others` are children that do not count."""

    def __init__(self, interval_s: float | None, others: set[int]) -> None:
        self.peak = 0
        self._others = others
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> "_Sampler":
        if self._interval_s is not None:
            self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        if self._interval_s is not None:
            self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(self._interval_s):
            self.peak = max(self.peak, sum(map(memory_of, _descendants(os.getpid(), self._others))))


def _descendants(process: int, others: set[int]) -> list[int]:
    found = [child for child in _children(process) if child not in others]
    waiting = list(found)
    while waiting:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(process: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _reap_orphans(others: set[int]) -> None:
    """Wait for processes that the program left to us, so that their time counts too; `others` are children of ours."""
    while left := set(_children(os.getpid())) - others:
        for process in left:
            os.waitpid(process, 0)
