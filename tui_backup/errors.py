"""Every failure that a user can act on, with its exit code.

BackupError                  1
├── UsageError               2   wrong arguments; nothing was run
│   └── ConfigError          2   wrong configuration: file, key, what to do
├── StoreError               1   named bytes could not be kept or fetched
│   ├── NotFound             1   no object of that name
│   │   └── PlaceMissing     1   not even the bucket in which it would be
│   ├── StoreFull            1   no space left
│   ├── AppendOnly           1   nothing may be removed or replaced there
│   └── StoreUnavailable     1   transient: worth trying again
├── RepositoryMissing       10
├── Locked                  11   by another program, or the job is already running
│   └── JobRunning          11   the latter; nothing was begun
├── WrongPassword           12   or no key for it
├── Corrupted                1   bytes are not what their name or seal says
│   └── Unreadable           1   the disk does not give them back
├── SnapshotUnknown          1   no snapshot, or several, match a name
├── SourceError              1   nothing of a source could be read
├── Incomplete               3   a snapshot is there, and something that should be in it is not
├── RestoreRefused           1   the plan does not hold (space, changed target)
├── PlanHeld                 1   somebody has to look at the plan first
├── PlanOutdated             1   the repository has changed since the plan was made
├── HookFailed              1   a program of the user's failed, or something could not be stopped or started
├── NotDelivered            1   a notice was refused, or nobody takes it
└── Cancelled              130
"""

from typing import ClassVar


class BackupError(Exception):
    """One sentence in lower case that says what happened to what, and a hint that says what to do."""

    exit_code: ClassVar[int] = 1
    transient: bool = False

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(BackupError):
    """The command cannot be run as given; nothing was done."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration is wrong; the message names file, line and dotted key."""


class StoreError(BackupError):
    """Named bytes could not be stored, fetched, listed or deleted."""


class NotFound(StoreError):
    """No object of that name is in the store."""


class PlaceMissing(NotFound):
    """Not even that is there in which the store lies and which somebody has to make, such as a bucket."""


class StoreFull(StoreError):
    """The store has no space left."""


class AppendOnly(StoreError):
    """Nothing may be removed from the store, or replaced in it."""


class StoreUnavailable(StoreError):
    """The store does not answer; worth trying again."""

    transient = True


class RepositoryMissing(BackupError):
    """There is no repository where one is expected."""

    exit_code = 10


class Locked(BackupError):
    """Somebody else holds the lock, or the job is already running."""

    exit_code = 11


class JobRunning(Locked):
    """Somebody else runs the job; nothing was begun."""


class WrongPassword(BackupError):
    """No key of the repository opens with this password."""

    exit_code = 12


class Corrupted(BackupError):
    """Stored bytes are not what their name, seal or format says."""


class Unreadable(Corrupted):
    """The disk does not give back bytes that should be there; others near them may be readable."""


class SnapshotUnknown(BackupError):
    """No snapshot, or more than one, matches the name; the hint lists candidates."""


class SourceError(BackupError):
    """Nothing of a source could be read."""


class Incomplete(BackupError):
    """A snapshot is there, and something that should be in it could not be read."""

    exit_code = 3


class RestoreRefused(BackupError):
    """A restore cannot be carried out as planned; nothing more is written."""


class PlanHeld(BackupError):
    """A plan would be carried out that nobody should have carried out without looking at it; nothing was done."""


class PlanOutdated(BackupError):
    """A repository is no longer as it was when the plan was made; nothing was done."""


class HookFailed(BackupError):
    """A program of the user's failed, or what should stand still or run again did not."""


class NotDelivered(BackupError):
    """A notifier could not deliver a notice."""

    def __init__(self, message: str, *, hint: str | None = None, transient: bool = True) -> None:
        """`transient` says whether trying again may help."""
        super().__init__(message, hint=hint)
        self.transient = transient


class Cancelled(BackupError):
    """Somebody asked the operation to stop, and it did so cleanly."""

    exit_code = 130
