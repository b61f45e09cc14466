"""Staleness: whether a job has succeeded lately enough, by the record alone, so that a dead scheduler is seen."""

from datetime import datetime, timedelta

import msgspec

from tui_backup.config.settings import JobConfig
from tui_backup.engine.retention_guard import CLOCK_TOLERANCE
from tui_backup.history.history import History


class LastSuccess(msgspec.Struct, frozen=True):
    """The newest good backup of a job."""

    time: datetime | None
    """When it began; None: there was none."""
    is_stale: bool
    """Whether that was too long ago, or nobody can know."""


def last_success(job: JobConfig, history: History, now: datetime) -> LastSuccess:
    """Return the newest good backup of a job; of one that has none, time counts from when it was first looked at.

    A backup of a time that has not come yet, made while a clock was wrong, counts only where there is no other, and
    proves nothing: the job is stale then.
    """
    run = history.last_success(job.name, now + CLOCK_TOLERANCE)
    since = history.first_seen(job.name, now) if run is None else run.started
    is_off = not -CLOCK_TOLERANCE <= now - since <= timedelta(seconds=job.expected_every or 0)
    return LastSuccess(run.started if run else None, job.expected_every is not None and is_off)
