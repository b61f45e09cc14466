"""Triggers: since when they are configured, and which of their moments was dealt with last."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime

import msgspec

from tui_backup.history.times import from_text, to_text
from tui_backup.model.schedule import Trigger, What

_KEY = "job, what, label, line, zone"
_IS_IT = "job = ? AND what = ? AND label = ? AND line = ? AND zone = ?"


class KnownTrigger(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a trigger that is configured."""

    trigger: Trigger
    first_seen: datetime
    """When it was configured; anew, if it was gone for a while."""
    is_founding: bool
    """Whether nothing at all was known of its job then: the job was new, or the record was lost."""
    last_moment: datetime | None = None
    """The last moment that was run or skipped."""
    was_skipped: bool = False
    """Whether that one was skipped."""


def configure(connection: sqlite3.Connection, triggers: Iterable[Trigger], time: datetime) -> None:
    """Note which triggers are configured: these and no others; those that were not so far are since `time`."""
    wanted = set(triggers)
    configured = {known.trigger for known in select(connection)}
    jobs = {job for (job,) in connection.execute("SELECT DISTINCT job FROM triggers")}
    connection.executemany(
        f"UPDATE triggers SET is_configured = 0 WHERE {_IS_IT}",  # noqa: S608 - only our own names
        [_key(trigger) for trigger in configured - wanted],
    )
    connection.executemany(
        f"INSERT INTO triggers ({_KEY}, first_seen, is_founding) VALUES (?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - only our own names
        f"ON CONFLICT ({_KEY}) DO UPDATE SET first_seen = excluded.first_seen, is_configured = 1, is_founding = 0",
        [(*_key(trigger), to_text(time), trigger.job not in jobs) for trigger in wanted - configured],
    )


def select(connection: sqlite3.Connection) -> list[KnownTrigger]:
    """Return the triggers that are configured."""
    rows = connection.execute(
        f"SELECT {_KEY}, first_seen, is_founding, last_moment, was_skipped FROM triggers "  # noqa: S608 - only our own names
        f"WHERE is_configured ORDER BY {_KEY}"
    )
    return [
        KnownTrigger(
            trigger=Trigger(job=job, what=What(what), label=label or None, line=line, zone=zone or None),
            first_seen=datetime.fromisoformat(first_seen),
            is_founding=bool(is_founding),
            last_moment=from_text(last_moment),
            was_skipped=bool(was_skipped),
        )
        for job, what, label, line, zone, first_seen, is_founding, last_moment, was_skipped in rows
    ]


def last_moment(connection: sqlite3.Connection, trigger: Trigger) -> datetime | None:
    """Return the last moment of a trigger that was run or skipped."""
    row = connection.execute(
        f"SELECT last_moment FROM triggers WHERE {_IS_IT}",  # noqa: S608 - only our own names
        _key(trigger),
    ).fetchone()
    return from_text(row[0]) if row else None


def note_moment(connection: sqlite3.Connection, trigger: Trigger, moment: datetime, *, was_skipped: bool) -> None:
    """Note that a moment was run or skipped, and with it those before; an earlier one changes nothing."""
    time = to_text(moment)
    connection.execute(
        f"INSERT INTO triggers ({_KEY}, first_seen, is_founding, last_moment, was_skipped) "  # noqa: S608 - only our own names
        f"VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?) ON CONFLICT ({_KEY}) DO UPDATE "
        "SET last_moment = excluded.last_moment, was_skipped = excluded.was_skipped "
        "WHERE last_moment IS NULL OR last_moment <= excluded.last_moment",
        (*_key(trigger), time, time, was_skipped),
    )


def set_back(connection: sqlite3.Connection, limit: datetime, time: datetime) -> None:
    """Take whatever is later than `limit` back to `time`: a clock that was ahead has written it."""
    for column in ("first_seen", "last_moment"):
        connection.execute(
            f"UPDATE triggers SET {column} = ? WHERE {column} > ?",  # noqa: S608 - only our own names
            (to_text(time), to_text(limit)),
        )


def newest_of_kinds(connection: sqlite3.Connection, host: str) -> dict[tuple[str, str], datetime]:
    """Return for each job and kind of snapshot when the newest of a host was begun, by the last contacts."""
    rows = connection.execute(
        "SELECT job, kind, max(time) FROM snapshots WHERE job IS NOT NULL AND kind IS NOT NULL "
        "AND host = ? GROUP BY job, kind",
        (host,),
    )
    return {(job, kind): datetime.fromisoformat(time) for job, kind, time in rows}


def _key(trigger: Trigger) -> tuple[str, ...]:
    return (trigger.job, trigger.what, trigger.label or "", trigger.line, trigger.zone or "")
