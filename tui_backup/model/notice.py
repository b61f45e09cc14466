"""Notice: what somebody is told who is not looking."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Topic(StrEnum):
    """What a notice is about; the values are those of `on` in the configuration."""

    START = "start"
    """A run has begun; nothing to read, but whoever waits for its end knows since when."""
    SUCCESS = "success"
    FAILURE = "failure"
    INCOMPLETE = "incomplete"
    STALE = "stale"
    DAMAGED = "damaged"
    LOW_SPACE = "low-space"
    SUDDEN_CHANGE = "sudden-change"
    """A job's data has changed far more than usual: possibly somebody encrypts it."""
    PROOF_FAILED = "proof-failed"
    RECOVERY = "recovery"
    """What an earlier notice was about is over."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell; what is unknown, or does not apply, is None. No text in it is markup."""

    id: str
    """The same for every attempt to deliver it, so that who gets it twice can tell."""
    topic: Topic
    event: str
    """Name for programs: `backup_completed`, `backup_failed`, `backup_started`, `restore_failed`, `job_stale`, ..."""
    title: str
    """One line, in the language of the configuration."""
    message: str
    """Some lines: what happened, where, what to do."""
    time: datetime
    host: str
    job: str | None = None
    repository: str | None = None
    run: str | None = None
    verb: str | None = None
    status: str | None = None
    snapshot: str | None = None
    size: int | None = None
    """Bytes of the data that was backed up."""
    bytes_added: int | None = None
    duration: float | None = None
    """Seconds."""
    trouble: str | None = None
    """What is wrong, or was, as `status` calls its kind: the same in what tells of its begin and of its end."""
    since: datetime | None = None
    """When the trouble began that this reminds of, or that is over."""
    is_reminder: bool = False
    hint: str | None = None
    """What to do: a command line, mostly."""
