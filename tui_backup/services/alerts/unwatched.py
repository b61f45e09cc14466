"""Unwatched schedules: something was due, and nobody has looked since; the record alone tells, so a dead cron shows."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from tui_backup.config.settings import Config, JobConfig
from tui_backup.history.history import History
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.primitives.i18n import _
from tui_backup.primitives.schedule import latest
from tui_backup.primitives.text import moment

PATIENCE: Final = timedelta(minutes=65)
"""How long after its moment something may wait for whoever looks: cron may do so but once an hour."""

NOTED_EVERY: Final = timedelta(minutes=5)
"""How old a note of that may get until it is renewed."""

_LOOKED_AT: Final = 10
"""The newest rows of a job that may tell that something was run by its schedule all the same."""


def unwatched(config: Config, history: History, now: datetime) -> Iterator[Trouble]:
    """Tell that nobody looks at the schedules, by what has come due longest ago since somebody last did.

    Whoever is at work may have no time to look: a timer of systemd starts nothing before what it started has ended.
    """
    looked_at, late = history.lookout.sightings().schedules_at, now - PATIENCE
    if (looked_at is not None and looked_at >= late) or history.unfinished():
        return
    missed = {job: came for job in config.jobs.values() if (came := _missed(job, history, looked_at, late)) is not None}
    if not missed:
        return
    job = min(missed, key=lambda each: missed[each])
    text = _("nobody has looked at the schedules since {since}, though {job} was due at {time}")
    if looked_at is None:
        text = _("nobody looks at the schedules: {job} was due at {time}")
    yield Trouble(
        kind=TroubleKind.SCHEDULER,
        message=text.format(since=moment(looked_at), job=job.name, time=moment(missed[job])),
        hint=_("cron, a timer or `tui-backup daemon` has to do so: `tui-backup schedule install` sets that up"),
    )


def note_look(history: History, present: datetime) -> None:
    """Note that somebody looks at the schedules; not each minute anew."""
    known = history.lookout.sightings().schedules_at
    if known is None or abs(present - known) >= NOTED_EVERY:
        history.lookout.note_schedules(present)


def _missed(job: JobConfig, history: History, looked_at: datetime | None, late: datetime) -> datetime | None:
    """Return the last moment of a job that came after somebody looked, and is late; None: there is none."""
    timing = job.timing
    lines = [*(each.at for each in timing.schedules), *filter(None, (timing.verify, timing.prune))]
    if not lines:
        return None
    since = history.first_seen(job.name, late + PATIENCE) if looked_at is None else looked_at
    came = max(filter(None, (latest(line, job.timezone, since, late) for line in lines)), default=None)
    if came is None:
        return None
    labels = {each.label for each in timing.schedules}
    ran = (run.started for run in history.backups(job.name, _LOOKED_AT) if run.kind in labels)
    return None if any(started >= came for started in ran) else came
