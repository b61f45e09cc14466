"""Endings: which runs are over and nobody was told of; by the record, whatever became of who carried them out."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tui_backup.history.outbox import KEPT_FOR
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.services.runs import run_directory
from tui_backup.services.runs.attempts import is_followed
from tui_backup.services.runs.outcome import worst

if TYPE_CHECKING:
    from tui_backup.history.history import History

Rows = Sequence[Run]
"""One run: a row for each repository."""


class Endings(msgspec.Struct, frozen=True):
    """Runs that are over."""

    told: tuple[Rows, ...] = ()
    """Of which others are told."""
    settled: tuple[str, ...] = ()
    """The same, and those of which nobody has to be told any more."""


def untold_endings(history: "History", state_dir: Path, own: Sequence[Rows], present: datetime) -> Endings:
    """Return what is over and untold: of all processes, as far as the record is kept, and of this one (`own`).

    Of an attempt that another one follows nobody is told, unless that one never comes.
    """
    found: dict[str, Rows] = {
        rows[0].id: rows for rows in own if not (history.is_kept and history.lookout.knows(rows[0].id))
    }
    for run in history.lookout.untold() if history.is_kept else ():
        recorded = history.run(run)
        if not _goes_on(state_dir, run, recorded):
            found[run] = recorded
    told, settled = list[Rows](), list[str]()
    for run, rows in sorted(found.items(), key=_begun):
        if not rows or present - rows[0].started > KEPT_FOR or _is_superseded(history, rows):
            settled.append(run)
        elif not awaited(rows, state_dir, present):
            settled.append(run)
            told.append(rows)
    return Endings(tuple(told), tuple(settled))


def awaited(rows: Rows, state_dir: Path, present: datetime) -> bool:
    """Whether what did not end well is tried again, so that nobody has to hear of it yet."""
    return any(is_followed(row, state_dir, present) for row in rows)


def _goes_on(state_dir: Path, run: str, rows: Rows) -> bool:
    is_recorded = any(row.status is RunStatus.RUNNING for row in rows)
    return is_recorded or run_directory.is_alive(state_dir / "runs" / run)


def _is_superseded(history: "History", rows: Rows) -> bool:
    """Whether a backup that was not good is no news any more: the next attempt has begun, or a later one is good.

    The latter is met where a process died, and whoever came next has made good for it before anybody was told.
    """
    first = rows[0]
    if first.verb is not Verb.BACKUP or worst(row.status for row in rows) is RunStatus.OK:
        return False
    newest = history.runs(first.job, 1, Verb.BACKUP)
    if not newest or newest[0].started <= first.started:
        return False
    was_announced = any(row.next_attempt is not None for row in rows)
    return was_announced or worst(row.status for row in history.run(newest[0].id)) is RunStatus.OK


def _begun(found: tuple[str, Rows]) -> datetime:
    """Return when a run began, by which runs are told of in order: their ids name but the second."""
    _run, rows = found
    return rows[0].started if rows else datetime.min.replace(tzinfo=UTC)
