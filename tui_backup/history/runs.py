"""Runs and their warnings: what was done, when, and how it ended."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tui_backup.history.times import from_text, to_text
from tui_backup.model.run import Run, RunStatus, Verb

WARNINGS_KEPT = 1000
"""Warnings of one run that are kept with their text; the count goes on."""

_COLUMNS = (
    "id, repository, verb, job, kind, status, started, duration, snapshot, bytes_added, bytes_processed, files, "
    "warnings, message, files_new, files_changed, files_unmodified, next_attempt"
)
LAST_WORD = "NOT EXISTS (SELECT 1 FROM runs AS each WHERE each.id = runs.id AND each.next_attempt IS NOT NULL)"
"""A condition: no other attempt follows the run, in whichever repository."""

_SELECT = f"SELECT {_COLUMNS} FROM runs "  # noqa: S608 - only our own names


class KeptWarning(msgspec.Struct, frozen=True):
    """Trouble that did not stop a run; `path` is raw, None where it concerned no path."""

    path: bytes | None
    message: str


def save(connection: sqlite3.Connection, run: Run) -> None:
    """Keep a run, replacing what was known of it in that repository."""
    connection.execute(
        f"INSERT OR REPLACE INTO runs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - only our own names
        (
            run.id, run.repository or "", run.verb, run.job, run.kind, run.status, to_text(run.started),
            run.duration, run.snapshot, run.bytes_added, run.bytes_processed, run.files, run.warnings, run.message,
            run.files_new, run.files_changed, run.files_unmodified,
            None if run.next_attempt is None else to_text(run.next_attempt),
        ),
    )  # fmt: skip


def end(connection: sqlite3.Connection, run: Run) -> bool:
    """Keep the end of a run that goes on by the record; return False where it has ended there."""
    rows = connection.execute("SELECT status FROM runs WHERE id = ? AND repository = ?", (run.id, run.repository or ""))
    goes_on = bool(rows.fetchone() == (RunStatus.RUNNING,))
    if goes_on:
        save(connection, run)
    return goes_on


def note_job(connection: sqlite3.Connection, name: str, time: datetime) -> None:
    """Remember when a job was first seen."""
    connection.execute("INSERT OR IGNORE INTO jobs (name, first_seen) VALUES (?, ?)", (name, to_text(time)))


def first_seen(connection: sqlite3.Connection, name: str) -> datetime | None:
    """Return when a job was first seen."""
    row = connection.execute("SELECT first_seen FROM jobs WHERE name = ?", (name,)).fetchone()
    return from_text(row[0]) if row else None


def warn(connection: sqlite3.Connection, run: str, warnings: Sequence[tuple[bytes | None, str]]) -> None:
    """Keep warnings of a run, the first thousand of it with their text, and count them all."""
    kept = connection.execute("SELECT count(*) FROM warnings WHERE run = ?", (run,)).fetchone()[0]
    rows = [(run, kept + at, path, message) for at, (path, message) in enumerate(warnings[: WARNINGS_KEPT - kept])]
    connection.executemany("INSERT INTO warnings (run, number, path, message) VALUES (?, ?, ?, ?)", rows)
    connection.execute("UPDATE runs SET warnings = warnings + ? WHERE id = ?", (len(warnings), run))


def follow(connection: sqlite3.Connection, repository: str, old: str, new: str) -> None:
    """Note that the snapshot of a run has another id now."""
    connection.execute("UPDATE runs SET snapshot = ? WHERE repository = ? AND snapshot = ?", (new, repository, old))


def warnings_of(connection: sqlite3.Connection, run: str) -> list[KeptWarning]:
    """Return the warnings of a run that were kept, in order."""
    rows = connection.execute("SELECT path, message FROM warnings WHERE run = ? ORDER BY number", (run,))
    return [KeptWarning(path, message) for path, message in rows]


def select(
    connection: sqlite3.Connection, where: str = "1", values: Sequence[object] = (), limit: int | None = None
) -> list[Run]:
    """Return runs, newest first; `where` is our own text with a question mark for each of `values`."""
    rows = connection.execute(
        f"{_SELECT} WHERE {where} ORDER BY started DESC, id DESC LIMIT ?", (*values, -1 if limit is None else limit)
    )
    return [_run(row) for row in rows]


def _run(row: tuple[Any, ...]) -> Run:
    id_, repository, verb, job, kind, status, started, duration, snapshot, *rest = row
    bytes_added, bytes_processed, files, warnings, message, files_new, files_changed, files_unmodified, again = rest
    return Run(
        id=id_,
        verb=Verb(verb),
        job=job,
        repository=repository or None,
        kind=kind,
        status=RunStatus(status),
        started=datetime.fromisoformat(started),
        duration=duration,
        snapshot=snapshot,
        bytes_added=bytes_added,
        bytes_processed=bytes_processed,
        files=files,
        files_new=files_new,
        files_changed=files_changed,
        files_unmodified=files_unmodified,
        warnings=warnings,
        message=message,
        next_attempt=from_text(again),
    )
