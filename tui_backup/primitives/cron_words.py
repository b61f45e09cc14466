"""Cron lines in words: those that people write; about any other nothing is said rather than something wrong."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from tui_backup.primitives.cron import DAY_S, Line, parse_line
from tui_backup.primitives.i18n import _, ngettext

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_MOST_LISTED: Final = 4
"""How many times, or days of the month, are named one by one."""
_LAST_OF_ALL_MONTHS: Final = 28


def in_words(line: str) -> str:
    """Return when a line of crontab(5) comes: `every day at 02:00`; empty where it is wrong, or too odd.

    `every 15 minutes`, `Sundays at 05:00`, `Mondays to Fridays, every hour from 08:00 to 17:00`,
    `on the 1st and 15th of each month at 00:30`.
    """
    try:
        parsed = parse_line(line)
    except ValueError:
        return ""
    days = _days(parsed)
    if days is None:
        return ""
    if len(parsed.times) <= _MOST_LISTED and (parsed.is_fixed or len(parsed.times) == 1):
        return _("{days} at {times}").format(
            days=days or _("every day"), times=_listed(list(map(_clock, parsed.times)))
        )
    often = _often(parsed.times)
    return _("{days}, {often}").format(days=days, often=often) if days and often else often


def _days(line: Line) -> str | None:
    """Return on which days a line comes; empty for all of them, None where that takes more than a few words."""
    every_day, every_weekday = len(line.days) == 31, len(line.weekdays) == 7
    if line.is_either or len(line.months) < 12 or not (every_day or every_weekday):
        return None
    if every_day:
        return "" if every_weekday else _weekdays(line.weekdays)
    if len(line.days) > _MOST_LISTED or max(line.days) > _LAST_OF_ALL_MONTHS:
        return None
    text = ngettext("on the {days} of each month", "on the {days} of each month", len(line.days))
    return text.format(days=_listed(list(map(_ordinal, sorted(line.days)))))


def _weekdays(weekdays: frozenset[int]) -> str:
    if weekdays == {1, 2, 3, 4, 5}:
        return _("Mondays to Fridays")
    names = (
        _("Sundays"), _("Mondays"), _("Tuesdays"), _("Wednesdays"), _("Thursdays"), _("Fridays"), _("Saturdays"),
    )  # fmt: skip
    return _listed([names[day] for day in sorted(weekdays, key=lambda day: (day - 1) % 7)])


def _often(times: Sequence[int]) -> str:
    """Return how often a line comes within a day whose times are all equally far apart; else nothing."""
    steps = {later - earlier for earlier, later in pairwise(times)}
    if len(steps) != 1:
        return ""
    (step,) = steps
    every = _every(step)
    if not every:
        return ""
    if times[0] + DAY_S - times[-1] != step:
        words = _("{every} from {start} to {end}")
        return words.format(every=every, start=_clock(times[0]), end=_clock(times[-1]))
    return _("{every} from {start}").format(every=every, start=_clock(times[0])) if times[0] else every


def _every(step: int) -> str:
    """Return a step of a day in whole minutes or hours; empty for others."""
    if step % _HOUR_S == 0:
        hours = step // _HOUR_S
        return ngettext("every hour", "every {count} hours", hours).format(count=hours)
    minutes = step // _MINUTE_S
    return ngettext("every minute", "every {count} minutes", minutes).format(count=minutes) if step < _HOUR_S else ""


def _clock(seconds: int) -> str:
    return f"{seconds // _HOUR_S:02}:{seconds % _HOUR_S // _MINUTE_S:02}"


def _ordinal(day: int) -> str:
    if day == 1:
        return _("1st")
    endings = {1: _("{number}st"), 2: _("{number}nd"), 3: _("{number}rd")}
    ending = endings.get(day % 10) if day not in {11, 12, 13} else None
    return (ending or _("{number}th")).format(number=day)


def _listed(words: Sequence[str]) -> str:
    """Return words as people list them: `a`, `a and b`, `a, b and c`."""
    if len(words) == 1:
        return words[0]
    return _("{words} and {last}").format(words=", ".join(words[:-1]), last=words[-1])
