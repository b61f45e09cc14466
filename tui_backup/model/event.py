"""What a run says while it works: a closed union, sent as JSON lines as it stands."""

from datetime import datetime

import msgspec


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """A run has begun work on one repository."""

    run: str
    job: str | None
    repository: str | None


class Progressed(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """How far a run is; totals are None while nobody can know them."""

    run: str
    files_done: int
    bytes_done: int
    files_total: int | None = None
    bytes_total: int | None = None
    current: str | None = None


class Warned(msgspec.Struct, frozen=True, kw_only=True, tag="warning"):
    """Trouble that did not stop the run."""

    run: str
    path: str | None
    message: str
    path_b64: str | None = None


class Waiting(msgspec.Struct, frozen=True, kw_only=True, tag="waiting"):
    """The run waits for a lock that somebody else holds; told once."""

    run: str
    message: str
    """For whom, and how long at most."""


class Output(msgspec.Struct, frozen=True, kw_only=True, tag="output"):
    """A line that a program of the user's wrote beside the run."""

    run: str
    program: str
    """The command line of the program, as the configuration has it."""
    line: str


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag="finished"):
    """A backup into one repository has ended."""

    run: str
    job: str | None
    repository: str | None
    status: str
    snapshot: str | None = None
    files_new: int | None = None
    files_changed: int | None = None
    files_unmodified: int | None = None
    bytes_processed: int | None = None
    bytes_added: int | None = None
    duration: float | None = None
    message: str | None = None


class Restored(msgspec.Struct, frozen=True, kw_only=True, tag="finished"):
    """A restore, or the undo of one, has ended."""

    run: str
    restore: str
    """The restore; another run than this one where it was undone."""
    status: str
    written: int = 0
    skipped: int = 0
    deleted: int = 0
    bytes: int = 0
    duration: float | None = None
    message: str | None = None
    undo_until: datetime | None = None
    """How long what it changed is kept."""


class Verified(msgspec.Struct, frozen=True, kw_only=True, tag="verified"):
    """A verification of one repository has ended."""

    run: str
    repository: str
    status: str
    snapshots: int
    packs: int
    bytes: int
    problems: int
    time: datetime
    message: str | None = None


class Tended(msgspec.Struct, frozen=True, kw_only=True, tag="tended"):
    """A pruning, a copy, an export or a repair of one repository has ended."""

    run: str
    verb: str
    job: str | None
    repository: str | None
    status: str
    snapshots: int = 0
    """Forgotten, copied, exported or rewritten."""
    bytes_freed: int = 0
    bytes_added: int = 0
    duration: float | None = None
    message: str | None = None


Ending = Finished | Restored | Verified | Tended
Event = Started | Progressed | Warned | Waiting | Output | Ending
