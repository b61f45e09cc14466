"""What retention did: the last plan of a job in a repository, what was forgotten on purpose, and what is held."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime

import msgspec

from tui_backup.history.times import from_text, to_text
from tui_backup.model.retention import LastPrune


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that somebody has to look at before it is carried out."""

    job: str
    repository: str
    time: datetime
    """When it was first held for this reason."""
    reason: str
    """For people."""


def note_prune(connection: sqlite3.Connection, job: str, repository: str, done: LastPrune) -> None:
    """Note what a plan came to that was carried out; it is not held any more."""
    connection.execute(
        "INSERT OR REPLACE INTO prunes (job, repository, time, kept, removed) VALUES (?, ?, ?, ?, ?)",
        (job, repository, to_text(done.time), done.kept, done.removed),
    )
    release(connection, job, repository)


def last_prune(connection: sqlite3.Connection, job: str, repository: str) -> LastPrune | None:
    """Return what the last plan that was carried out came to; None: there was none."""
    row = connection.execute(
        "SELECT time, kept, removed FROM prunes WHERE job = ? AND repository = ?", (job, repository)
    ).fetchone()
    return LastPrune(datetime.fromisoformat(row[0]), row[1], row[2]) if row else None


def note_forgotten(connection: sqlite3.Connection, repository: str, originals: Iterable[str], time: datetime) -> None:
    """Note snapshots, by their identities, that somebody or a policy wanted gone from a repository."""
    connection.executemany(
        "INSERT OR REPLACE INTO forgotten (repository, original, time) VALUES (?, ?, ?)",
        [(repository, original, to_text(time)) for original in originals],
    )


def note_wanted(connection: sqlite3.Connection, repository: str, originals: Iterable[str]) -> None:
    """Note that snapshots are wanted in a repository, whatever was wanted before."""
    connection.executemany(
        "DELETE FROM forgotten WHERE repository = ? AND original = ?",
        [(repository, original) for original in originals],
    )


def forgotten(connection: sqlite3.Connection, repository: str) -> set[str]:
    """Return the identities of the snapshots that were wanted gone from a repository."""
    rows = connection.execute("SELECT original FROM forgotten WHERE repository = ?", (repository,))
    return {original for (original,) in rows}


def hold(connection: sqlite3.Connection, held: Held) -> None:
    """Note a plan that is held; its time is that of the first one with this reason."""
    connection.execute(
        "INSERT INTO holds (job, repository, time, reason) VALUES (?, ?, ?, ?) ON CONFLICT (job, repository) "
        "DO UPDATE SET time = excluded.time, reason = excluded.reason WHERE reason != excluded.reason",
        (held.job, held.repository, to_text(held.time), held.reason),
    )


def release(connection: sqlite3.Connection, job: str, repository: str) -> None:
    """Note that no plan is held."""
    connection.execute("DELETE FROM holds WHERE job = ? AND repository = ?", (job, repository))


def holds(connection: sqlite3.Connection) -> list[Held]:
    """Return the plans that are held, oldest first."""
    rows = connection.execute("SELECT job, repository, time, reason FROM holds ORDER BY time, job, repository")
    return [
        Held(job=job, repository=repository, time=time, reason=reason)
        for job, repository, text, reason in rows
        if (time := from_text(text)) is not None
    ]
