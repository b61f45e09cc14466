"""Sudden changes: runs whose data was far from what is usual for their job, and whether somebody has looked."""

import sqlite3
from datetime import datetime

import msgspec

from tui_backup.history.times import from_text, to_text


class SuddenChange(msgspec.Struct, frozen=True, kw_only=True):
    """What was last found unusual of a job."""

    job: str
    run: str
    time: datetime
    """When that run began."""
    reason: str
    """For people."""
    acknowledged_at: datetime | None = None
    """When somebody has looked at it; None: nobody has, and nothing of the job is forgotten."""


def note(connection: sqlite3.Connection, change: SuddenChange) -> None:
    """Keep what is unusual, unless something is that nobody has looked at."""
    connection.execute(
        "INSERT INTO sudden_changes (job, run, time, reason) VALUES (?, ?, ?, ?) ON CONFLICT (job) DO UPDATE SET "
        "run = excluded.run, time = excluded.time, reason = excluded.reason, acknowledged_at = NULL "
        "WHERE acknowledged_at IS NOT NULL",
        (change.job, change.run, to_text(change.time), change.reason),
    )


def acknowledge(connection: sqlite3.Connection, job: str, time: datetime) -> None:
    """Note that somebody has looked at what is unusual of a job."""
    connection.execute(
        "UPDATE sudden_changes SET acknowledged_at = ? WHERE job = ? AND acknowledged_at IS NULL", (to_text(time), job)
    )


def select(connection: sqlite3.Connection) -> dict[str, SuddenChange]:
    """Return what was last found unusual of each job."""
    rows = connection.execute("SELECT job, run, time, reason, acknowledged_at FROM sudden_changes")
    return {
        str(job): SuddenChange(job=job, run=run, time=time, reason=reason, acknowledged_at=from_text(acknowledged))
        for job, run, text, reason, acknowledged in rows
        if (time := from_text(text)) is not None
    }
