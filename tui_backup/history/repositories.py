"""Repositories as they were at the last contact: id, space, snapshots. A record, never the truth about them."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from tui_backup.history.times import from_text, to_text
from tui_backup.history.verifications import as_standing
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.model.standing import Standing


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What the last contact with a repository showed; unknown facts are None."""

    name: str
    id: str | None = None
    free: int | None = None
    """Bytes."""
    total: int | None = None
    """Bytes of the whole file system or quota."""
    space_at: datetime | None = None
    checked_at: datetime | None = None
    """When a verification last looked at it."""
    listed_at: datetime | None = None
    """When its snapshots were last listed."""


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What the repositories of one job held at the last contact."""

    snapshots: int = 0
    """Distinct snapshots; a copy in a second repository does not count again."""
    size: int | None = None
    """Bytes of all files in the newest snapshot."""


class KnownCopy(msgspec.Struct, frozen=True):
    """A snapshot in one repository, as the record has it."""

    repository: str
    identity: str
    """What all its copies share."""
    time: datetime
    is_good: bool


class HeldSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot in one repository, with what is known of it there; unknown facts are None."""

    repository: str
    id: str
    identity: str
    """What all its copies share."""
    time: datetime
    host: str
    kind: str | None
    status: SnapshotStatus
    size: int | None
    """Bytes of all files."""
    added: int | None
    """Bytes."""
    duration: float | None
    """Seconds."""
    files: int | None
    root: str
    """What stands for its content; copies share it as long as nobody has rewritten one."""
    standing: Standing


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a snapshot as a document only."""

    host: str
    added: int | None = None
    duration: float | None = None
    files: int | None = None
    root: str = ""
    content: str | None = None


def contact(connection: sqlite3.Connection, name: str) -> Contact | None:
    """Return what is known of a repository; None if it was never seen."""
    row = connection.execute(
        "SELECT id, free, total, space_at, checked_at, listed_at FROM repositories WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        return None
    id_, free, total, space_at, checked_at, listed_at = row
    return Contact(
        name=name,
        id=id_,
        free=free,
        total=total,
        space_at=from_text(space_at),
        checked_at=from_text(checked_at),
        listed_at=from_text(listed_at),
    )


def remember_id(connection: sqlite3.Connection, name: str, id_: str) -> None:
    """Note which repository a name stands for."""
    connection.execute(
        "INSERT INTO repositories (name, id) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET id = excluded.id",
        (name, id_),
    )


def record_space(
    connection: sqlite3.Connection, name: str, free: int | None, total: int | None, time: datetime
) -> None:
    """Note the bytes that a repository's store has free, and has in all."""
    connection.execute(
        "INSERT INTO repositories (name, free, total, space_at) VALUES (?, ?, ?, ?) ON CONFLICT (name) "
        "DO UPDATE SET free = excluded.free, total = excluded.total, space_at = excluded.space_at",
        (name, free, total, to_text(time)),
    )


def remember_snapshots(connection: sqlite3.Connection, name: str, found: Iterable[Snapshot], time: datetime) -> None:
    """Note which snapshots a repository holds: these and no others."""
    connection.execute("DELETE FROM snapshots WHERE repository = ?", (name,))
    encode = msgspec.json.Encoder().encode
    connection.executemany(
        "INSERT OR REPLACE INTO snapshots (repository, id, job, time, status, kind, size, original, host, content) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((name, *_indexed(one), encode(one)) for one in found),
    )
    connection.execute(
        "INSERT INTO repositories (name, listed_at) VALUES (?, ?) ON CONFLICT (name) "
        "DO UPDATE SET listed_at = excluded.listed_at",
        (name, to_text(time)),
    )


def _indexed(one: Snapshot) -> tuple[str | int | None, ...]:
    """Return what of a snapshot is in columns of its own."""
    return (one.id, one.job, to_text(one.time), one.status, one.kind, one.size, one.identity, one.host)


def snapshots(connection: sqlite3.Connection, name: str) -> list[Snapshot]:
    """Return the snapshots that a repository held at the last contact, oldest first."""
    rows = connection.execute("SELECT content FROM snapshots WHERE repository = ? ORDER BY time, id", (name,))
    decode = msgspec.json.Decoder(Snapshot).decode
    return [decode(row[0]) for row in rows]


def holdings(connection: sqlite3.Connection, job: str) -> Holdings:
    """Return how many snapshots of a job there are and how large the newest is; safety copies do not count."""
    count = connection.execute(
        "SELECT count(DISTINCT original) FROM snapshots WHERE job = ? AND kind IS NOT 'safety'", (job,)
    ).fetchone()[0]
    newest = connection.execute(
        "SELECT size FROM snapshots WHERE job = ? AND kind IS NOT 'safety' AND size IS NOT NULL "
        "ORDER BY time DESC LIMIT 1",
        (job,),
    ).fetchone()
    return Holdings(snapshots=count, size=newest[0] if newest else None)


def copies(connection: sqlite3.Connection, job: str, host: str) -> list[KnownCopy]:
    """Return where the snapshots of a job and host lay at the last contacts, oldest first; no safety copies."""
    rows = connection.execute(
        "SELECT repository, original, time, status FROM snapshots WHERE job = ? AND kind IS NOT 'safety' "
        "AND host = ? ORDER BY time",
        (job, host),
    )
    return [
        KnownCopy(repository, original, datetime.fromisoformat(time), status == "ok")
        for repository, original, time, status in rows
    ]


def held(connection: sqlite3.Connection, job: str) -> list[HeldSnapshot]:
    """Return the snapshots of a job at the last contacts, once for each repository, newest first; no safety copies."""
    rows = connection.execute(
        "SELECT s.repository, id, original, time, kind, status, size, content, integrity, verified_at, checked_at "
        "FROM snapshots AS s LEFT JOIN standings AS t ON t.repository = s.repository AND t.snapshot = s.id "
        "WHERE job = ? AND kind IS NOT 'safety' ORDER BY time DESC, s.repository",
        (job,),
    )
    decode = msgspec.json.Decoder(_Content).decode
    return [_held(row, decode(row[7])) for row in rows]


def _held(row: tuple[Any, ...], content: _Content) -> HeldSnapshot:
    repository, id_, original, time, kind, status, size, _document, *known = row
    return HeldSnapshot(
        repository=repository,
        id=id_,
        identity=original,
        time=datetime.fromisoformat(time),
        host=content.host,
        kind=kind,
        status=SnapshotStatus(status),
        size=size,
        added=content.added,
        duration=content.duration,
        files=content.files,
        root=content.root if content.content is None else content.content,
        standing=as_standing(*known),
    )


def holders(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """Return for every snapshot, by its id in any repository, the repositories that held it or a copy."""
    rows = connection.execute("SELECT original, repository, id FROM snapshots ORDER BY repository").fetchall()
    held: dict[str, dict[str, None]] = {}
    for original, repository, _id in rows:
        held.setdefault(original, {})[repository] = None
    return {id_: tuple(held[original]) for original, _repository, id_ in rows}


def newest_good(connection: sqlite3.Connection, job: str) -> list[tuple[str, str]]:
    """Return repository and id of a job's newest good snapshot, once for each repository that holds a copy."""
    rows = connection.execute(
        "SELECT repository, id FROM snapshots WHERE job = ?1 AND original = "
        "(SELECT original FROM snapshots WHERE job = ?1 AND status = 'ok' AND kind IS NOT 'safety' "
        "ORDER BY time DESC LIMIT 1)",
        (job,),
    )
    return [(repository, id_) for repository, id_ in rows]
