"""What was proven, pack by pack: only bytes that were read and authenticated count.

Proofs of parts add up: each notes the packs that it read. A snapshot is `ok` when every pack that it needs is proven,
and its proof is as old as the oldest among them. The packs of a snapshot are kept as numbers of rows, four bytes each.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from tui_backup.history import problems
from tui_backup.history.times import from_text, to_text
from tui_backup.model.problem import Problem
from tui_backup.model.standing import Integrity, Standing


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What one verification of one repository found."""

    time: datetime
    needs: Sequence[tuple[str, Sequence[str]]] = ()
    """Snapshots whose structure was checked, with the names of the packs that they need."""
    read: Sequence[str] = ()
    """Packs whose every byte was read and found good."""
    damaged: Sequence[str] = ()
    """Packs found damaged or missing."""
    broken: Sequence[str] = ()
    """Snapshots found damaged, whatever the reason."""
    complete: bool = False
    """Whether every snapshot of the repository was looked at."""
    problems: Sequence[Problem] = ()
    """Everything that was found wrong."""


class Mending(msgspec.Struct, frozen=True, kw_only=True):
    """What a repair of one repository has changed; it proves nothing by itself."""

    time: datetime
    replaced: Sequence[str] = ()
    """Packs that are gone."""
    examined: bool = False
    """Whether every pack was read, and those found damaged are among the replaced ones."""
    broken: Sequence[str] = ()
    """Snapshots that are still damaged."""
    problems: Sequence[Problem] = ()
    """What is still wrong."""


def record(connection: sqlite3.Connection, repository: str, findings: Findings) -> None:
    """Add findings to what is known, and judge every snapshot of the repository again."""
    time = to_text(findings.time)
    _note_packs(connection, repository, findings, time)
    _note_snapshots(connection, repository, findings, time)
    if findings.complete:
        _drop_unlisted(connection, repository, {snapshot for snapshot, _packs in findings.needs} | set(findings.broken))
    _judge(connection, repository)
    _note_problems(connection, repository, findings)
    connection.execute(
        "INSERT INTO repositories (name, checked_at) VALUES (?, ?) ON CONFLICT (name) "
        "DO UPDATE SET checked_at = excluded.checked_at",
        (repository, time),
    )


def mend(connection: sqlite3.Connection, repository: str, mending: Mending) -> None:
    """Forget damage that was mended, and judge every snapshot again: none is more than unverified by this."""
    connection.executemany(
        "UPDATE packs SET damaged = 0, verified_at = NULL WHERE repository = ? AND name = ?",
        ((repository, pack) for pack in mending.replaced),
    )
    if mending.examined:
        connection.execute(
            "UPDATE packs SET damaged = 0, verified_at = NULL WHERE repository = ? AND damaged = 1", (repository,)
        )
    connection.execute("UPDATE standings SET broken = 0 WHERE repository = ?", (repository,))
    connection.executemany(
        "INSERT INTO standings (repository, snapshot, packs, broken, checked_at, integrity) "
        "VALUES (?, ?, x'', 1, ?, 'damaged') ON CONFLICT (repository, snapshot) DO UPDATE SET broken = 1",
        ((repository, snapshot, to_text(mending.time)) for snapshot in mending.broken),
    )
    _judge(connection, repository)
    if mending.examined:
        problems.note(connection, repository, mending.problems, mending.time, complete=True, everything_read=True)
    problems.drop_mended(connection, repository)


def standings(connection: sqlite3.Connection, repository: str) -> dict[str, Standing]:
    """Return the standing of every snapshot that a verification has looked at."""
    rows = connection.execute(
        "SELECT snapshot, integrity, verified_at, checked_at FROM standings WHERE repository = ?", (repository,)
    )
    return {snapshot: as_standing(*known) for snapshot, *known in rows}


def standing(connection: sqlite3.Connection, repository: str, snapshot: str) -> Standing:
    """Return the standing of one snapshot."""
    row = connection.execute(
        "SELECT integrity, verified_at, checked_at FROM standings WHERE repository = ? AND snapshot = ?",
        (repository, snapshot),
    ).fetchone()
    return as_standing(*(row or (None, None, None)))


def as_standing(integrity: str | None, verified_at: str | None, checked_at: str | None) -> Standing:
    """Return a row of `standings`; None everywhere where there is none."""
    known = Integrity.UNVERIFIED if integrity is None else Integrity(integrity)
    return Standing(known, from_text(verified_at), from_text(checked_at))


def follow(connection: sqlite3.Connection, repository: str, old: str, new: str) -> None:
    """Note that a snapshot has another id now and the same content."""
    connection.execute(
        "UPDATE OR REPLACE standings SET snapshot = ? WHERE repository = ? AND snapshot = ?", (new, repository, old)
    )


def damaged(connection: sqlite3.Connection) -> list[tuple[str, str | None, str]]:
    """Return repository, job and id of the damaged snapshots among those that repositories held at the last contact."""
    rows = connection.execute(
        "SELECT repository, job, id FROM snapshots JOIN standings USING (repository) "
        "WHERE snapshot = id AND integrity = 'damaged' ORDER BY repository, job, time"
    )
    return [(repository, job, id_) for repository, job, id_ in rows]


def _note_problems(connection: sqlite3.Connection, repository: str, findings: Findings) -> None:
    needed = {pack for _snapshot, packs in findings.needs for pack in packs}
    everything_read = needed <= {*findings.read, *findings.damaged}
    problems.note(
        connection,
        repository,
        findings.problems,
        findings.time,
        complete=findings.complete,
        everything_read=everything_read,
    )
    problems.drop_mended(connection, repository)


def _note_packs(connection: sqlite3.Connection, repository: str, findings: Findings, time: str) -> None:
    needed = {pack for _snapshot, packs in findings.needs for pack in packs}
    connection.executemany(
        "INSERT OR IGNORE INTO packs (repository, name) VALUES (?, ?)",
        ((repository, pack) for pack in needed.union(findings.read, findings.damaged)),
    )
    damaged = set(findings.damaged)
    connection.executemany(
        "UPDATE packs SET verified_at = ?, damaged = 0 WHERE repository = ? AND name = ?",
        ((time, repository, pack) for pack in findings.read if pack not in damaged),
    )
    connection.executemany(
        "UPDATE packs SET damaged = 1 WHERE repository = ? AND name = ?", ((repository, pack) for pack in damaged)
    )


def _note_snapshots(connection: sqlite3.Connection, repository: str, findings: Findings, time: str) -> None:
    numbers = dict(connection.execute("SELECT name, number FROM packs WHERE repository = ?", (repository,)))
    needs = dict(findings.needs)
    broken = set(findings.broken)
    rows: Iterator[tuple[object, ...]] = (
        (repository, snapshot, _pack(numbers[name] for name in needs.get(snapshot, ())), snapshot in broken, time)
        for snapshot in needs.keys() | broken
    )
    connection.executemany(
        "INSERT OR REPLACE INTO standings (repository, snapshot, packs, broken, checked_at, integrity) "
        "VALUES (?, ?, ?, ?, ?, 'unverified')",
        rows,
    )


def _drop_unlisted(connection: sqlite3.Connection, repository: str, listed: set[str]) -> None:
    """Forget snapshots that are gone, and packs that no snapshot needs."""
    known = connection.execute("SELECT snapshot, packs FROM standings WHERE repository = ?", (repository,)).fetchall()
    connection.executemany(
        "DELETE FROM standings WHERE repository = ? AND snapshot = ?",
        [(repository, snapshot) for snapshot, _packs in known if snapshot not in listed],
    )
    needed = {number for snapshot, packs in known if snapshot in listed for number in _unpack(packs)}
    numbers = connection.execute("SELECT number FROM packs WHERE repository = ?", (repository,)).fetchall()
    connection.executemany("DELETE FROM packs WHERE number = ?", [row for row in numbers if row[0] not in needed])


def _judge(connection: sqlite3.Connection, repository: str) -> None:
    proven = dict[int, str]()
    damaged = set[int]()
    for number, verified_at, is_damaged in connection.execute(
        "SELECT number, verified_at, damaged FROM packs WHERE repository = ?", (repository,)
    ):
        if is_damaged:
            damaged.add(number)
        elif verified_at is not None:
            proven[number] = verified_at
    known = connection.execute("SELECT snapshot, packs, broken FROM standings WHERE repository = ?", (repository,))
    judged = list[tuple[Integrity, str | None, str, str]]()
    for snapshot, packs, broken in known.fetchall():
        needed = _unpack(packs)
        if broken or not damaged.isdisjoint(needed):
            judged.append((Integrity.DAMAGED, None, repository, snapshot))
        elif len(needed) and all(number in proven for number in needed):
            judged.append((Integrity.OK, min(proven[number] for number in needed), repository, snapshot))
        else:
            judged.append((Integrity.UNVERIFIED, None, repository, snapshot))
    connection.executemany(
        "UPDATE standings SET integrity = ?, verified_at = ? WHERE repository = ? AND snapshot = ?", judged
    )


def _pack(numbers: Iterable[int]) -> bytes:
    return array("I", sorted(numbers)).tobytes()


def _unpack(packed: bytes) -> Sequence[int]:
    return array("I", packed)
