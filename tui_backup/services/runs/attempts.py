"""Attempts: whether what did not end well is tried again, so that nobody is told of it yet."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.primitives.clock import now
from tui_backup.services.runs.current import list_runs

LATE: Final = timedelta(minutes=10)
"""How long after its time the next attempt may be missing: later, whoever was to make it has died."""


_WORTH_ANOTHER: Final = (RunStatus.FAILED, RunStatus.INCOMPLETE)


def with_next_attempt(row: Run, retry_s: float | None) -> Run:
    """Return what is recorded of a run with the time of the next attempt, `retry_s` from now, if there is to be one."""
    is_tried_again = retry_s is not None and row.status in _WORTH_ANOTHER
    at = now() + timedelta(seconds=retry_s or 0) if is_tried_again else None
    return msgspec.structs.replace(row, next_attempt=at)


def is_followed(run: Run, state_dir: Path, present: datetime) -> bool:
    """Whether another attempt of what a run did is to come, or goes on."""
    if run.next_attempt is None or run.started > present:
        return False
    if present < run.next_attempt + LATE:
        return True
    later = (each for each in list_runs(state_dir) if each.job == run.job and each.verb is Verb.BACKUP)
    return any(each.run > run.id for each in later)
