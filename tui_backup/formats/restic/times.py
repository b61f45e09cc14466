"""RFC 3339 times as restic's JSON has them: nanoseconds and an offset, both of which `datetime` cannot hold.

A time is written `2023-11-14T23:13:20.123456789+01:00`: the fraction without zeros at its end, no fraction when it is
zero, `Z` for UTC, years 0000 to 9999.
"""

import re
import time
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

import msgspec

SECOND = 1_000_000_000
"""Nanoseconds."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = date(1970, 1, 1).toordinal()
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
"""After 400 years the calendar repeats: how to reach the year 0, which `date` does not know."""
_FIRST_SECOND, _LAST_SECOND = -62_167_219_200, 253_402_300_799
"""0000-01-01T00:00:00 and 9999-12-31T23:59:59."""
_EARLIEST, _LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
"""What `datetime` can convert between any two zones."""


class Moment(msgspec.Struct, frozen=True):
    """An instant and the offset of the clock on which it was read."""

    ns: int
    """Nanoseconds since 1970-01-01T00:00:00Z."""
    offset: int = 0
    """Minutes east of UTC."""


def local_time(ns: int) -> str:
    """Return the text of an instant (nanoseconds since 1970) on the local clock; what it costs is paid per file."""
    seconds, fraction = divmod(ns, SECOND)
    text, zone = _local_second(seconds)
    return f"{text}.{fraction:09d}".rstrip("0") + zone if fraction else text + zone


def format_time(ns: int, offset: int | None = None) -> str:
    """Return the text of an instant (nanoseconds since 1970), on the local clock unless `offset` minutes are given."""
    if offset is None:
        return local_time(ns)
    seconds, fraction = divmod(ns, SECOND)
    wall = min(max(seconds + 60 * offset, _FIRST_SECOND), _LAST_SECOND)
    return _wall_text(wall) + (f".{fraction:09}".rstrip("0") if fraction else "") + _zone_text(60 * offset)


def parse_time(text: str) -> Moment:
    """Return the moment that a text names; more than nine digits of fraction are cut.

    Raises:
        ValueError: the text is no such time.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"not a time: {text!r}")
    wall, fraction, zone = match.groups()
    offset = _offset(zone)
    ns = int(fraction[:9].ljust(9, "0")) if fraction else 0
    return Moment((_wall_seconds(wall) - 60 * offset) * SECOND + ns, offset)


def moment_of(when: datetime) -> Moment:
    """Return the moment of an aware datetime."""
    shift = when.utcoffset()
    if shift is None:
        raise ValueError("a time without a zone")
    since = when - datetime(1970, 1, 1, tzinfo=UTC)
    return Moment(since // timedelta(microseconds=1) * 1000, shift // timedelta(minutes=1))


def to_datetime(moment: Moment) -> datetime:
    """Return the aware datetime of a moment, cut to microseconds; years before 2 or after 9998 become these."""
    zone = timezone(timedelta(minutes=moment.offset)) if moment.offset else UTC
    try:
        when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment.ns // 1000)
    except OverflowError:
        when = _EARLIEST if moment.ns < 0 else _LATEST
    return min(max(when, _EARLIEST), _LATEST).astimezone(zone)


@lru_cache(8192)
def _local_second(seconds: int) -> tuple[str, str]:
    """Return date and time of day on the local clock, and its zone."""
    seconds = min(max(seconds, _FIRST_SECOND), _LAST_SECOND)
    try:
        local = time.localtime(seconds)
        offset = local.tm_gmtoff
    except (OverflowError, OSError, ValueError):
        local, offset = time.gmtime(seconds), 0
    year, month, day, hour, minute, second = local[:6]
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}", _zone_text(offset)


def _zone_text(offset: int) -> str:
    """Return the zone that is so many seconds east of UTC, as Go writes it."""
    if not offset:
        return "Z"
    hours, minutes = divmod(abs(offset) // 60, 60)
    return f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"


def _wall_text(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    ordinal = _EPOCH + days
    if ordinal >= 1:
        day = date.fromordinal(ordinal).isoformat()
    else:
        day = f"0000{date.fromordinal(ordinal + _CYCLE_DAYS).isoformat()[4:]}"
    return f"{day}T{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


@lru_cache(4096)
def _wall_seconds(text: str) -> int:
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    hour, minute, second = int(text[11:13]), int(text[14:16]), int(text[17:19])
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"not a time: {text!r}")
    if year:
        days = date(year, month, day).toordinal() - _EPOCH
    else:
        days = date(_CYCLE_YEARS, month, day).toordinal() - _CYCLE_DAYS - _EPOCH
    return days * 86_400 + hour * 3600 + minute * 60 + second


@lru_cache(256)
def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(f"not an offset: {zone!r}")
    return (-1 if zone[0] == "-" else 1) * (60 * hours + minutes)
