"""The agenda: what a configuration does by itself, when next, and what daylight saving does to that."""

from datetime import datetime

import msgspec

from tui_backup.config.settings import Config
from tui_backup.model.schedule import Trigger
from tui_backup.primitives.cron import parse_line
from tui_backup.primitives.i18n import _
from tui_backup.primitives.schedule import Effect, effect
from tui_backup.services.schedule.due import next_moments


class Appointment(msgspec.Struct, frozen=True, kw_only=True):
    """A moment at which something is to be done."""

    at: datetime
    """UTC."""
    effect: Effect | None
    """What daylight saving does to it."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a job does by itself."""

    trigger: Trigger
    next: tuple[Appointment, ...]


def agenda(config: Config, now: datetime, how_many: int = 5) -> list[Item]:
    """Return the next moments of everything, job by job as the file has them."""
    return [
        Item(
            trigger=each.trigger,
            next=tuple(
                Appointment(at=moment, effect=effect(each.trigger.line, each.trigger.zone, moment))
                for moment in each.moments
            ),
        )
        for each in next_moments(config, now, how_many)
    ]


def effect_words(what: Effect, line: str) -> str:
    """Return a sentence on what daylight saving does to a moment of a line."""
    is_fixed = parse_line(line).is_fixed
    if what is Effect.AFTER_GAP:
        return _("the clock goes forward past its time: it comes right then")
    if what is Effect.FIRST_OF_TWO:
        if is_fixed:
            return _("the clock goes back, and its time comes twice: it runs at the first")
        return _("the clock goes back, and this hour comes twice: this is the first")
    return _("the clock goes back, and this hour comes twice: this is the second")
