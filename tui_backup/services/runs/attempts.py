"""Attempts: whether what did not end well is tried again, so that nobody is told of it yet."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tui_backup.model.run import Run, Verb
from tui_backup.services.runs.current import list_runs

LATE: Final = timedelta(minutes=10)
"""How long after its time the next attempt may be missing: later, whoever was to make it has died."""


def is_followed(run: Run, state_dir: Path, now: datetime) -> bool:
    """Whether another attempt of what a run did is to come, or goes on."""
    if run.next_attempt is None or run.started > now:
        return False
    if now < run.next_attempt + LATE:
        return True
    later = (each for each in list_runs(state_dir) if each.job == run.job and each.verb is Verb.BACKUP)
    return any(each.run > run.id for each in later)
