"""Death by SIGKILL at a chosen moment, in a real program and in its worker processes alike.

`arm` is called as an interpreter starts (see `victims.py`). It lets every operation of a LocalStore, every file that a
restore places, and everything that is stopped for a backup and started again pass through a `Reaper`, which counts them
over all processes and strikes at the one it was told.
"""

import fcntl
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Any

WHERE = "KILLING_DIRECTORY"
"""Environment variable: the directory that the processes of one victim share."""

_COUNTED = ("create", "put", "get", "objects", "delete", "tidy")


class Moment(StrEnum):
    """When during an operation; only writes have a middle, and an end that others could tell from what follows."""

    BEFORE = "before"
    HALFWAY = "halfway"
    """Half of the bytes lie in a file under a temporary name."""
    AFTER = "after"
    PLACING = "placing"
    """Before a file is restored."""
    PLACED_HALF = "placed-half"
    PLACED = "placed"
    STILLING = "stilling"
    """Before something is stopped or started, or that is noted."""
    STILLED = "stilled"
    NEVER = "never"


class Reaper:
    """Counts moments over all processes that share its directory, and kills them at the one that was chosen.

    Files of the directory: `plan` (number, whom, and the beginning of the lines that count), `log` (a line for every
    moment that passed: `halfway worker put data/...`), `groups` (process groups, the owner's first), and three pipes:
    `alive`, held open for writing by every process, `paused` and `resumed`.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._threads = threading.local()
        number, self._whom, self._line = (directory / "plan").read_text().split(" ", 2)
        self._number = int(number)
        self._alive = os.open(directory / "alive", os.O_WRONLY | os.O_CLOEXEC)
        groups = self._append("groups", str(os.getpgrp()))
        self._role = "owner" if len(groups) == 1 else "worker"

    def meet(self, moment: Moment, what: str) -> None:
        """Let a moment pass, or strike."""
        mine = f"{moment} {self._role} {what}"
        lines = self._append("log", mine)
        if mine.startswith(self._line) and sum(line.startswith(self._line) for line in lines) == self._number:
            self._strike()

    @property
    def is_putting(self) -> bool:
        """Whether this thread is within a `put`, whose beginning and end are moments already."""
        return getattr(self._threads, "putting", False)

    @contextmanager
    def putting(self) -> Iterator[None]:
        """Have this thread be within a `put`."""
        self._threads.putting = True
        try:
            yield
        finally:
            self._threads.putting = False

    def _strike(self) -> None:
        if self._whom == "nobody":
            self._pause()
            return
        groups = list(map(int, (self._directory / "groups").read_text().split()))
        doomed = {"owner": groups[:1], "workers": groups[1:], "all": groups}[self._whom]
        for group in sorted(doomed, key=os.getpgrp().__eq__):
            os.killpg(group, signal.SIGKILL)

    def _pause(self) -> None:
        """Say that the moment has come, and wait to be told to go on."""
        with open(self._directory / "paused", "wb") as paused:
            paused.write(b"!")
        with open(self._directory / "resumed", "rb") as resumed:
            resumed.read(1)

    def _append(self, name: str, line: str) -> list[str]:
        with open(self._directory / name, "a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(line + "\n")
            file.flush()
            file.seek(0)
            return file.read().splitlines()


def arm() -> None:
    """Put a reaper behind the store and the landing of this interpreter, if it is to have one."""
    directory = os.environ.get(WHERE)
    if directory is None:
        return
    from tui_backup.engine import landing
    from tui_backup.formats.archive import seal
    from tui_backup.formats.restic import keys
    from tui_backup.primitives import crew
    from tui_backup.services.programs import standstill, stoppables
    from tui_backup.stores import local

    keys._COST = seal._COST_LOG = 2
    reaper = Reaper(Path(directory))
    _replace(crew, "_START", lambda start: f"from tests.support.killing import arm; arm(); {start}")
    for name in _COUNTED:
        setattr(local.LocalStore, name, _counted(reaper, name, getattr(local.LocalStore, name)))
    _replace(local.LocalStore, "writing", lambda writing: _half_written(reaper, writing))
    _replace(landing, "_write", lambda write: _half_placed(reaper, write))
    _replace(landing.DirectoryLanding, "place", lambda place: _placed(reaper, place))
    _replace(standstill, "_save", lambda save: _stilled(reaper, "save", save))
    for name in ("stop", "start"):
        setattr(stoppables, name, _stilled(reaper, name, getattr(stoppables, name)))


def _replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    setattr(owner, name, wrap(getattr(owner, name)))


def _counted(reaper: Reaper, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
    def counted(store: Any, key: str = "", *arguments: Any) -> Any:
        reaper.meet(Moment.BEFORE, f"{name} {key}")
        with reaper.putting() if name == "put" else nullcontext():
            answer = operation(store, *((key,) if key else ()), *arguments)
        if name in {"put", "delete"}:
            reaper.meet(Moment.AFTER, f"{name} {key}")
        return answer

    return counted


def _stilled(reaper: Reaper, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
    def stilled(*arguments: Any) -> Any:
        reaper.meet(Moment.STILLING, f"{name} {arguments[0]}")
        answer = operation(*arguments)
        reaper.meet(Moment.STILLED, f"{name} {arguments[0]}")
        return answer

    return stilled


def _half_written(reaper: Reaper, writing: Callable[..., Any]) -> Callable[..., Any]:
    @contextmanager
    def half_written(store: Any, key: str) -> Iterator[Any]:
        is_all = not reaper.is_putting
        if is_all:
            reaper.meet(Moment.BEFORE, f"put {key}")
        with writing(store, key) as sink:
            yield _Halves(sink, lambda: reaper.meet(Moment.HALFWAY, f"put {key}"))
        if is_all:
            reaper.meet(Moment.AFTER, f"put {key}")

    return half_written


class _Halves:
    """Writes the first piece in two halves."""

    def __init__(self, sink: Any, meet: Callable[[], None]) -> None:
        self._sink = sink
        self._meet: Callable[[], None] | None = meet

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Take the next bytes."""
        view = memoryview(piece).cast("B")
        if self._meet is not None:
            self._sink.write(view[: len(view) // 2])
            self._meet()
            self._meet = None
            view = view[len(view) // 2 :]
        self._sink.write(view)


def _half_placed(reaper: Reaper, write: Callable[..., None]) -> Callable[..., None]:
    def half_placed(descriptor: int, size: int, content: Iterable[bytes]) -> None:
        def halves() -> Iterable[bytes]:
            for piece in content:
                yield piece[: len(piece) // 2]
                reaper.meet(Moment.PLACED_HALF, f"place {os.readlink(f'/proc/self/fd/{descriptor}')}")
                yield piece[len(piece) // 2 :]

        write(descriptor, size, halves())

    return half_placed


def _placed(reaper: Reaper, place: Callable[..., None]) -> Callable[..., None]:
    def placed(landing: Any, entry: Any, content: Iterable[bytes]) -> None:
        reaper.meet(Moment.PLACING, f"place {entry.path!r}")
        place(landing, entry, content)
        reaper.meet(Moment.PLACED, f"place {entry.path!r}")

    return placed
