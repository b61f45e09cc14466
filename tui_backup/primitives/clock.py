"""The present, in UTC, and times as text."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)


def in_zone(time: datetime, zone: str | None) -> datetime:
    """Return a time in the zone of that name; None: the zone of the machine."""
    if zone is None:
        return time.astimezone()
    from zoneinfo import ZoneInfo

    return time.astimezone(ZoneInfo(zone))


def rfc3339(time: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC with `Z` and microseconds cut to milliseconds; None stays None."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_ns(nanoseconds: int) -> datetime | None:
    """Return the UTC time of a file's timestamp; None where the calendar does not reach."""
    try:
        return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC).replace(
            microsecond=nanoseconds % 1_000_000_000 // 1000
        )
    except (OverflowError, ValueError, OSError):
        return None
