"""The contract of a repository: where snapshots live, whatever the format."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, Protocol, runtime_checkable

import msgspec

from tui_backup.model.entry import Entry
from tui_backup.model.locking import Locking
from tui_backup.model.problem import Problem
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.ledger import Ledger
from tui_backup.primitives.secret import Secret
from tui_backup.stores.base import Store

if TYPE_CHECKING:
    from tui_backup.formats.upkeep import Upkeep


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a snapshot before its first entry."""

    job: str
    kind: str
    time: datetime
    """Aware, in the job's zone."""
    host: str
    paths: tuple[str, ...]
    tags: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    strict: bool = False
    """Whether a file that changed while it was read makes the snapshot incomplete (`on_change`)."""
    original: Snapshot | None = None
    """The snapshot, in another repository, of which this becomes a copy."""


class Tally(msgspec.Struct, kw_only=True):
    """What a draft has counted so far."""

    files_new: int = 0
    files_changed: int = 0
    files_unmodified: int = 0
    dirs: int = 0
    bytes_processed: int = 0
    bytes_added: int = 0
    """Bytes that went to the store, as stored."""
    unreadable: int = 0
    """Entries that exist and could not be read."""


class Draft(Protocol):
    """A snapshot being written. No commit, no snapshot."""

    tally: Tally

    def add(self, entry: Entry) -> None:
        """Take an entry; directories come before what they hold, siblings in byte order of their names.

        An entry that cannot be read is warned about, left out, and makes the snapshot incomplete.
        """
        ...

    def mark_incomplete(self) -> None:
        """Note that something which should be in the snapshot is not."""
        ...

    def commit(self) -> Snapshot:
        """Wait until every byte is stored, then record the snapshot."""
        ...


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification proved."""

    time: datetime
    snapshots: int
    packs: int
    bytes: int
    """Bytes of packs that were read."""
    problems: tuple[Problem, ...]
    read: tuple[str, ...] = ()
    """Names of the packs whose every byte was read and found good."""
    damaged: tuple[str, ...] = ()
    """Names of the packs found damaged or missing."""
    needs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Snapshot id -> names of the packs that it needs."""


class Subset(msgspec.Struct, frozen=True):
    """Which packs to read: `part` of `parts` by name, or a random share in percent."""

    part: int = 1
    parts: int = 1
    percent: float | None = None


class Landing(Protocol):
    """Where a restore puts files: beside the final name first, then renamed (see `engine.landing`)."""

    def recipe(self) -> tuple[str, bytes] | None:
        """Return `module:Class` and the bytes that its `from_recipe` takes, so that other processes can land too."""
        ...

    def place(self, entry: Entry, content: Iterable[bytes | memoryview]) -> None:
        """Write one FILE whole from its content in order, with metadata; raises OSError or BackupError."""
        ...


DEFAULT_NAME = "{job}-{time:compact}-{kind}"


class ArchiveOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How archives are written; to read them only the key is needed, and only for those that are sealed."""

    name: str = DEFAULT_NAME
    """Template of their names, without the extension."""
    compression_level: int = 6
    """1 to 9."""
    encryption_key: Secret | None = None
    """What they are sealed with; None: they are not."""
    history_file: bool = False
    """Whether `backup_history.json` is kept beside them."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to open or to make a repository."""

    name: str
    """As the configuration calls it."""
    store: Store
    password: Secret = Secret("")
    """Empty for a format that has none."""
    compression: str = "auto"
    """auto, max or off."""
    archives: ArchiveOptions = ArchiveOptions()
    append_only: bool = False
    """Whether nothing is to be removed from it; its store refuses that too."""
    ledger: Ledger | None = None
    """Remembers which locks processes of this host left; None: no lock is ever called dead."""
    locking: Locking = Locking()
    like: "Repository | None" = None
    """Whoever makes a repository has it cut files as this one does, as far as the format can."""


class Format(Protocol):
    """The classes in FORMATS: how a repository comes to be."""

    @classmethod
    def exists(cls, store: Store) -> bool:
        """Whether a repository of this format lies in the store."""
        ...

    @classmethod
    def create(cls, opening: Opening) -> "Repository":
        """Make an empty repository and open it; raises BackupError where one exists."""
        ...

    @classmethod
    def open(cls, opening: Opening) -> "Repository":
        """Open a repository; raises RepositoryMissing, WrongPassword, Corrupted or StoreError."""
        ...


@runtime_checkable
class HoldsArchives(Protocol):
    """A repository of which each snapshot is one archive, beside being a `Repository`."""

    def archive(self, snapshot: Snapshot, format_: str) -> AbstractContextManager[BinaryIO] | None:
        """Open the archive of a snapshot as it was before it was sealed; None where it is of another format.

        It is read from its start to its end. Raises, then or meanwhile:
            Corrupted: it is not what its seal says, or, at its end, not what its checksum says.
        """
        ...


Enter = Callable[[Entry], bool]
"""Says whether a directory is to be gone into."""


class Repository(Protocol):
    """Where snapshots live; what reads them may be called from several threads at once."""

    name: str
    """As the configuration calls it."""
    id: str
    """Random, made with the repository; the same however it is reached."""
    encrypted: bool

    def snapshots(self) -> list[Snapshot]:
        """Return all snapshots, oldest first."""
        ...

    def unreadable(self) -> dict[str, str]:
        """Return the ids of snapshots of which only that is known, with the reason; `forget` can remove them."""
        ...

    def begin(self, brief: Brief, watch: Watch) -> AbstractContextManager[Draft]:
        """Start a snapshot; holds a shared lock until the context ends."""
        ...

    def children(self, snapshot: Snapshot, path: bytes) -> list[Entry]:
        """Return what a directory holds, by name; hostile names are left out and reported by `entries` and `verify`.

        Raises:
            BackupError: there is no such directory in the snapshot.
        """
        ...

    def children_of(self, snapshot: Snapshot, directory: Entry) -> list[Entry]:
        """Return what a DIR of the snapshot holds, by name, without looking for it again."""
        ...

    def entry(self, snapshot: Snapshot, path: bytes) -> Entry:
        """Return the entry of a path; raises BackupError where there is none."""
        ...

    def entries(
        self, snapshot: Snapshot, under: bytes = b"/", watch: Watch | None = None, enter: Enter | None = None
    ) -> Iterator[Entry]:
        """Yield everything below `under` (not itself), directories before what they hold, siblings by name.

        Names that must not be used (`..`, `a/b`, duplicates) are left out and warned about on `watch`. A directory
        for which `enter` returns False is not gone into; it is asked once whoever iterates has seen the directory.
        """
        ...

    def extract(self, snapshot: Snapshot, files: Iterable[Entry], landing: Landing, watch: Watch) -> None:
        """Hand the content of FILE entries of this snapshot to `landing.place`, each byte authenticated.

        Calls it from several threads, or in other processes where `landing` has a recipe; in about the order given.
        An entry whose bytes are damaged or whose placing fails is warned about and left out.
        """
        ...

    def verify(self, snapshots: Sequence[Snapshot], subset: Subset | None, watch: Watch) -> Proof:
        """Check structure, and with `subset` read and authenticate packs; shared lock."""
        ...

    def forget(self, snapshots: Sequence[Snapshot]) -> None:
        """Remove snapshots, not their data; exclusive lock."""
        ...

    def retag(self, snapshot: Snapshot, tags: Sequence[str]) -> Snapshot:
        """Give a snapshot other tags, and return it as it is then; its id may be another; exclusive lock."""
        ...

    def locked(self, watch: Watch) -> AbstractContextManager[None]:
        """Hold a shared lock, for a restore."""
        ...

    @property
    def upkeep(self) -> "Upkeep | None":
        """What keeps it healthy; None for a format that needs no such thing."""
        ...

    def objects_of(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Return the keys of the objects that go when a snapshot is forgotten."""
        ...

    def needed_objects(self, snapshots: Sequence[Snapshot], watch: Watch) -> Iterator[str]:
        """Yield the keys of all objects without which these snapshots could not be read, each once or more.

        Raises:
            Corrupted: some of what they need cannot be found; raised when the rest has been told.
        """
        ...

    def renew(self) -> None:
        """Have what is asked next see the repository as it is then: others may have changed it."""
        ...

    def close(self) -> None:
        """Release locks, processes and connections."""
        ...
