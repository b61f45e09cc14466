"""What upkeep talks about: locks, keys, space to reclaim, copies and repairs."""

from datetime import datetime
from enum import StrEnum

import msgspec

from tui_backup.model.problem import Problem
from tui_backup.model.snapshot import Snapshot


class LockLife(StrEnum):
    """Whether the owner of a lock still lives."""

    ALIVE = "alive"
    DEAD = "dead"
    """Provably: nobody can be hurt when the lock goes."""
    UNKNOWN = "unknown"


class LockInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A lock in a repository; what is unknown is None."""

    name: str
    """Its id."""
    exclusive: bool | None
    host: str | None
    user: str | None
    pid: int | None
    since: datetime | None
    refreshed: datetime | None
    life: LockLife
    evidence: str
    """One clause for people: what `life` is concluded from."""


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A key file of a repository."""

    id: str
    current: bool
    """Whether it is the one that the repository was opened with."""
    created: datetime | None
    user: str
    host: str
    trouble: str | None = None
    """Why it cannot be used."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """Packs, and what they take as stored."""

    packs: int
    bytes: int


class ReclaimLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much may be left unused, and how much may be rewritten for it; None: no limit."""

    max_unused_percent: float | None = 5.0
    """Of the bytes that remain."""
    max_unused_bytes: int | None = None
    max_repack_bytes: int | None = None


class LockedObject(msgspec.Struct, frozen=True):
    """An object that nobody needs and nobody can remove yet."""

    key: str
    size: int
    until: datetime


class ReclaimPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of every pack when some snapshots are forgotten; sizes are bytes as stored."""

    gone: tuple[Snapshot, ...]
    """Snapshots that are forgotten first."""
    kept: int
    """Packs that stay as they are."""
    repacked: int
    """Packs whose used blobs move to new packs."""
    dropped: int
    """Packs of which nothing is used."""
    unlisted: int
    """Packs that no index lists, left by somebody who was interrupted."""
    total_bytes: int
    used_bytes: int
    repacked_bytes: int
    """Blobs that are written anew."""
    freed_bytes: int
    """What the store holds less in the end."""
    unused_bytes: int
    """What is unused and stays."""
    locked: tuple[LockedObject, ...] = ()
    """What goes in a later plan."""
    work: object
    """What the format itself needs to carry this out."""

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.gone or self.repacked or self.dropped or self.unlisted)


class Reclaimed(msgspec.Struct, frozen=True, kw_only=True):
    """What a reclaiming has done."""

    forgotten: int
    freed_bytes: int
    repacked_bytes: int


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one snapshot of a copy."""

    source: Snapshot
    snapshot: Snapshot | None
    """The copy; None where this is only a rehearsal."""
    is_new: bool
    """False where the copy was there before."""


class CopyResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy has done, or would do."""

    copied: tuple[Copied, ...]
    blobs: int
    read_bytes: int
    """Bytes of blobs read from the source, as stored there."""
    added_bytes: int
    """Bytes that went to the store; those that would, in a rehearsal."""


class RepairStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a repair does, or would do."""

    what: str
    """A fixed word, such as `list-pack`, `replace-index`, `replace-pack`, `rewrite-snapshot`."""
    object: str
    """Key of the store object, id of the snapshot, or where healed blobs come from."""
    detail: str
    """For people."""
    paths: tuple[bytes, ...] = ()
    """Paths that a snapshot loses, raw; at most a hundred."""


class RepairPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a repair would do, and what it cannot mend."""

    steps: tuple[RepairStep, ...]
    problems: tuple[Problem, ...]
    """What stays broken."""
    skipped: tuple[RepairStep, ...] = ()
    """What was done before."""
    work: object
    """What the format itself needs to carry this out."""


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """What a repair has done."""

    done: tuple[RepairStep, ...]
    problems: tuple[Problem, ...]
    """What stays broken."""
    replaced: tuple[str, ...] = ()
    """Names of the packs that are gone."""
    snapshots: tuple[Snapshot, ...] = ()
    """Those that were written."""
    bytes_added: int = 0
    """What was written, as stored."""
    proven: bool = False
    """Whether every pack was read for it, and those found damaged are among the replaced ones."""
