"""Who hears what at one look: what has begun, what still lasts, what is over. Values alone: nothing is read or kept.

A trouble is told once as it begins, once a day while it lasts, and once when it is over. One that keeps coming back
(more than twice within a day of its last end) is believed to be over only after six quiet hours, and is told no more
in between. What has to do with a job whose newest run was cancelled, or is tried again, stays as it was: nobody knows
better.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from tui_backup.config.settings import NotifierConfig
from tui_backup.history.alerts import Alert, Identity, Turn
from tui_backup.history.outbox import Letter
from tui_backup.model.notice import Notice, Topic
from tui_backup.model.run import Run, Verb
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.services.alerts.notices import notice_of_ending, notice_of_trouble, recovery_of, trouble_event

REMINDED_EVERY: Final = timedelta(days=1)

SLACK: Final = timedelta(minutes=30)
"""So much sooner may a reminder come, lest whoever looks once a day misses a day by seconds."""

TOO_OFTEN: Final = 2
"""How often a trouble may begin of late before its end is doubted."""

SETTLED_AFTER: Final = timedelta(hours=6)
"""How long such a one must not be seen until its end is believed."""

_RUN: Final = "run"
ENDINGS: Final = (TroubleKind.FAILED, TroubleKind.INCOMPLETE)
"""How the newest run of a job may have ended; the gravest first."""

_AWAITED: Final = frozenset({_RUN, TroubleKind.COPIES})
"""What the next attempt of a run may bring in order."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen at one time."""

    time: datetime
    host: str
    receivers: tuple[NotifierConfig, ...]
    troubles: tuple[Trouble, ...]
    jobs: frozenset[str]
    """All that are configured."""
    repositories: frozenset[str]
    undecided: frozenset[str] = frozenset()
    """Jobs whose newest run was cancelled."""
    awaited: frozenset[str] = frozenset()
    """Jobs whose newest run did not end well, and is tried again."""
    runs: Mapping[Identity, Sequence[Run]] = {}
    """What led to a trouble, where a run did: a row for each repository."""


def identity_of(trouble: Trouble) -> Identity:
    """Return what makes a trouble the same at two looks: for the newest run of a job it is the job alone."""
    if trouble.kind in ENDINGS:
        return Identity(_RUN, trouble.job or "")
    return Identity(trouble.kind, trouble.job or "", trouble.repository or "", trouble.notifier or "")


def turn(look: Look, alerts: Sequence[Alert]) -> Turn:
    """Return what has changed since the last look, and what is to be told of that."""
    known = {alert.identity: alert for alert in alerts}
    seen = _seen(look)
    changes = [
        *(_of_seen(look, identity, trouble, known.get(identity)) for identity, trouble in seen.items()),
        *(_of_unseen(look, alert) for alert in alerts if alert.closed_at is None and alert.identity not in seen),
    ]
    return Turn(
        alerts=tuple(alert for changed, _letters in changes for alert in changed),
        letters=tuple(letter for _changed, letters in changes for letter in letters),
    )


def of_endings(look: Look, runs: Iterable[Sequence[Run]]) -> Iterator[Letter]:
    """Yield what is told of runs that have ended, but for the troubles that they lead to.

    Those who hear of starts hear of every end, so that none of their clocks goes on ticking.
    """
    for rows in runs:
        notice = notice_of_ending(rows, host=look.host, time=look.time)
        if notice is None or (notice.topic is Topic.SUCCESS and is_routine(rows[0])):
            continue
        told = notice.topic is not Topic.SUCCESS and _is_trouble(rows, look.troubles)
        for receiver in look.receivers:
            hears = notice.topic in receiver.topics and receiver.concerns(notice.job)
            if hears and (not told or Topic.START in receiver.topics):
                yield Letter(receiver.name, notice)


def is_routine(run: Run) -> bool:
    """Whether a run only belongs to another one, and nobody is told that it began or went well: keeping by policy."""
    return run.verb is Verb.PRUNE and run.job is not None


def _seen(look: Look) -> dict[Identity, Trouble]:
    """Return one trouble for each identity, the gravest."""
    seen: dict[Identity, Trouble] = {}
    for trouble in sorted(look.troubles, key=lambda trouble: trouble.kind is TroubleKind.INCOMPLETE):
        seen.setdefault(identity_of(trouble), trouble)
    return seen


def _of_seen(
    look: Look, identity: Identity, trouble: Trouble, alert: Alert | None
) -> tuple[tuple[Alert, ...], tuple[Letter, ...]]:
    if alert is None or alert.closed_at is not None:
        is_back = alert is not None and alert.closed_at is not None and look.time - alert.closed_at < REMINDED_EVERY
        begun = Alert(
            identity=identity,
            trouble=trouble,
            since=look.time,
            told_at=look.time,
            times=alert.times + 1 if alert is not None and is_back else 1,
        )
        return (begun,), _letters(look, trouble, _beginning(look, begun))
    again = msgspec.structs.replace(alert, trouble=trouble, told_at=look.time, gone_since=None)
    if (alert.trouble.kind, trouble.kind) == ENDINGS[::-1]:
        return (again,), _letters(look, trouble, _beginning(look, again))
    if _is_due(alert, look.time):
        reminder = notice_of_trouble(trouble, host=look.host, time=look.time, since=alert.since, is_reminder=True)
        return (again,), _letters(look, trouble, reminder)
    if alert.gone_since is not None:
        return (msgspec.structs.replace(alert, gone_since=None),), ()
    return (), ()


def _of_unseen(look: Look, alert: Alert) -> tuple[tuple[Alert, ...], tuple[Letter, ...]]:
    name, job = alert.identity.name, alert.identity.job
    if (name == _RUN and job in look.undecided) or (name in _AWAITED and job in look.awaited):
        return (), ()
    over = msgspec.structs.replace(alert, closed_at=look.time, told_at=look.time, gone_since=None)
    is_known = alert.is_acknowledged and alert.trouble.kind is TroubleKind.SUDDEN_CHANGE
    if is_known or not _is_configured(look, alert.identity):
        return (over,), ()
    if alert.times > TOO_OFTEN:
        if alert.gone_since is None:
            return (msgspec.structs.replace(alert, gone_since=look.time),), ()
        if look.time - alert.gone_since < SETTLED_AFTER:
            return (), ()
    notice = recovery_of(alert.trouble, host=look.host, time=look.time, since=alert.since)
    return (over,), _letters(look, alert.trouble, notice)


def _beginning(look: Look, alert: Alert) -> Notice:
    """Return the notice that something is wrong: of the run where one led to it, which says more."""
    rows = look.runs.get(alert.identity, ())
    told = notice_of_ending(rows, host=look.host, time=look.time) if rows else None
    if told is None:
        return notice_of_trouble(alert.trouble, host=look.host, time=look.time, since=alert.since)
    return msgspec.structs.replace(told, trouble=str(alert.trouble.kind), since=alert.since)


def _letters(look: Look, trouble: Trouble, notice: Notice) -> tuple[Letter, ...]:
    """Address a notice about a trouble; nobody is told that they are not reached."""
    _event, topic = trouble_event(trouble.kind)
    needed = {topic, notice.topic}
    return tuple(
        Letter(receiver.name, notice)
        for receiver in look.receivers
        if needed <= receiver.topics and receiver.concerns(trouble.job) and receiver.name != trouble.notifier
    )


def _is_due(alert: Alert, time: datetime) -> bool:
    """Whether a day more than at the last notice has passed; days are counted from the beginning."""
    if alert.is_acknowledged:
        return False
    return (time - alert.since + SLACK) // REMINDED_EVERY > (alert.told_at - alert.since + SLACK) // REMINDED_EVERY


def _is_configured(look: Look, identity: Identity) -> bool:
    names: Collection[str] = {receiver.name for receiver in look.receivers}
    return (
        (not identity.job or identity.job in look.jobs)
        and (not identity.repository or identity.repository in look.repositories)
        and (not identity.notifier or identity.notifier in names)
    )


def _is_trouble(rows: Sequence[Run], troubles: Sequence[Trouble]) -> bool:
    """Whether the end of a run shows in a trouble, which is told instead."""
    first = rows[0]
    kinds = {
        "run": ENDINGS,
        "prune": (TroubleKind.HELD, TroubleKind.PRUNE_FAILED),
        "verify": (TroubleKind.DAMAGED, TroubleKind.VERIFY_FAILED),
    }.get(first.verb.value, ())
    return any(
        trouble.kind in kinds
        and (
            trouble.job == first.job if first.verb == "run" else trouble.repository in {row.repository for row in rows}
        )
        for trouble in troubles
    )
