"""The lookout: of which runs somebody is still to be told, when the schedules were last looked at, and by which clock.

A run is noted as it begins, where there is anybody to tell. So whoever looks next tells how it ended, whatever has
become of the process that carried it out.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import msgspec

from tui_backup.history import outbox
from tui_backup.history.outbox import Letter
from tui_backup.history.times import to_text

T = TypeVar("T")

KEPT_FOR: Final = timedelta(days=30)
"""How long it stays known of which runs others were told."""

_SCHEDULES: Final = "schedules"
_CLOCK: Final = "clock"
_LEAP: Final = "leap"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the clock on the wall said, and one that nobody can set."""

    time: datetime
    boot: str
    """Which start of the machine."""
    uptime: float
    """Seconds since then, sleep included."""


class Leap(msgspec.Struct, frozen=True, kw_only=True):
    """The clock on the wall was set, by more than it can be wrong."""

    seen_at: datetime
    """By the clock that was set."""
    seconds: float
    """How far; negative: back."""


class Sightings(msgspec.Struct, frozen=True, kw_only=True):
    """What those who looked have noted last."""

    schedules_at: datetime | None = None
    """When the schedules were looked at; None: never."""
    clock: Reading | None = None
    leap: Leap | None = None


class Ask(Protocol):
    """Reads; never fails, as in `History`."""

    def __call__(self, default: T, question: Callable[[sqlite3.Connection], T], /) -> T:
        """Return what `question` finds, or `default` where nothing can be read."""
        ...


class Note(Protocol):
    """Writes; never fails, as in `History`."""

    def __call__(self, change: Callable[[sqlite3.Connection], None], /) -> None:
        """Make a change in one transaction."""
        ...


class Lookout:
    """What is noted by and for those who look."""

    def __init__(self, ask: Ask, note: Note) -> None:
        self._ask = ask
        self._note = note

    def note_begun(self, run: str) -> None:
        """Note that others are to be told how a run ends."""
        self._note(lambda connection: _note_begun(connection, run))

    def untold(self) -> list[str]:
        """Return the runs, going on or over, of whose end nobody was told, oldest first."""
        return self._ask([], _untold)

    def knows(self, run: str) -> bool:
        """Whether a run was noted as it began."""
        return self._ask(False, lambda connection: _knows(connection, run))

    def tell(self, runs: Collection[str], letters: Iterable[Letter], time: datetime) -> None:
        """Put what is to be told of runs into the outbox, and note with it that they are told of."""
        told = tuple(letters)
        self._note(lambda connection: _tell(connection, runs, told, time))

    def note_schedules(self, time: datetime) -> None:
        """Note that somebody has looked at the schedules."""
        self._note(lambda connection: _keep(connection, _SCHEDULES, time))

    def note_clock(self, reading: Reading, leap: Leap | None) -> None:
        """Note what the clocks say, and that one of them was set since the last time."""
        self._note(lambda connection: _note_clock(connection, reading, leap))

    def ahead(self, time: datetime) -> dict[str, datetime]:
        """Return the jobs that have backups of later than that, with the time of the newest."""
        return self._ask({}, lambda connection: _ahead(connection, time))

    def sightings(self) -> Sightings:
        """Return what was noted last."""
        return self._ask(Sightings(), _sightings)


def _note_begun(connection: sqlite3.Connection, run: str) -> None:
    connection.execute("INSERT OR IGNORE INTO endings (run) VALUES (?)", (run,))


def _untold(connection: sqlite3.Connection) -> list[str]:
    return [str(run) for (run,) in connection.execute("SELECT run FROM endings WHERE told_at IS NULL ORDER BY run")]


def _knows(connection: sqlite3.Connection, run: str) -> bool:
    return connection.execute("SELECT 1 FROM endings WHERE run = ?", (run,)).fetchone() is not None


def _tell(connection: sqlite3.Connection, runs: Collection[str], letters: Collection[Letter], time: datetime) -> None:
    outbox.add(connection, letters)
    connection.executemany(
        "INSERT INTO endings (run, told_at) VALUES (?, ?) ON CONFLICT (run) DO UPDATE SET told_at = excluded.told_at",
        [(run, to_text(time)) for run in runs],
    )
    connection.execute("DELETE FROM endings WHERE told_at < ?", (to_text(time - KEPT_FOR),))


def _note_clock(connection: sqlite3.Connection, reading: Reading, leap: Leap | None) -> None:
    _keep(connection, _CLOCK, reading)
    if leap is not None:
        _keep(connection, _LEAP, leap)


def _keep(connection: sqlite3.Connection, name: str, content: object) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO sightings (name, content) VALUES (?, ?)", (name, msgspec.json.encode(content))
    )


def _ahead(connection: sqlite3.Connection, time: datetime) -> dict[str, datetime]:
    rows = connection.execute(
        "SELECT job, max(started) FROM runs WHERE verb = 'run' AND job IS NOT NULL AND started > ? GROUP BY job",
        (to_text(time),),
    )
    return {str(job): datetime.fromisoformat(started) for job, started in rows}


def _sightings(connection: sqlite3.Connection) -> Sightings:
    kept = dict(connection.execute("SELECT name, content FROM sightings"))
    return Sightings(
        schedules_at=_read(kept.get(_SCHEDULES), datetime),
        clock=_read(kept.get(_CLOCK), Reading),
        leap=_read(kept.get(_LEAP), Leap),
    )


def _read(content: bytes | None, type_: type[T]) -> T | None:
    """Return what was kept; None where it is not there, or not ours to read."""
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=type_)
    except msgspec.DecodeError:
        return None
