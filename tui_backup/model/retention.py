"""Keep: which snapshots of a job a policy keeps, and what it decided."""

from datetime import datetime

import msgspec

from tui_backup.model.snapshot import Snapshot


class Keep(msgspec.Struct, frozen=True, kw_only=True):
    """A policy as `keep` has it; a count of -1 keeps them all, and a policy without any rule keeps everything."""

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    """Weeks as ISO 8601 counts them."""
    monthly: int = 0
    yearly: int = 0
    within: "Span | None" = None
    """Everything this much older than the newest snapshot, or younger."""
    tags: tuple[tuple[str, ...], ...] = ()
    """Everything that has all tags of one of these groups."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no rule."""
        return self == Keep()


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A time as calendars count it: months first, then days, then hours that pass by the clock."""

    months: int = 0
    days: int = 0
    hours: int = 0

    def __str__(self) -> str:
        """Return it as a configuration has it: `1y2mo7d12h`."""
        years, months = divmod(self.months, 12)
        parts = ((years, "y"), (months, "mo"), (self.days, "d"), (self.hours, "h"))
        return "".join(f"{count}{unit}" for count, unit in parts if count) or "0d"


class Decision(msgspec.Struct, frozen=True):
    """What becomes of one snapshot, and why."""

    snapshot: Snapshot
    keep: bool
    reasons: tuple[str, ...]
    """For people; empty only where nothing speaks for keeping it."""


class LastPrune(msgspec.Struct, frozen=True):
    """What the last plan for a job in a repository came to, as it was carried out."""

    time: datetime
    kept: int
    removed: int
