"""What a configuration says, checked and with every default filled in."""

import os
from collections.abc import Iterator

import msgspec

from tui_backup.config.lines import Key
from tui_backup.formats.base import DEFAULT_NAME
from tui_backup.formats.registry import ARCHIVES
from tui_backup.model.hook import Hooks, Stoppable
from tui_backup.model.notice import Topic
from tui_backup.model.retention import Keep
from tui_backup.model.schedule import Timing
from tui_backup.model.upkeep import ReclaimLimits
from tui_backup.notifiers.base import Notifier
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
    password: SecretSource | None = None
    """None for a format that has none."""
    compression: str = "auto"
    """auto, max or off."""
    archive_name: str = DEFAULT_NAME
    """`name`: the template of the names of archives, without the extension."""
    compression_level: int = 6
    """1 to 9."""
    encryption_key: SecretSource | None = None
    """What archives are sealed with; None: they are not."""
    history_file: bool = False
    """Whether `backup_history.json` is kept beside archives."""
    min_free: MinimumFree | None = None
    limits: ReclaimLimits = ReclaimLimits()
    """How much may be left unused, and be rewritten, when space is reclaimed."""
    limit_upload: int | None = None
    """Bytes a second; None: as fast as it goes."""
    limit_download: int | None = None
    """Bytes a second; None: as fast as it goes."""
    object_lock_days: int | None = None
    """For how many days at least nobody can delete what kept snapshots need; None: that is not asked for."""
    append_only: bool = False
    """Whether every delete outside `locks/` is refused."""
    trusted: bool = True
    """Whether owners, suid bits, devices and privileged attributes are taken from it without being asked for."""
    is_file: bool = False
    """Whether it is one archive that somebody named by its path; nothing of it is recorded, or changed."""

    @property
    def holds_archives(self) -> bool:
        """Whether each snapshot in it is one plain file: then there is nothing in it to repair, unlock or reclaim."""
        return self.format in ARCHIVES

    @property
    def own_secret(self) -> SecretSource | None:
        """What its content is encrypted with: a repository that is made first may have it made at random."""
        return self.password or self.encryption_key

    def secrets(self) -> Iterator[tuple[Key, SecretSource]]:
        """Yield every secret with the place where it stands, those of its store among them."""
        at: Key = ("repositories", self.name)
        for name in ("password", "encryption_key"):
            if (source := getattr(self, name)) is not None:
                yield (*at, name), source
        for name in getattr(self.store, "__struct_fields__", ()):
            if isinstance(source := getattr(self.store, name), SecretSource):
                yield (*at, "store", name), source


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
    timing: Timing = Timing()
    """What it does by itself, and when."""
    hooks: Hooks = Hooks()
    stop: tuple[Stoppable, ...] = ()
    """What stands still while it reads."""


class NotifierConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One `[notifiers.NAME]`."""

    name: str
    notifier: Notifier
    topics: frozenset[Topic]
    """What it is told of."""
    jobs: frozenset[str] = frozenset()
    """Of which jobs; empty: of all. What concerns no job at all concerns everybody."""

    def concerns(self, job: str | None) -> bool:
        """Whether it is told of what happens to a job; None: to none in particular."""
        return not self.jobs or job is None or job in self.jobs

    def secrets(self) -> Iterator[tuple[Key, SecretSource]]:
        """Yield every secret with the place where it stands."""
        for option, source in self.notifier.secrets():
            yield ("notifiers", self.name, *option), source


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one configuration describes."""

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
    notifiers: dict[str, NotifierConfig] = {}
    metrics_file: str | None = None
    """Absolute; where metrics are written for others to collect. None: nowhere."""
    log_format: str = "text"
    """text or json."""
    is_from_variables: bool = False
    """Whether it was made from BACKUP_* variables; there is no file then."""
    cautions: tuple[str, ...] = ()
    """What the variables say that changes nothing."""

    def secrets(self) -> Iterator[tuple[Key, SecretSource]]:
        """Yield every secret with the place where it stands."""
        for repository in self.repositories.values():
            yield from repository.secrets()
        for notifier in self.notifiers.values():
            yield from notifier.secrets()

    @property
    def base(self) -> str:
        """The directory that relative paths in the file are relative to."""
        return os.path.dirname(self.path)
