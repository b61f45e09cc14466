"""What happened: the runs of the past, from the record alone, no network and no password."""

from datetime import datetime
from pathlib import Path

import msgspec

from tui_backup.model.run import RunStatus, Verb
from tui_backup.services.runs.reaper import reap
from tui_backup.services.runs.run_desk import Desk


class HistoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run against one repository, as `history` shows it."""

    run: str
    verb: Verb
    job: str | None
    repository: str | None
    kind: str | None
    status: RunStatus
    started: datetime
    duration: float | None
    snapshot: str | None
    bytes_added: int | None
    warnings: int
    message: str | None
    copies: tuple[str, ...]
    """Names of the repositories known to hold the snapshot."""
    undo_until: datetime | None = None
    """Until when a restore can be undone."""


def history_rows(
    desk: Desk, job: str | None = None, limit: int | None = None, verb: Verb | None = None
) -> list[HistoryRow]:
    """Return runs as `history` shows them, newest first."""
    reap(desk.state_dir, desk.history, desk.log)
    holders = desk.history.holders()
    until = _undo_until(desk.state_dir)
    return [
        HistoryRow(
            run=run.id,
            verb=run.verb,
            job=run.job,
            repository=run.repository,
            kind=run.kind,
            status=run.status,
            started=run.started,
            duration=run.duration,
            snapshot=run.snapshot,
            bytes_added=run.bytes_added,
            warnings=run.warnings,
            message=run.message,
            copies=holders.get(run.snapshot or "", ()),
            undo_until=until.get(run.id) if run.verb is Verb.RESTORE else None,
        )
        for run in desk.history.runs(job, limit, verb)
    ]


def _undo_until(state_dir: Path) -> dict[str, datetime]:
    if not (state_dir / "undo").is_dir():
        return {}
    from tui_backup.services.runs.undo_homes import undo_until

    return undo_until(state_dir)
