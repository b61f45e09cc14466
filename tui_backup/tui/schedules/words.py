"""Words of the schedule page: when something comes, and what becomes of it where something is in the way."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from tui_backup.config.settings import JobConfig
from tui_backup.model.schedule import Trigger, What
from tui_backup.primitives.clock import in_zone
from tui_backup.primitives.cron_words import in_words
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.units import format_duration
from tui_backup.services.schedule.agenda import Item, effect_words
from tui_backup.services.schedule.callers import Caller
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.widgets.cells import Piece
from tui_backup.tui.widgets.facts import Fact
from tui_backup.tui.words import clock_change, until, weekdays


def facts_of(item: Item, job: JobConfig, waiting: str | None, now: datetime) -> list[Fact]:
    """Return everything that is to be known of one line of a job; `waiting` is why what is due now does not begin."""
    trigger = item.trigger
    zone = trigger.zone or _("zone of this machine")
    effects = dict.fromkeys(each.effect for each in item.next if each.effect is not None)
    return [
        Fact(_("When"), "   ".join(filter(None, (in_words(trigger.line), trigger.line, zone)))),
        *_moments(item, now),
        *(Fact("", effect_words(effect, trigger.line), "careful") for effect in effects),
        *_promises(trigger, job),
        *([Fact("", _("Waits now: {reason}").format(reason=waiting), "careful")] if waiting else []),
    ]


def callers_piece(callers: Sequence[Caller], glyphs: Glyphs, *, is_here: bool = False) -> Piece:
    """Return who on this host runs what is due, or that nobody does; `is_here`: this process does."""
    if is_here:
        return f"{glyphs.running} " + _("What is due is run here, as long as this interface is open"), "accent"
    working = [each for each in callers if each.works]
    if working:
        names = ", ".join(each.object for each in working)
        return f"{glyphs.ok} " + _("{names} looks at what is due").format(names=names), "ok"
    if callers:
        first = callers[0]
        return f"{glyphs.stale} " + _("{name}, {reason}").format(name=first.object, reason=first.detail), "warning"
    return f"{glyphs.failed} " + _("Nothing on this host runs what is due: tui-backup schedule install"), "error"


def _moments(item: Item, now: datetime) -> Iterator[Fact]:
    for number, each in enumerate(item.next):
        there = in_zone(each.at, item.trigger.zone)
        parts = [
            f"{weekdays()[there.weekday()]} {there:%Y-%m-%d %H:%M %Z}".ljust(26),
            f"{weekdays()[each.at.weekday()]} {each.at:%H:%M} UTC",
            until(each.at, now).rjust(9),
            clock_change(each.effect) if each.effect else "",
        ]
        yield Fact(_("Next") if not number else "", "  ".join(parts).rstrip(), "careful" if each.effect else "")


def _promises(trigger: Trigger, job: JobConfig) -> Iterator[Fact]:
    """Say what becomes of a moment that nobody was there for, how it begins, and what follows a failure."""
    timing = job.timing
    if timing.catch_up:
        yield Fact(_("Missed"), _("made up for once, however many moments were missed"))
    else:
        yield Fact(_("Missed"), _("left out: catch_up is off"))
    if trigger.what is What.BACKUP and timing.delay_s:
        words = _("begins up to {duration} later, at random")
        yield Fact(_("Delay"), words.format(duration=format_duration(timing.delay_s)))
    if trigger.what is What.BACKUP:
        yield Fact(_("Failed"), _retried(job))
    if trigger.what is What.VERIFY and timing.verify_subset.of > 1:
        words = ngettext("each time 1/{count} of the data", "each time 1/{count} of the data", timing.verify_subset.of)
        yield Fact(_("Reads"), words.format(count=timing.verify_subset.of))
    if timing.require:
        yield Fact(_("Requires"), ", ".join(timing.require))


def _retried(job: JobConfig) -> str:
    retry = job.timing.retry
    if retry.attempts == 1:
        return _("not tried again before the next moment")
    words = ngettext("tried {count} time in all", "tried {count} times in all, {wait} apart", retry.attempts)
    return words.format(count=retry.attempts, wait=format_duration(retry.wait_s))
