"""What is due: the moments of all triggers of a configuration, held against what the record knows of them."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

import msgspec

from tui_backup.config.settings import Config, JobConfig
from tui_backup.history.history import History
from tui_backup.history.triggers import KnownTrigger
from tui_backup.model.schedule import Trigger, What
from tui_backup.primitives.identity import identity
from tui_backup.primitives.schedule import count, latest, moments

GRACE: Final = timedelta(minutes=65)
"""How old a moment may be and still not be missed: cron may look but once an hour, and a start takes a while.

So long after the configuration was changed, what is new in it counts as configured then. And by so much may a clock be
put back and nothing be repeated.
"""

Snapshots = Mapping[tuple[str, str], datetime]
"""Job and kind -> when the newest such snapshot of this host was begun."""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger whose moment has come."""

    trigger: Trigger
    moment: datetime
    """The last one that has come; the only one that counts."""
    missed: int
    """How many came before it that nobody has dealt with."""

    @property
    def job(self) -> str:
        """The job that it is about."""
        return self.trigger.job

    @property
    def what(self) -> What:
        """What is to be done."""
        return self.trigger.what

    @property
    def label(self) -> str | None:
        """Kind of the snapshot, of backups."""
        return self.trigger.label


class Upcoming(msgspec.Struct, frozen=True, kw_only=True):
    """The next moments of a trigger, ascending."""

    trigger: Trigger
    moments: tuple[datetime, ...]


def triggers_of(job: JobConfig) -> tuple[Trigger, ...]:
    """Return what makes something of a job due: its backups as the file has them, verification, prune."""
    timing = job.timing
    lines = [
        *((What.BACKUP, schedule.at, schedule.label) for schedule in timing.schedules),
        (What.VERIFY, timing.verify, None),
        (What.PRUNE, timing.prune, None),
    ]
    return tuple(
        Trigger(job=job.name, what=what, line=line, zone=job.timezone, label=label)
        for what, line, label in lines
        if line is not None
    )


def due(config: Config, history: History, now: datetime, snapshots: Snapshots | None = None) -> list[Due]:
    """Return what is due, each trigger at most once, in the order in which it is done; record what is skipped.

    Whoever carries something out asks `is_due` again once nobody else can do the same, and calls `note_moment` of the
    record with the moment when it is over, however it went.

    A trigger that is seen for the first time has the moments after it was configured. Where the record knows nothing of
    a job's past, it may have been lost: snapshots with the trigger's label tell what was run, and only what has come
    since the newest of them is due.

    Args:
        snapshots: what repositories hold that were asked; what the record knows of them counts as well.
    """
    known = _known(config, history, now)
    begun = dict(snapshots or {})
    if any(map(_is_strange, known.values())):
        begun = {**history.newest_of_kinds(identity().hostname), **begun}
    found = []
    for each in known.values():
        came = _due(each, begun.get((each.trigger.job, each.trigger.label or "")), now)
        if came is None:
            continue
        if config.jobs[came.job].timing.catch_up or now - came.moment <= GRACE:
            found.append(came)
        else:
            history.note_moment(came.trigger, came.moment, was_skipped=True)
    return sorted(found, key=_order)


def is_due(each: Due, history: History) -> bool:
    """Whether nobody has dealt with a moment yet, as far as the record knows."""
    last = history.last_moment(each.trigger)
    return last is None or last < each.moment


def is_backup_due(job: JobConfig, history: History, now: datetime) -> bool:
    """Whether a backup of a job should have begun by now, as far as the record knows; changes nothing."""
    known = history.triggers()
    mine = [known[each] for each in triggers_of(job) if each.what is What.BACKUP and each in known]
    return any(_due(each, None, now) is not None for each in mine)


def unseen_repositories(config: Config, history: History) -> tuple[str, ...]:
    """Return the repositories that may know what was run where the record does not: worth listing before `due`."""
    known = history.triggers()
    names = {
        name: None
        for job in config.jobs.values()
        if any(each not in known or _is_strange(known[each]) for each in triggers_of(job) if each.what is What.BACKUP)
        for name in job.repositories
    }
    contacts = {name: history.contact(name) for name in names}
    return tuple(name for name, contact in contacts.items() if contact is None or contact.listed_at is None)


def next_moments(config: Config, now: datetime, how_many: int) -> list[Upcoming]:
    """Return the next moments of all triggers, job by job as the file has them."""
    return [
        Upcoming(trigger=each, moments=tuple(islice(moments(each.line, each.zone, now), how_many)))
        for job in config.jobs.values()
        for each in triggers_of(job)
    ]


def next_run(job: JobConfig, now: datetime) -> datetime | None:
    """Return when the next backup of a job is to begin; None: it has no schedule."""
    coming = (next(moments(each.at, job.timezone, now), None) for each in job.timing.schedules)
    return min((moment for moment in coming if moment is not None), default=None)


def _known(config: Config, history: History, now: datetime) -> dict[Trigger, KnownTrigger]:
    """Return what is known of all triggers; write only if something has changed."""
    configured = {trigger for job in config.jobs.values() for trigger in triggers_of(job)}
    known = history.triggers()
    if known.keys() != configured:
        history.configure_triggers(configured, _configured_at(config, now))
        known = history.triggers()
    ahead = now + GRACE
    if any(max(each.first_seen, each.last_moment or each.first_seen) > ahead for each in known.values()):
        history.set_moments_back(ahead, now)
        known = history.triggers()
    return {trigger: each for trigger, each in known.items() if trigger in configured}


def _configured_at(config: Config, now: datetime) -> datetime:
    """Return when a file was changed, where that was just now, else the present."""
    try:
        changed = datetime.fromtimestamp(os.stat(config.path).st_mtime, UTC)
    except OSError:
        return now
    return changed if now - GRACE <= changed <= now else now


def _due(known: KnownTrigger, begun: datetime | None, now: datetime) -> Due | None:
    since = max(known.first_seen, known.last_moment or known.first_seen)
    if _is_strange(known) and begun is not None and begun <= now:
        since = begun
    trigger = known.trigger
    moment = latest(trigger.line, trigger.zone, since, now)
    if moment is None:
        return None
    before = count(trigger.line, trigger.zone, since, moment) - 1
    return Due(trigger=trigger, moment=moment, missed=before)


def _is_strange(known: KnownTrigger) -> bool:
    """Whether the record knows nothing of what was run before it first saw the job."""
    return known.is_founding and known.last_moment is None


def _order(each: Due) -> tuple[int, datetime, str, str]:
    """Order as it is done: all backups, verifications, prunes; what has waited longest first."""
    return (tuple(What).index(each.what), each.moment, each.job, each.label or "")
