"""From which snapshots something can be brought back: by the record at once, then as the repositories say."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from tui_backup.model.snapshot import SAFETY, Snapshot, SnapshotStatus
from tui_backup.model.standing import Integrity, Standing
from tui_backup.services.browsing.directories import Copy
from tui_backup.services.storage.snapshots import Trouble, reach

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot, and where its copies lie: the one to use first."""

    copies: tuple[Copy, ...]
    standing: Standing
    """What is known of the integrity of the first copy."""

    @property
    def copy(self) -> Copy:
        """The copy that is used: one that is not known to be damaged, in the job's first repository if any."""
        return self.copies[0]

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot as it lies there."""
        return self.copies[0].snapshot

    @property
    def key(self) -> tuple[str, str]:
        """What tells it apart from the others."""
        return self.snapshot.kin

    @property
    def is_damaged(self) -> bool:
        """Whether every copy is known to be damaged."""
        return self.standing.integrity is Integrity.DAMAGED

    @property
    def is_good(self) -> bool:
        """Whether it is complete and not known to be damaged."""
        return not self.is_damaged and self.snapshot.status is SnapshotStatus.OK

    def holds(self, snapshot: str) -> bool:
        """Whether one of the copies has that id."""
        return any(copy.snapshot.id == snapshot for copy in self.copies)


class Candidates(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to restore."""

    found: tuple[Candidate, ...]
    """Newest first, those that are damaged last."""
    troubles: tuple[Trouble, ...] = ()
    """Repositories that could not be reached."""

    def preferred(self, job: str | None = None, snapshot: str | None = None) -> Candidate | None:
        """Return the candidate of that id, else the newest good one of a job or of all, else the first."""
        if snapshot is not None:
            return next((each for each in self.found if each.holds(snapshot)), None)
        eligible = [each for each in self.found if job in {None, each.snapshot.job}]
        return next((each for each in eligible if each.is_good), eligible[0] if eligible else None)


def recorded(workspace: "Workspace") -> Candidates:
    """Return what the repositories held at the last contacts: at once, without a password."""
    names = workspace.config.repositories
    return Candidates(found=_candidates(workspace, [(name, workspace.history.snapshots(name)) for name in names]))


def present(workspace: "Workspace") -> Candidates:
    """Return what the repositories hold.

    Raises:
        BackupError: there is only one repository, and it cannot be reached.
    """
    reached = reach(workspace)
    shelves = [(shelf.name, shelf.snapshots) for shelf in reached.shelves]
    return Candidates(found=_candidates(workspace, shelves), troubles=reached.troubles)


def _candidates(workspace: "Workspace", held: Iterable[tuple[str, Sequence[Snapshot]]]) -> tuple[Candidate, ...]:
    groups: dict[tuple[str, str], list[Copy]] = {}
    standings: dict[str, Mapping[str, Standing]] = {}
    for name, snapshots in held:
        standings[name] = workspace.history.proofs(name)
        for snapshot in snapshots:
            if snapshot.kind != SAFETY:
                groups.setdefault(snapshot.kin, []).append(Copy(snapshot=snapshot, repository=name))
    orders = {job.name: job.repositories for job in workspace.config.jobs.values()}

    def standing(copy: Copy) -> Standing:
        return standings[copy.repository].get(copy.snapshot.id, Standing())

    def place(copy: Copy) -> tuple[bool, int]:
        order = orders.get(copy.snapshot.job or "", ())
        rank = order.index(copy.repository) if copy.repository in order else len(order)
        return standing(copy).integrity is Integrity.DAMAGED, rank

    found = []
    for copies in groups.values():
        ordered = tuple(sorted(copies, key=place))
        found.append(Candidate(copies=ordered, standing=standing(ordered[0])))
    found.sort(key=lambda each: each.snapshot.time, reverse=True)
    return tuple(sorted(found, key=lambda each: each.is_damaged))
