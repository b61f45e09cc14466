"""Trouble: something that somebody should look at."""

from enum import StrEnum

import msgspec


class TroubleKind(StrEnum):
    """What is wrong."""

    FAILED = "failed"
    INCOMPLETE = "incomplete"
    STALE = "stale"
    COPIES = "copies"
    """A repository lacks the newest good snapshot of a job."""
    HELD = "held"
    """What a policy would forget waits for somebody to look at it."""
    SUDDEN_CHANGE = "sudden-change"
    """The data of a job is far from what it usually is, and nothing of it is forgotten until somebody has looked."""
    UNLOCKED = "unlocked"
    """Object locks of a repository could not be extended."""
    STOPPED = "stopped"
    """Something that stood still for a backup has not been started again."""
    DAMAGED = "damaged"
    LOW_SPACE = "low-space"
    VERIFY_FAILED = "verify-failed"
    """What a schedule verifies could not be, or not to its end."""
    PRUNE_FAILED = "prune-failed"
    """What a schedule prunes could not be, or not to its end."""
    SCHEDULER = "scheduler"
    """Something was due, and nobody has looked at the schedules since."""
    CLOCK = "clock"
    """The clock was set by far, or the record holds times that have not come yet."""
    NOTIFIER = "notifier"
    """Somebody who is to be told is not reached."""
    HISTORY = "history"
    METRICS = "metrics"
    """The metrics file cannot be written."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody should look at."""

    kind: TroubleKind
    job: str | None = None
    repository: str | None = None
    message: str
    hint: str | None = None
    notifier: str | None = None
    """Who is not reached."""
