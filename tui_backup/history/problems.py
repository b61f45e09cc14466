"""What verifications found wrong, object by object, until it is mended or found whole; bounded.

Every verification sees the structure anew. What only reading shows stays known until everything was read again, or
until no snapshot that it touches is damaged any more.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from tui_backup.history.times import to_text
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.standing import Integrity

MOST_PROBLEMS = 1000
"""Problems that are kept for one repository."""

MOST_SNAPSHOTS = 100
"""Snapshots that are kept with a problem, the newest."""

_READ = (ProblemKind.PACK_DAMAGED, ProblemKind.BLOB_DAMAGED)
"""What only reading shows."""

_WALKED = (ProblemKind.TREE, ProblemKind.BLOB_MISSING)
"""What only shows below the snapshots that were looked into."""


class KnownProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was found wrong, and when."""

    problem: Problem
    """With the newest of the snapshots that it touches."""
    found_at: datetime
    snapshots: int
    """How many it touches."""


def note(
    connection: sqlite3.Connection,
    repository: str,
    problems: Sequence[Problem],
    time: datetime,
    *,
    complete: bool,
    everything_read: bool,
) -> None:
    """Replace what a verification has looked at again by what it found.

    Both words are about how much it has looked at: every snapshot, and every byte that they need.
    """
    seen = [kind for kind in ProblemKind if _was_seen(kind, complete=complete, everything_read=everything_read)]
    connection.executemany(
        "DELETE FROM problems WHERE repository = ? AND kind = ?", ((repository, kind) for kind in seen)
    )
    (left,) = connection.execute("SELECT count(*) FROM problems WHERE repository = ?", (repository,)).fetchone()
    connection.executemany(
        "INSERT OR REPLACE INTO problems (repository, kind, object, found_at, snapshots, content) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        _rows(repository, problems[: max(0, MOST_PROBLEMS - left)], to_text(time)),
    )


def drop_mended(connection: sqlite3.Connection, repository: str) -> None:
    """Forget what touches only snapshots that are not damaged any more, or are gone."""
    damaged = {
        snapshot
        for (snapshot,) in connection.execute(
            "SELECT snapshot FROM standings WHERE repository = ? AND integrity = ?", (repository, Integrity.DAMAGED)
        )
    }
    over = [
        (repository, known.problem.kind, known.problem.object)
        for known in select(connection, repository)
        if known.problem.snapshots and damaged.isdisjoint(known.problem.snapshots)
    ]
    connection.executemany("DELETE FROM problems WHERE repository = ? AND kind = ? AND object = ?", over)


def select(connection: sqlite3.Connection, repository: str) -> list[KnownProblem]:
    """Return what is known to be wrong with a repository; what touches most snapshots first."""
    rows = connection.execute(
        "SELECT found_at, snapshots, content FROM problems WHERE repository = ? ORDER BY snapshots DESC, kind, object",
        (repository,),
    ).fetchall()
    decode = msgspec.json.Decoder(Problem).decode
    return [
        KnownProblem(problem=decode(content), found_at=datetime.fromisoformat(found_at), snapshots=snapshots)
        for found_at, snapshots, content in rows
    ]


def _was_seen(kind: ProblemKind, *, complete: bool, everything_read: bool) -> bool:
    if kind in _READ:
        return complete and everything_read
    return complete or kind not in _WALKED


def _rows(repository: str, problems: Sequence[Problem], time: str) -> Iterator[tuple[object, ...]]:
    encode = msgspec.json.Encoder().encode
    for problem in problems:
        kept = msgspec.structs.replace(problem, snapshots=problem.snapshots[-MOST_SNAPSHOTS:])
        yield repository, problem.kind, problem.object, time, len(problem.snapshots), encode(kept)
