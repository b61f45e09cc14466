"""What a configuration says, checked and with every default filled in."""

import os

import msgspec

from tui_backup.model.retention import Keep
from tui_backup.model.upkeep import ReclaimLimits
from tui_backup.primitives.secret import SecretSource
from tui_backup.sources.base import Source
from tui_backup.stores.base import Store

UNDO_KEEP_S = 7 * 86_400
"""How long a restore in place can be undone, in seconds, where no job says so."""


class MinimumFree(msgspec.Struct, frozen=True):
    """How much space must be free in a store, else it is reported as low; exactly one of the two is given."""

    percent: float | None = None
    """Of the whole file system."""
    bytes: int | None = None

    def limit(self, total: int | None) -> int | None:
        """Return the bytes that must be free in a store of `total` bytes; None where nobody can know."""
        if self.percent is None:
            return self.bytes
        return None if total is None else int(total * self.percent / 100)


class RepositoryConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One `[repositories.NAME]`."""

    name: str
    format: str
    store: Store
    password: SecretSource
    compression: str = "auto"
    """auto, max or off."""
    min_free: MinimumFree | None = None
    limits: ReclaimLimits = ReclaimLimits()
    """How much may be left unused, and be rewritten, when space is reclaimed."""
    trusted: bool = True
    """Whether owners, suid bits, devices and privileged attributes are taken from it without being asked for."""


class JobConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One `[jobs.NAME]`."""

    name: str
    repositories: tuple[str, ...]
    sources: tuple[Source, ...]
    timezone: str | None = None
    """Name of a zone, its own or the configuration's; None: the zone of the machine."""
    expected_every: int | None = None
    """Seconds after which a job without a success is stale."""
    undo_keep: int = UNDO_KEEP_S
    """Seconds for which what a restore in place replaces is kept."""
    on_change: str = "warn"
    """warn or incomplete: what a file that changed while it was read does to a snapshot."""
    keep: Keep | None = None
    """Which snapshots stay; None: nothing is ever forgotten."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one configuration file describes."""

    path: str
    """Absolute."""
    timezone: str | None
    language: str | None = None
    """en or pt_BR; None: that of the locale."""
    theme: str | None = None
    """Name of a theme; None: the default one."""
    state_dir: str
    """Absolute; need not exist yet (see `config.state`)."""
    log_level: str
    """error, warning, info or debug."""
    repositories: dict[str, RepositoryConfig]
    jobs: dict[str, JobConfig]

    @property
    def base(self) -> str:
        """The directory that relative paths in the file are relative to."""
        return os.path.dirname(self.path)
