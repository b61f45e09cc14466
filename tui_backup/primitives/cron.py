"""Cron: what a line of crontab(5) says, without any time zone."""

import re
from datetime import date
from functools import lru_cache
from itertools import product
from typing import Final

import msgspec

from tui_backup.primitives.i18n import _

DAY_S: Final = 86_400

_SHORT: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_SPAN: Final = re.compile(r"\*|([0-9]{1,2}|[a-z]{3})(-([0-9]{1,2}|[a-z]{3}))?")
_STEP: Final = re.compile("[1-9][0-9]{0,2}")
_RANGES: Final = (range(60), range(24), range(1, 32), range(1, 13), range(7))
_LONGEST: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a line, as Vixie cron understands them."""

    times: tuple[int, ...]
    """Seconds since midnight, ascending."""
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    is_either: bool
    """Whether day and weekday are both given, so that one of them is enough: neither begins with `*`."""
    is_fixed: bool
    """Whether it names a time of the day: neither minute nor hour begins with `*` (entry.c: MIN_STAR, HR_STAR).

    What daylight saving does to it depends on that; see `primitives/schedule`.
    """

    def falls_on(self, day: date) -> bool:
        """Whether a day is one of its days."""
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_day or by_weekday if self.is_either else by_day and by_weekday

    @property
    def comes(self) -> bool:
        """Whether there is any such day; 30 February is none."""
        return self.is_either or any(min(self.days) <= _LONGEST[month - 1] for month in self.months)


@lru_cache(maxsize=1024)
def parse_line(line: str) -> Line:
    """Return what a line says: five fields, or `@daily` and its like.

    That is crontab(5) and no more: none of the seconds, years, `L`, `W`, `#`, `?`, `H`, `R` that croniter knows
    besides, no step without a range, and no range that does not run forwards (croniter has `30-30` mean every minute).

    Raises:
        ValueError: it is no such line.
    """
    fields = _SHORT.get(line.strip(), line).lower().split()
    if not line.isascii() or len(fields) != 5:
        raise ValueError(_no_schedule(line))
    simple = [_simple(text, every) for text, every in zip(fields, _RANGES, strict=True)]
    known = [values for values in simple if values is not None]
    minutes, hours, days, months, weekdays = known if len(known) == len(fields) else _expanded(line, fields)
    return Line(
        times=tuple(hour * 3600 + minute * 60 for hour, minute in product(sorted(hours), sorted(minutes))),
        days=days,
        months=months,
        weekdays=weekdays,
        is_either=not (fields[2].startswith("*") or fields[4].startswith("*")),
        is_fixed=not (fields[0].startswith("*") or fields[1].startswith("*")),
    )


def _simple(text: str, every: range) -> frozenset[int] | None:
    """Return what a number, `*` or `*/N` stands for, as most fields are; None: croniter has to say.

    croniter runs `file` when it is imported, to learn about the processor: nothing for a program that is to be quick.
    """
    if text == "*":
        return frozenset(every)
    start, slash, number = text.rpartition("/")
    if not number.isdecimal() or len(number) > len(str(every[-1])) or (slash and start != "*"):
        return None
    value = int(number)
    if slash:
        return frozenset(every[::value]) if value <= every[-1] and not number.startswith("0") else None
    return frozenset([value]) if value in every else None


def _expanded(line: str, fields: list[str]) -> list[frozenset[int]]:
    """Return what five fields stand for; raises ValueError where they are none of crontab(5)."""
    from croniter import croniter

    if not all(_is_plain(text, at) for at, text in enumerate(fields)):
        raise ValueError(_no_schedule(line))
    try:
        expanded, _nth = croniter.expand(" ".join(fields))
    except ValueError:
        raise ValueError(_no_schedule(line)) from None
    return [
        frozenset(every) if "*" in values else frozenset(int(value) for value in values)
        for every, values in zip(_RANGES, expanded, strict=True)
    ]


def _is_plain(text: str, at: int) -> bool:
    return all(_is_item(item, at) for item in text.split(","))


def _is_item(item: str, at: int) -> bool:
    """Whether one part of a list is a value, or `*` or a range that runs forwards, perhaps with a step."""
    span, slash, step = item.partition("/")
    if not _SPAN.fullmatch(span) or (slash and not _STEP.fullmatch(step)):
        return False
    low, dash, high = span.partition("-")
    if dash:
        return _number(low, at) < _number(high, at)
    return span == "*" or not slash


def _number(word: str, at: int) -> int:
    """Return what a value of a field stands for; -1: nothing."""
    from croniter import croniter

    names = dict[str, object](croniter.ALPHACONV[at])
    number = str(names.get(word, word))
    return int(number) if number.isdecimal() else -1


def _no_schedule(line: str) -> str:
    message = _("{line!r} is no schedule; write five fields: minute, hour, day, month, weekday, as 0 2 * * *")
    return message.format(line=line)
