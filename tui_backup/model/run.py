"""Run: one execution of a job, or of another long operation."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Verb(StrEnum):
    """What a run does."""

    BACKUP = "run"
    RESTORE = "restore"
    VERIFY = "verify"
    PRUNE = "prune"
    COPY = "copy"
    EXPORT = "export"
    REPAIR = "repair"
    UNDO = "undo-restore"


class RunStatus(StrEnum):
    """How a run stands; RUNNING without a living owner is shown as failed."""

    RUNNING = "running"
    OK = "ok"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution against one repository, as the history keeps it."""

    id: str
    """Sortable and unique: `20261121T020000Z-1a2b3c4d`."""
    verb: Verb
    job: str | None
    repository: str | None
    kind: str | None
    status: RunStatus
    started: datetime
    duration: float | None = None
    """Seconds."""
    snapshot: str | None = None
    bytes_added: int | None = None
    bytes_processed: int | None = None
    files: int | None = None
    files_new: int | None = None
    files_changed: int | None = None
    files_unmodified: int | None = None
    warnings: int = 0
    message: str | None = None
    next_attempt: datetime | None = None
    """When the same is tried again, as this one did not end well; None: this was the last attempt."""
