"""The contract of upkeep: what a format with packs, keys and locks offers beyond reading and writing snapshots.

Plans are values: made under a shared lock, shown, and carried out exactly, under an exclusive one. `execute` raises
BackupError, and has done nothing, where the repository is no longer as it was when the plan was made.
"""

from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol

from tui_backup.formats.base import Repository
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.upkeep import (
    CopyResult,
    KeyInfo,
    LockInfo,
    Reclaimed,
    ReclaimLimits,
    ReclaimPlan,
    Repaired,
    RepairPlan,
    Stored,
)
from tui_backup.model.watch import Watch
from tui_backup.primitives.secret import Secret

OpenLive = Callable[[Snapshot, bytes], BinaryIO | None]
"""Opens the regular file that lies at a path of a snapshot today; None where there is none to be read."""


class LockDesk(Protocol):
    """Who holds the repository."""

    def found(self) -> list[LockInfo]:
        """Return the locks of others, oldest first."""
        ...

    def remove(self, locks: Sequence[LockInfo]) -> None:
        """Remove locks, whoever holds them; no process is told, signalled or ended."""
        ...


class Keyring(Protocol):
    """The passwords that open the repository; the data is never encrypted anew."""

    def found(self) -> list[KeyInfo]:
        """Return the key files, oldest first."""
        ...

    def add(self, password: Secret) -> KeyInfo:
        """Let a further password open the repository; the key file is read back and tried before this returns."""
        ...

    def remove(self, id_: str) -> None:
        """Remove a key file.

        Raises:
            BackupError: it is the last one that can be used, or the one that the repository was opened with.
        """
        ...

    def change(self, password: Secret, settle: Callable[[], None] | None = None) -> KeyInfo:
        """Add a password, make sure that it opens, and only then remove the key in use.

        `settle` is called in between: it puts the new password to where it is read from. Where it raises, both stay.
        """
        ...


class Reclaimer(Protocol):
    """Space that no snapshot needs."""

    def stored(self) -> Stored:
        """Return how many packs lie in the store, needed or not; raises StoreError."""
        ...

    def plan(self, gone: Sequence[Snapshot], limits: ReclaimLimits, watch: Watch) -> ReclaimPlan:
        """Decide what becomes of every pack once `gone` are forgotten.

        Raises:
            Corrupted: a snapshot, an index file or a tree cannot be read, or something that is needed is missing.
        """
        ...

    def execute(self, plan: ReclaimPlan, watch: Watch) -> Reclaimed:
        """Forget the snapshots of a plan, and reclaim their space; may be interrupted anywhere."""
        ...


class Copier(Protocol):
    """Snapshots from other repositories of the same format."""

    def accepts(self, source: Repository) -> bool:
        """Whether snapshots of that repository can be copied blob by blob."""
        ...

    def copy(
        self, source: Repository, snapshots: Sequence[Snapshot], watch: Watch, *, rehearse: bool = False
    ) -> CopyResult:
        """Copy snapshots, oldest first: every blob that is needed and not here is read once.

        A snapshot that was copied before, by whatever program, is not copied again. Holds shared locks on both sides.
        """
        ...


class Repairs(Protocol):
    """Mending, each kind by a plan of its own."""

    def plan_index(self, watch: Watch) -> RepairPlan:
        """Find what index files should list, from the headers of the packs where need be."""
        ...

    def plan_packs(self, other: Repository | None, live: OpenLive | None, watch: Watch) -> RepairPlan:
        """Find damaged packs, and for each blob lost in them another whole copy: here, in `other`, in live files."""
        ...

    def plan_snapshots(self, watch: Watch) -> RepairPlan:
        """Find the snapshots that need what is lost, and what would be left of them."""
        ...

    def execute(self, plan: RepairPlan, watch: Watch) -> Repaired:
        """Carry out a plan; killed anywhere the repository is no worse than before, and may be repaired again."""
        ...


class Upkeep(Protocol):
    """Everything that keeps a repository healthy."""

    @property
    def locks(self) -> LockDesk:
        """Who holds the repository."""
        ...

    @property
    def keys(self) -> Keyring:
        """The passwords that open it."""
        ...

    @property
    def space(self) -> Reclaimer:
        """Space that no snapshot needs."""
        ...

    @property
    def copies(self) -> Copier:
        """Snapshots from other repositories."""
        ...

    @property
    def repairs(self) -> Repairs:
        """Mending."""
        ...
