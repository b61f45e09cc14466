"""Schedule: the moments of a cron line in a time zone, with daylight saving as in Vixie cron.

cron(8) of Debian: where the clock goes forward by less than three hours, jobs of the time that was skipped run soon
after the change; where it goes back by less than that, jobs of the time that is repeated do not run again. "Only jobs
that run at a particular time (not specified as @hourly, nor with '*' in the hour or minute specifier) are affected.
Jobs which are specified with wildcards are run based on the new time immediately." A larger change is a correction of
the clock, and counts at once for all.

Here a change of exactly three hours, which that page leaves open, is one of daylight saving, and all that was skipped
comes at the one moment in which the clock has gone forward.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from typing import Final

import msgspec

from tui_backup.primitives.cron import DAY_S, Line, parse_line
from tui_backup.primitives.i18n import _

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()
_LAST_DAY: Final = (date(9999, 1, 1) - date(1970, 1, 1)).days
_LARGEST_CHANGE_S: Final = 3 * 3600
"""By how much clocks go forward or back where it is no correction."""

_Offset = Callable[[int], int]
"""Seconds by which a zone is ahead of UTC, at a time in seconds since 1970."""

_Group = tuple[int, tuple[int, ...]]
"""Moments: what is to be added to each of these for seconds since 1970."""


class _Change(msgspec.Struct, frozen=True):
    """A moment in which clocks of a zone were set."""

    at: int
    before: int
    """Offset until then."""
    after: int

    @property
    def is_correction(self) -> bool:
        return abs(self.after - self.before) > _LARGEST_CHANGE_S


class Effect(StrEnum):
    """What daylight saving does to a moment."""

    AFTER_GAP = "after-gap"
    """Its own time does not exist: the clock goes past it, and it comes right then."""
    FIRST_OF_TWO = "first-of-two"
    """Its time exists twice, and this is the first."""
    SECOND_OF_TWO = "second-of-two"


def check_line(line: str) -> None:
    """Refuse what is no line of crontab(5) (see `cron.parse_line`), and what never comes; raises ValueError."""
    if not parse_line(line).comes:
        raise ValueError(_("{line!r} never comes: no such month has that day").format(line=line))


def moments(line: str, zone: str | None, after: datetime) -> Iterator[datetime]:
    """Yield the moments of a line after a time, in UTC, ascending, for ever; none for a line that never comes.

    `zone` is None for that of the machine, here and below.
    """
    start, parsed, offset = _seconds(after), parse_line(line), _offset_in(zone)
    for day in _days(parsed, start // DAY_S, 1):
        yield from (_moment(each) for each in _flat(_within(parsed, offset, day)) if each > start)


def latest(line: str, zone: str | None, after: datetime, until: datetime) -> datetime | None:
    """Return the last moment of a line after `after` and not after `until`; None: there is none."""
    start, end, parsed, offset = _seconds(after), _seconds(until), parse_line(line), _offset_in(zone)
    for day in _days(parsed, end // DAY_S, -1):
        if (day + 1) * DAY_S <= start:
            return None
        found = max((each for each in _flat(_within(parsed, offset, day)) if start < each <= end), default=None)
        if found is not None:
            return _moment(found)
    return None


def count(line: str, zone: str | None, after: datetime, until: datetime) -> int:
    """Return how many moments of a line lie after `after` and not after `until`."""
    start, end, parsed, offset = _seconds(after), _seconds(until), parse_line(line), _offset_in(zone)
    counted = 0
    for day in _days(parsed, start // DAY_S, 1):
        if day * DAY_S > end:
            break
        groups = _within(parsed, offset, day)
        if start < day * DAY_S and (day + 1) * DAY_S <= end:
            counted += sum(len(times) for _shift, times in groups)
        else:
            counted += sum(start < each <= end for each in _flat(groups))
    return counted


def effect(line: str, zone: str | None, moment: datetime) -> Effect | None:
    """Return what daylight saving does to a moment of a line; None: nothing."""
    at, parsed, offset = _seconds(moment), parse_line(line), _offset_in(zone)
    wall = at + offset(at)
    for change in _changes(offset, at - DAY_S, at):
        was_skipped = change.at == at and any(_walls(parsed, at + change.before, wall))
        if was_skipped and parsed.is_fixed and not change.is_correction:
            return Effect.AFTER_GAP
        if wall < change.at + change.before:
            return Effect.SECOND_OF_TWO
    comes_again = any(wall >= change.at + change.after for change in _changes(offset, at, at + DAY_S))
    return Effect.FIRST_OF_TWO if comes_again else None


def _within(line: Line, offset: _Offset, day: int) -> list[_Group]:
    """Return the moments within a day of UTC, counted from 1970, ascending."""
    start, end = day * DAY_S, (day + 1) * DAY_S
    changes = [*_changes(offset, start - DAY_S, start), *_changes(offset, start, end)]
    groups = list[_Group]()
    latest_change = None
    for change in (*changes, None):
        stop = end if change is None else min(change.at, end)
        if start < stop:
            groups += _steady(line, offset(start), (start, stop), latest_change)
            start = stop
        latest_change = change
    return groups


def _steady(line: Line, offset: int, span: tuple[int, int], change: _Change | None) -> Iterator[_Group]:
    """Yield the moments in a span of time in which the offset of a zone is the same, since a change."""
    start, end = span
    wall = start + offset
    if line.is_fixed and change is not None and not change.is_correction:
        reached = change.at + change.before
        if start == change.at and any(_walls(line, reached, wall)):
            yield start, (0,)
            wall += 1
        wall = max(wall, reached)
    for midnight, times in _walls(line, wall, end + offset):
        yield midnight - offset, times


def _walls(line: Line, start: int, end: int) -> Iterator[_Group]:
    """Yield the times that a line names from `start` on and before `end`, as a clock on the wall shows them."""
    for day in range(start // DAY_S, -(-end // DAY_S)):
        if line.falls_on(_date(day)):
            midnight = day * DAY_S
            low, high = bisect_left(line.times, start - midnight), bisect_left(line.times, end - midnight)
            if low < high:
                yield midnight, line.times[low:high]


def _days(line: Line, day: int, step: int) -> Iterator[int]:
    """Yield the days of UTC that may have moments: a clock on the wall shows one of the line's days, or skips it.

    That clock shows the same day as in UTC, the one before or the one after. `step` is 1 or -1; ends with the calendar.
    """
    if not line.comes:
        return
    while 0 < day < _LAST_DAY:
        around = [_date(day - 1), _date(day), _date(day + 1)]
        if any(map(line.falls_on, around)):
            yield day
        elif not any(each.month in line.months for each in around):
            day = _at_edge(around[1 + step], step)
        day += step


def _at_edge(day: date, step: int) -> int:
    """Return the last day of a month (1), or its first one (-1), less one step."""
    first = day.replace(day=1)
    edge = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1) if step > 0 else first
    return edge.toordinal() - _FIRST_DAY - step


def _changes(offset: _Offset, start: int, end: int) -> Iterator[_Change]:
    """Yield when clocks were set after `start` and not after `end`, a day later; no zone does so twice a day."""
    before, after = offset(start), offset(end)
    if before != after:
        low, high = start, end
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == before else (low, middle)
        yield _Change(high, before, after)


def _offset_in(zone: str | None) -> _Offset:
    return _offset_of_machine if zone is None else _offset_of_zone(zone)


def _offset_of_machine(at: int) -> int:
    return time.localtime(at).tm_gmtoff


@lru_cache(maxsize=64)
def _offset_of_zone(zone: str) -> _Offset:
    """Return the offsets of a zone, remembered: most questions are about the same midnights."""
    from zoneinfo import ZoneInfo

    tz = ZoneInfo(zone)

    @lru_cache(maxsize=4096)
    def offset(at: int) -> int:
        ahead = datetime.fromtimestamp(at, tz).utcoffset()
        assert ahead is not None
        return ahead // timedelta(seconds=1)

    return offset


def _date(day: int) -> date:
    return date.fromordinal(_FIRST_DAY + day)


def _flat(groups: list[_Group]) -> Iterator[int]:
    return chain.from_iterable([shift + each for each in times] for shift, times in groups)


def _seconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1)


def _moment(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)
