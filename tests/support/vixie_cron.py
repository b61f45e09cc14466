"""Vixie cron, minute by minute: what cron.c and entry.c of ISC cron 4.1 do on a machine that is never off.

Nothing is shared with the program.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

_HOUR = 60
_NAMES = {
    name: str(number)
    for names, first in (("jan feb mar apr may jun jul aug sep oct nov dec", 1), ("sun mon tue wed thu fri sat", 0))
    for number, name in enumerate(names.split(), first)
}


class Job:
    """A line of a crontab, as entry.c loads it."""

    def __init__(self, line: str) -> None:
        self.line = line
        minute, hour, day, month, weekday = line.lower().split()
        self.minutes = _bits(minute, 0, 59)
        self.hours = _bits(hour, 0, 23)
        self.days = _bits(day, 1, 31)
        self.months = _bits(month, 1, 12)
        self.weekdays = {number % 7 for number in _bits(weekday, 0, 7)}
        self.day_star = day.startswith("*")
        self.weekday_star = weekday.startswith("*")
        self.is_wild = minute.startswith("*") or hour.startswith("*")
        self._known: dict[int, bool] = {}

    def runs_on(self, day: int) -> bool:
        """Whether it runs on a day at all, counted from 1970."""
        if day not in self._known:
            self._known[day] = self._runs_on(date(1970, 1, 1) + timedelta(days=day))
        return self._known[day]

    def _runs_on(self, day: date) -> bool:
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.day_star or self.weekday_star:
            return day.month in self.months and by_day and by_weekday
        return day.month in self.months and (by_day or by_weekday)


def simulate(lines: Iterable[str], zone: str, start: datetime, end: datetime) -> dict[str, list[datetime]]:
    """Return in which minutes, in UTC, cron starts the jobs of some lines from `start` on and before `end`."""
    jobs = [Job(line) for line in lines]
    at_times = defaultdict[int, list[Job]](list)
    for job in jobs:
        for hour, minute in product(job.hours, job.minutes):
            at_times[hour * _HOUR + minute].append(job)
    runs = dict[str, list[datetime]]((job.line, []) for job in jobs)
    for now, minutes, wild, fixed in _wakeups(zone, start, end):
        for at in minutes:
            day, time = divmod(at, 24 * _HOUR)
            for job in at_times.get(time, ()):
                started = runs[job.line]
                if (wild if job.is_wild else fixed) and job.runs_on(day) and started[-1:] != [now]:
                    started.append(now)
    return runs


def _wakeups(zone: str, start: datetime, end: datetime) -> Iterator[tuple[datetime, Iterable[int], bool, bool]]:
    """Yield every call of find_jobs: when, for which minutes, with wildcard jobs, with jobs of a fixed time."""
    tz = ZoneInfo(zone)
    virtual = _clock(int(start.timestamp()) - 60, tz)
    for seconds in range(int(start.timestamp()), int(end.timestamp()), 60):
        now, running = datetime.fromtimestamp(seconds, UTC), _clock(seconds, tz)
        difference = running - virtual
        if difference == 1:
            yield now, (running,), True, True
            virtual = running
        elif 0 < difference <= 5:
            yield now, range(virtual + 1, running + 1), True, True
            virtual = running
        elif 5 < difference <= 3 * _HOUR:
            yield now, (running,), True, False
            yield now, range(virtual + 1, running + 1), False, True
            virtual = running
        elif -3 * _HOUR < difference <= 0:
            yield now, (running,), True, False
        else:
            yield now, (running,), True, True
            virtual = running


def _clock(seconds: int, tz: ZoneInfo) -> int:
    """Return what a clock on the wall shows, in minutes since 1970."""
    offset = datetime.fromtimestamp(seconds, tz).utcoffset()
    assert offset is not None
    return (seconds + 86_400 * offset.days + offset.seconds) // 60


def _bits(field: str, low: int, high: int) -> set[int]:
    found = set[int]()
    for item in field.split(","):
        span, _slash, step = item.partition("/")
        first, dash, last = span.partition("-")
        if first == "*":
            first, last = str(low), str(high)
        elif not dash:
            last = first
        found |= set(range(int(_NAMES.get(first, first)), int(_NAMES.get(last, last)) + 1, int(step or 1)))
    return found
