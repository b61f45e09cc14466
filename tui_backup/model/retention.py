"""Keep: which snapshots of a job a policy keeps, and what it decided."""

from datetime import datetime, timedelta

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


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A time as calendars count it: months first, then the rest."""

    months: int = 0
    rest: timedelta = timedelta()


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
