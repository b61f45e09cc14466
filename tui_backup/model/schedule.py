"""Schedule: when something is due, and what is done where it fails."""

from enum import StrEnum
from typing import Final

import msgspec

SCHEDULED: Final = "scheduled"
"""Kind of the snapshots of a schedule that has no label."""


class What(StrEnum):
    """What a job does at a moment, in the order in which things are done that are due at once."""

    BACKUP = "backup"
    VERIFY = "verify"
    PRUNE = "prune"


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """What makes something due: a cron line of a job, in a zone. Another line or zone makes another trigger."""

    job: str
    what: What
    line: str
    zone: str | None
    """None: that of the machine."""
    label: str | None = None
    """Kind of the snapshots that a backup leads to; None for everything else."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """One cron line of a job."""

    at: str
    """Five fields as crontab(5) has them, or `@daily` and its like; checked."""
    label: str = SCHEDULED
    """Kind of the snapshots that it leads to."""


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """How often a scheduled run that failed is tried."""

    attempts: int = 1
    """In all; at least 1."""
    wait_s: int = 600
    """Between two of them."""


class VerifySubset(msgspec.Struct, frozen=True, kw_only=True):
    """The share of the packs that one scheduled verification reads; in `of` runs all are read."""

    of: int
    """At least 1."""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a job does by itself."""

    schedules: tuple[Schedule, ...] = ()
    delay_s: int = 0
    """The longest random wait before a scheduled run."""
    catch_up: bool = True
    """Whether a moment that was missed is made up for."""
    retry: Retry = Retry()
    prune: str | None = None
    """Cron line of when space is reclaimed; None: after each run that has forgotten something."""
    verify: str | None = None
    """Cron line of when data is read and proven; None: when somebody asks."""
    verify_subset: VerifySubset = VerifySubset(of=1)
    require: tuple[str, ...] = ()
    """Soft reasons to wait: `ac-power`, `network`, `path:/mnt/usb`."""
