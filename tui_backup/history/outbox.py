"""The outbox: what has to be told and was not delivered yet, for each notifier in its order, and how these fare."""

import sqlite3
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import msgspec

from tui_backup.history.times import from_text, to_text
from tui_backup.model.notice import Notice

MOST_KEPT = 200
"""Notices that wait for one notifier, at most; the oldest give way."""

KEPT_FOR = timedelta(days=7)
"""How long a notice waits, at most."""


class Letter(msgspec.Struct, frozen=True):
    """A notice for one notifier."""

    notifier: str
    notice: Notice
    number: int | None = None
    """Its place in the order; None: it is not in the outbox yet."""


class Reception(msgspec.Struct, frozen=True, kw_only=True):
    """How deliveries to one notifier fare that fail."""

    failing_since: datetime
    attempts: int
    """Since then."""
    next_at: datetime
    """When it is worth trying again."""
    reason: str
    """Of the last failure, for people."""
    lost: int = 0
    """Notices that were given up since then."""


def add(connection: sqlite3.Connection, letters: Iterable[Letter]) -> None:
    """Put notices at the end of the queues of their notifiers; what is there already is not added again."""
    touched = set[str]()
    for letter in letters:
        touched.add(letter.notifier)
        connection.execute(
            "INSERT OR IGNORE INTO outbox (notifier, notice, time, content) VALUES (?, ?, ?, ?)",
            (letter.notifier, letter.notice.id, to_text(letter.notice.time), msgspec.json.encode(letter.notice)),
        )
    for name in touched:
        _bound(connection, name)


def letters(connection: sqlite3.Connection, notifier: str) -> list[Letter]:
    """Return what waits for a notifier, in order."""
    rows = connection.execute("SELECT number, content FROM outbox WHERE notifier = ? ORDER BY number", (notifier,))
    return [Letter(notifier, msgspec.json.decode(content, type=Notice), number) for number, content in rows]


def waiting(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many notices wait for each notifier that any wait for."""
    rows = connection.execute("SELECT notifier, count(*) FROM outbox GROUP BY notifier")
    return {str(name): int(count) for name, count in rows}


def remove(connection: sqlite3.Connection, number: int) -> None:
    """Take a notice out of the outbox."""
    connection.execute("DELETE FROM outbox WHERE number = ?", (number,))


def tidy(connection: sqlite3.Connection, known: Collection[str], now: datetime) -> None:
    """Give up what has waited too long, and forget all notifiers that are not `known`."""
    names = [
        str(name) for (name,) in connection.execute("SELECT notifier FROM outbox UNION SELECT name FROM receptions")
    ]
    for name in names:
        if name not in known:
            connection.execute("DELETE FROM outbox WHERE notifier = ?", (name,))
            connection.execute("DELETE FROM receptions WHERE name = ?", (name,))
    before = to_text(now - KEPT_FOR)
    gone = connection.execute("SELECT notifier, count(*) FROM outbox WHERE time < ? GROUP BY notifier", (before,))
    for name, count in gone.fetchall():
        _lose(connection, name, count)
    connection.execute("DELETE FROM outbox WHERE time < ?", (before,))


def received(connection: sqlite3.Connection, notifier: str) -> None:
    """Note that a delivery to a notifier went well."""
    connection.execute("DELETE FROM receptions WHERE name = ?", (notifier,))


def failed(connection: sqlite3.Connection, notifier: str, reception: Reception) -> None:
    """Note how a notifier fares."""
    connection.execute(
        "INSERT OR REPLACE INTO receptions (name, failing_since, attempts, next_at, reason, lost) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            notifier, to_text(reception.failing_since), reception.attempts, to_text(reception.next_at),
            reception.reason, reception.lost,
        ),
    )  # fmt: skip


def receptions(connection: sqlite3.Connection) -> dict[str, Reception]:
    """Return how the notifiers fare that could not be reached when somebody last tried."""
    rows = connection.execute("SELECT name, failing_since, attempts, next_at, reason, lost FROM receptions")
    return {
        str(name): Reception(failing_since=since, attempts=attempts, next_at=at, reason=reason, lost=lost)
        for name, failing, attempts, next_, reason, lost in rows
        if (since := from_text(failing)) is not None and (at := from_text(next_)) is not None
    }


def _bound(connection: sqlite3.Connection, notifier: str) -> None:
    many = connection.execute("SELECT count(*) FROM outbox WHERE notifier = ?", (notifier,)).fetchone()[0]
    if many <= MOST_KEPT:
        return
    connection.execute(
        "DELETE FROM outbox WHERE number IN (SELECT number FROM outbox WHERE notifier = ? ORDER BY number LIMIT ?)",
        (notifier, many - MOST_KEPT),
    )
    _lose(connection, notifier, many - MOST_KEPT)


def _lose(connection: sqlite3.Connection, notifier: str, count: int) -> None:
    connection.execute("UPDATE receptions SET lost = lost + ? WHERE name = ?", (count, notifier))
