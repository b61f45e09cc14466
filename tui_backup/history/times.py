"""Times as the record keeps them: RFC 3339 in UTC with microseconds, so that text sorts as time does."""

from datetime import UTC, datetime


def to_text(time: datetime) -> str:
    """Return an aware time as text of fixed width."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str | None) -> datetime | None:
    """Return the time that `to_text` wrote; None stays None."""
    return None if text is None else datetime.fromisoformat(text)
