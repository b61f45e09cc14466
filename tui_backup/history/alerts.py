"""What is wrong and who was told when: the troubles that were open when somebody last looked, or were a while ago."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from tui_backup.history import outbox
from tui_backup.history.outbox import Letter
from tui_backup.history.times import from_text, to_text
from tui_backup.model.trouble import Trouble

_COLUMNS = "name, job, repository, notifier, since, told_at, times, gone_since, closed_at, acknowledged, trouble"


class Identity(msgspec.Struct, frozen=True, order=True):
    """What makes a trouble the same at two looks."""

    name: str
    job: str = ""
    repository: str = ""
    notifier: str = ""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A trouble over time."""

    identity: Identity
    trouble: Trouble
    """As it was last seen."""
    since: datetime
    """When it was first seen."""
    told_at: datetime
    """When somebody was last told of it, or of its end."""
    times: int = 1
    """How often it has begun of late."""
    gone_since: datetime | None = None
    """Since when it is not seen any more, where its end is not believed yet."""
    closed_at: datetime | None = None
    """None: it is open."""
    is_acknowledged: bool = False
    """Whether somebody knows, and wants to hear no more until it is over."""


class Turn(msgspec.Struct, frozen=True):
    """What one look changes."""

    alerts: tuple[Alert, ...] = ()
    """Those that are not as they were."""
    letters: tuple[Letter, ...] = ()
    """What is to be told of it."""


def update(connection: sqlite3.Connection, decide: Callable[[Sequence[Alert]], Turn]) -> None:
    """Show all alerts to `decide`, and keep what it says, what is to be told together with why."""
    turn = decide(select(connection))
    for alert in turn.alerts:
        _save(connection, alert)
    outbox.add(connection, turn.letters)


def select(connection: sqlite3.Connection) -> list[Alert]:
    """Return all alerts, open and closed, oldest first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM alerts ORDER BY since, name, job, repository, notifier")  # noqa: S608 - only our own names
    return [alert for row in rows if (alert := _alert(row)) is not None]


def acknowledge(connection: sqlite3.Connection, job: str | None, repository: str | None) -> None:
    """Note that somebody knows of everything that is wrong with a job, a repository, or one in the other."""
    connection.execute(
        "UPDATE alerts SET acknowledged = 1 WHERE closed_at IS NULL AND job = coalesce(?, job) "
        "AND repository = coalesce(?, repository)",
        (job, repository),
    )


def _save(connection: sqlite3.Connection, alert: Alert) -> None:
    identity = alert.identity
    connection.execute(
        f"INSERT OR REPLACE INTO alerts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - only our own names
        (
            identity.name, identity.job, identity.repository, identity.notifier, to_text(alert.since),
            to_text(alert.told_at), alert.times, alert.gone_since and to_text(alert.gone_since),
            alert.closed_at and to_text(alert.closed_at), alert.is_acknowledged, msgspec.json.encode(alert.trouble),
        ),
    )  # fmt: skip


def _alert(row: Sequence[str | bytes | int | None]) -> Alert | None:
    """Return what a row holds; None where it is not ours to read."""
    *names, since, told_at, times, gone_since, closed_at, acknowledged, trouble = row
    try:
        return Alert(
            identity=Identity(*map(str, names)),
            trouble=msgspec.json.decode(msgspec.convert(trouble, bytes), type=Trouble),
            since=datetime.fromisoformat(str(since)),
            told_at=datetime.fromisoformat(str(told_at)),
            times=msgspec.convert(times, int),
            gone_since=from_text(msgspec.convert(gone_since, str | None)),
            closed_at=from_text(msgspec.convert(closed_at, str | None)),
            is_acknowledged=bool(acknowledged),
        )
    except (msgspec.DecodeError, ValueError):
        return None
