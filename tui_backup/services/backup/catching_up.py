"""Catching up: what one repository of a job holds and another lacks is copied, after each backup.

That is the snapshot just made, first of all, and what a repository missed while it could not be reached, the one that
took the backup included. Only snapshots of this job and this host are copied, none that was forgotten on purpose, and
none that the policy of the job would not keep there.
"""

from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from tui_backup.config.lockable import check_lockable
from tui_backup.config.settings import JobConfig
from tui_backup.errors import BackupError, Cancelled, Corrupted
from tui_backup.model.event import Finished
from tui_backup.model.run import RunStatus
from tui_backup.model.snapshot import SAFETY, Snapshot
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.services.backup.copies import copier_of
from tui_backup.services.runs.run_scope import RunScope
from tui_backup.services.storage.contacts import remember_space
from tui_backup.services.storage.snapshots import Shelf, Trouble, open_shelf

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

BATCH = 64
"""Snapshots that are copied in one go: those of a go are recorded at its end."""


class _Gain(msgspec.Struct):
    """What a repository got."""

    snapshots: int = 0
    bytes_added: int = 0
    error: BackupError | None = None
    """Why it did not get everything."""


class Taken(msgspec.Struct, frozen=True):
    """A backup that was just made."""

    repository: str
    snapshot: Snapshot
    finished: Finished
    """What was told of it."""


def catch_up(workspace: "Workspace", job: JobConfig, taken: Taken, scope: RunScope, troubles: list[Trouble]) -> None:
    """Copy between the repositories of a job, but for those in trouble; add to `troubles` what goes wrong.

    Raises:
        Cancelled: the run was asked to stop; repositories whose turn had not come are told of as cancelled.
    """
    if len(job.repositories) > 1:
        _CatchingUp(workspace, job, taken, scope, troubles).run()


class _CatchingUp:
    def __init__(
        self, workspace: "Workspace", job: JobConfig, taken: Taken, scope: RunScope, troubles: list[Trouble]
    ) -> None:
        self._workspace = workspace
        self._job = job
        self._taken = taken
        self._new = taken.snapshot
        self._scope = scope
        self._troubles = troubles
        failed = {trouble.name for trouble in troubles}
        self._names = [name for name in job.repositories if name not in failed]
        self._shelves: dict[str, Shelf] = {}
        self._unreached: dict[str, BackupError] = {}

    def run(self) -> None:
        """Serve every repository in the order of the job, the one that took the backup last."""
        waiting = [name for name in self._names if name != self._taken.repository]
        try:
            for name in self._names:
                self._scope.watch.check()
                self._reach(name)
            while waiting:
                self._scope.watch.check()
                self._serve(waiting.pop(0))
            self._serve_taker()
        except Cancelled:
            for name in waiting:
                self._scope.start(name)
                self._scope.finish(self._ended(name, RunStatus.CANCELLED, message=_("cancelled")))
            raise

    def _reach(self, name: str) -> None:
        try:
            check_lockable(self._workspace.config.repositories[name])
            self._workspace.repository(name, make=True)
            self._shelves[name] = open_shelf(self._workspace, name)
        except Cancelled:
            raise
        except BackupError as error:
            self._unreached[name] = error

    def _serve(self, name: str) -> None:
        """Give a repository a copy of the snapshot just made, then what else it lacks."""
        scope, began = self._scope, self._scope.elapsed
        scope.watch.restart()
        scope.start(name)
        made: str | None = None
        try:
            snapshot, gain = self._copy_new(name)
            made = snapshot.id
            self._fill(name, gain)
        except Cancelled:
            scope.finish(self._ended(name, RunStatus.CANCELLED, snapshot=made, message=_("cancelled")))
            raise
        except BackupError as error:
            self._troubles.append(Trouble(name, error))
            scope.finish(self._ended(name, RunStatus.FAILED, began=began, message=error.message))
        else:
            ended = self._ended(
                name, RunStatus(self._taken.finished.status), began=began, snapshot=made, message=_said(gain)
            )
            scope.finish(msgspec.structs.replace(ended, bytes_added=gain.bytes_added))
        finally:
            remember_space(self._workspace, name)

    def _serve_taker(self) -> None:
        """Let the repository that took the backup catch up; whatever becomes of that, it has the backup."""
        name, ended = self._taken.repository, self._taken.finished
        if name not in self._shelves or not self._missing(name):
            return
        gain = _Gain()
        self._scope.watch.restart()
        self._scope.start(name)
        try:
            self._fill(name, gain)
            caught = _("caught up: {copied}").format(copied=_said(gain))
            message = "; ".join(filter(None, (ended.message, caught)))
            added = (ended.bytes_added or 0) + gain.bytes_added
            ended = msgspec.structs.replace(ended, bytes_added=added, message=message)
        finally:
            self._scope.finish(ended)
            remember_space(self._workspace, name)

    def _copy_new(self, name: str) -> tuple[Snapshot, _Gain]:
        """Copy the snapshot just made into a repository; return the copy."""
        for needed in (name, self._taken.repository):
            if needed in self._unreached:
                raise self._unreached[needed]
        target, source = self._shelves[name], self._shelves[self._taken.repository]
        copies = copier_of(target.repository, source.repository)
        result = copies.copy(source.repository, [self._new], self._scope.watch)
        (copied,) = result.copied
        assert copied.snapshot is not None
        return copied.snapshot, _Gain(snapshots=int(copied.is_new), bytes_added=result.added_bytes)

    def _fill(self, name: str, gain: _Gain) -> None:
        """Copy what else a repository lacks; one snapshot that cannot be copied keeps no other from it."""
        target = self._shelves[name]
        wanted = self._missing(name)
        for source_name in dict.fromkeys(name for name, _snapshot in wanted):
            source = self._shelves[source_name].repository
            snapshots = iter([snapshot for name, snapshot in wanted if name == source_name])
            while batch := list(islice(snapshots, BATCH)):
                self._scope.watch.restart()
                try:
                    copies = copier_of(target.repository, source)
                    gain.bytes_added += copies.copy(source, batch, self._scope.watch).added_bytes
                except Cancelled:
                    raise
                except BackupError as error:
                    gain.error = error
                    if not isinstance(error, Corrupted):
                        break
        try:
            self._shelves[name] = open_shelf(self._workspace, name)
        except BackupError as error:
            gain.error = error
        held = {snapshot.identity for snapshot in self._shelves[name].snapshots}
        gain.snapshots += sum(snapshot.identity in held for _name, snapshot in wanted)
        if gain.error is not None:
            text = _("{repository} lacks snapshots that could not be copied: {reason}")
            self._scope.watch.warn(None, text.format(repository=name, reason=gain.error.message))
            self._troubles.append(Trouble(name, gain.error))

    def _missing(self, name: str) -> list[tuple[str, Snapshot]]:
        """Return where to find what a repository lacks, oldest first in each source; not the snapshot just made."""
        held = {snapshot.identity for snapshot in self._shelves[name].snapshots}
        held |= {self._new.identity} | self._workspace.history.forgotten(name)
        lacking: list[tuple[str, Snapshot]] = []
        for source in (self._shelves[other] for other in self._names if other in self._shelves and other != name):
            for snapshot in source.snapshots:
                if snapshot.identity not in held and snapshot.id not in source.damaged and self._is_ours(snapshot):
                    held.add(snapshot.identity)
                    lacking.append((source.name, snapshot))
        return self._worth_keeping(name, lacking)

    def _worth_keeping(self, name: str, lacking: list[tuple[str, Snapshot]]) -> list[tuple[str, Snapshot]]:
        """Leave out what the policy of the job would forget at once, were it there."""
        if self._job.keep is None or not lacking:
            return lacking
        from tui_backup.services.upkeep.pruning import decide_for

        there = {snapshot.identity: snapshot for snapshot in (self._new, *self._shelves[name].snapshots)}
        together = [*there.values(), *(snapshot for _source, snapshot in lacking)]
        decided = decide_for(self._workspace, self._job, self._job.keep, name, together).decisions
        kept = {decision.snapshot.id for decision in decided if decision.keep}
        return [each for each in lacking if each[1].id in kept]

    def _is_ours(self, snapshot: Snapshot) -> bool:
        """Whether a snapshot is one of this job and host, and no safety copy."""
        mine = (snapshot.job, snapshot.host) == (self._job.name, self._new.host)
        return mine and snapshot.kind != SAFETY

    def _ended(
        self, name: str, status: RunStatus, *, began: float | None = None, snapshot: str | None = None, message: str
    ) -> Finished:
        return Finished(
            run=self._scope.run_id,
            job=self._job.name,
            repository=name,
            status=status,
            snapshot=snapshot,
            duration=None if began is None else round(self._scope.elapsed - began, 3),
            message=message,
        )


def _said(gain: _Gain) -> str:
    count = gain.snapshots
    text = ngettext("{count} snapshot copied", "{count} snapshots copied", count).format(count=count)
    return text if gain.error is None else f"{text}; {gain.error.message}"
