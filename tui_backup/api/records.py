"""What the Python API answers: plain dictionaries, as scripts expect them.

A `timestamp` is ISO 8601 in the local time of this machine, without an offset, to compare with `datetime.now()`;
`time` is the same moment in UTC. Sizes are bytes.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

from tui_backup.model.snapshot import Snapshot
from tui_backup.model.standing import Integrity
from tui_backup.primitives.clock import rfc3339

MEBIBYTE = 1024 * 1024


class Backup(TypedDict):
    """One snapshot in one repository."""

    id: str
    name: str
    type: str | None
    job: str | None
    repository: str
    status: str
    """completed or incomplete."""
    integrity: str
    size: int | None
    timestamp: str
    time: str | None


class Creation(TypedDict):
    """What became of a backup."""

    id: str | None
    name: str | None
    job: str | None
    status: str
    """completed, incomplete, failed or cancelled."""
    size: int | None
    timestamp: str
    error: str | None
    """What went wrong, with a backup that is completed too: a copy of it was not made."""
    backups: list["Creation"]
    """The same for each job, where several were backed up."""


class Health(TypedDict):
    """How the backups are doing."""

    last_backup: Backup | None
    count: int
    """Of the snapshots; copies do not count again."""
    total_size_mb: float
    """What all backups take in their repositories."""
    healthy: bool
    problems: list[str]


class Restoration(TypedDict):
    """What became of a restore."""

    success: bool
    restore_path: str | None
    error: str | None


class Verification(TypedDict):
    """What became of a verification."""

    success: bool
    problems: list[str]
    error: str | None


class Deletion(TypedDict):
    """What became of a deletion."""

    success: bool
    error: str | None


def name_of(job: str | None, time: datetime, kind: str | None) -> str:
    """Return a name for people: `site_20250831_215249_manual`."""
    return "_".join([job or "backup", f"{time.astimezone():%Y%m%d_%H%M%S}", *([kind] if kind else [])])


def local(time: datetime) -> str:
    """Return a moment as the `timestamp` of a record."""
    return time.astimezone().replace(tzinfo=None).isoformat(timespec="seconds")


def backup_of(snapshot: Snapshot, repository: str, integrity: Integrity) -> Backup:
    """Return the record of a snapshot."""
    return Backup(
        id=snapshot.id,
        name=name_of(snapshot.job, snapshot.time, snapshot.kind),
        type=snapshot.kind,
        job=snapshot.job,
        repository=repository,
        status=status_word(snapshot.status),
        integrity=integrity.value,
        size=snapshot.size,
        timestamp=local(snapshot.time),
        time=rfc3339(snapshot.time),
    )


def status_word(status: str) -> str:
    """Return a status as the API says it: what is `ok` elsewhere is `completed`."""
    return "completed" if status == "ok" else str(status)


def total_mebibytes(snapshots: Iterable[Snapshot]) -> float:
    """Return what snapshots have added to their repositories."""
    return round(sum(snapshot.added or 0 for snapshot in snapshots) / MEBIBYTE, 2)
