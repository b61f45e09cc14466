"""Clocks: whether the clock on the wall was set, and whether the record holds times that have not come yet.

Whoever looks with a clock of its own notes what that says, and for how long the machine has been up, which nobody can
set. Where one has gone on by far more or less than the other, the clock was set in between.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from tui_backup.config.settings import Config
from tui_backup.engine.retention_guard import CLOCK_TOLERANCE
from tui_backup.history.history import History
from tui_backup.history.lookout import Leap, Reading
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import duration, moment
from tui_backup.primitives.uptime import Uptime, uptime

FAR: Final = timedelta(hours=6)
"""By how much a clock has to be set until somebody should know: a machine that slept may be wrong about less."""

TOLD_FOR: Final = timedelta(days=1)
"""How long that stays a trouble, unless times that have not come yet show it for longer."""

NOTED_EVERY: Final = timedelta(minutes=5)
"""How old a note may get until it is renewed."""

_SETTLED: Final = timedelta(minutes=15)
"""So long after a start a clock may still be wrong, on machines that have to ask others for the time."""


def leap_between(before: Reading | None, after: Reading) -> Leap | None:
    """Return by how much a clock was set between two readings; None where it was not, or nobody can know."""
    if before is None or before.boot != after.boot or before.uptime < _SETTLED.total_seconds():
        return None
    seconds = (after.time - before.time).total_seconds() - (after.uptime - before.uptime)
    return Leap(seen_at=after.time, seconds=seconds) if abs(seconds) > FAR.total_seconds() else None


def heed_clock(history: History, present: datetime, up: Uptime | None = None) -> None:
    """Note what the clocks say: `present` is what that on the wall does, `up` for how long the machine has been up."""
    up = up or uptime()
    if up is None:
        return
    reading, known = Reading(time=present, boot=up.boot, uptime=up.seconds), history.lookout.sightings().clock
    leap = leap_between(known, reading)
    is_fresh = known is not None and known.boot == up.boot and abs(present - known.time) < NOTED_EVERY
    if leap is not None or not is_fresh:
        history.lookout.note_clock(reading, leap)


def clock_troubles(config: Config, history: History, now: datetime) -> Iterator[Trouble]:
    """Tell that the clock was set lately, and of what bears a time that has not come yet."""
    sightings = history.lookout.sightings()
    leap, looked_at = sightings.leap, sightings.schedules_at
    if leap is not None and abs(now - leap.seen_at) < TOLD_FOR:
        yield _trouble(_leap_words(leap))
    elif looked_at is not None and looked_at > now + CLOCK_TOLERANCE:
        text = _("the schedules were last looked at at {time}, which has not come yet: a clock is or was wrong")
        yield _trouble(text.format(time=moment(looked_at)))
    for job, newest in history.lookout.ahead(now + CLOCK_TOLERANCE).items():
        if job in config.jobs:
            text = _("the newest backup of {job} is of {time}, which has not come yet: a clock is or was wrong")
            yield _trouble(text.format(job=job, time=moment(newest)), job)


def _leap_words(leap: Leap) -> str:
    text = _("the clock of this machine was set ahead by {duration} (it was {time} by it then)")
    if leap.seconds < 0:
        text = _("the clock of this machine was set back by {duration} (it was {time} by it then)")
    return text.format(duration=duration(abs(leap.seconds)), time=moment(leap.seen_at))


def _trouble(message: str, job: str | None = None) -> Trouble:
    hint = _("see what `date` says; what ran by a wrong clock bears wrong times")
    return Trouble(kind=TroubleKind.CLOCK, job=job, message=message, hint=hint)
