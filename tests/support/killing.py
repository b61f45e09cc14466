"""Death by SIGKILL at a chosen moment, in a real program and in its worker processes alike.

`arm` is called as an interpreter starts (see `victims.py`). It lets every operation of a LocalStore and every file that
a restore places pass through a `Reaper`, which counts them over all processes and strikes at the one it was told.
"""

import fcntl
import os
import signal
from collections.abc import Callable, Iterable
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
    NEVER = "never"


class Reaper:
    """Counts moments over all processes that share its directory, and kills them at the one that was chosen.

    Files of the directory: `plan` (moment, number, `all` or `owner`), `log` (a line for every moment that passed),
    `groups` (process groups, the owner's first), `alive` (a pipe that every process holds open for writing).
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        moment, number, whom = (directory / "plan").read_text().split()
        self._moment, self._number, self._whom = moment, int(number), whom
        self._alive = os.open(directory / "alive", os.O_WRONLY | os.O_CLOEXEC)
        self._append("groups", str(os.getpgrp()))

    def meet(self, moment: Moment, what: str) -> None:
        """Let a moment pass, or strike."""
        lines = self._append("log", f"{moment} {what}")
        if moment == self._moment and sum(line.split()[0] == moment for line in lines) == self._number:
            self._strike()

    def _strike(self) -> None:
        groups = list(map(int, (self._directory / "groups").read_text().split()))
        doomed = groups[:1] if self._whom == "owner" else groups
        for group in sorted(doomed, key=os.getpgrp().__eq__):
            os.killpg(group, signal.SIGKILL)

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
    from tui_backup.stores import local

    reaper = Reaper(Path(directory))
    for name in _COUNTED:
        setattr(local.LocalStore, name, _counted(reaper, name, getattr(local.LocalStore, name)))
    _replace(local, "_fill", lambda fill: _half_filled(reaper, fill))
    _replace(landing, "_write", lambda write: _half_placed(reaper, write))
    _replace(landing.DirectoryLanding, "place", lambda place: _placed(reaper, place))


def _replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    setattr(owner, name, wrap(getattr(owner, name)))


def _counted(reaper: Reaper, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
    def counted(store: Any, key: str = "", *arguments: Any) -> Any:
        reaper.meet(Moment.BEFORE, f"{name} {key}")
        answer = operation(store, *((key,) if key else ()), *arguments)
        if name in {"put", "delete"}:
            reaper.meet(Moment.AFTER, f"{name} {key}")
        return answer

    return counted


def _half_filled(reaper: Reaper, fill: Callable[..., None]) -> Callable[..., None]:
    def half_filled(descriptor: int, body: bytes | memoryview) -> None:
        middle = len(body) // 2
        fill(descriptor, body[:middle])
        reaper.meet(Moment.HALFWAY, f"put {os.readlink(f'/proc/self/fd/{descriptor}')}")
        fill(descriptor, body[middle:])

    return half_filled


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
