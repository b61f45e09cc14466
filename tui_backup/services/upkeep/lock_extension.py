"""Extending locks: deduplication has new snapshots live on old objects, so it is not enough to lock what is written.

After a run everything that a kept snapshot needs is locked for `object_lock_days` from that moment on at least. Locks
are set a day longer than that, so that runs which follow each other closely need not ask for every object anew.

A snapshot that the policies would forget is not extended any more: once its lock has run out it goes. Where a plan is
held, so that nothing is forgotten, all are extended. Snapshots that other hosts have made for their jobs are theirs to
extend, so that these can forget them.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from tui_backup.config.lockable import check_lockable, retention_of
from tui_backup.config.settings import JobConfig
from tui_backup.errors import BackupError, Cancelled, StoreError
from tui_backup.model.snapshot import SAFETY, Snapshot
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.identity import identity
from tui_backup.services.runs.run_scope import RunScope
from tui_backup.services.storage.lock_memory import LockMemory, load_memory, save_memory
from tui_backup.services.storage.snapshots import Trouble
from tui_backup.services.storage.stores import LOCKED_LONGER, keeps_all
from tui_backup.services.upkeep.pruning import decide_for
from tui_backup.stores.base import Retention

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

_BATCH = 1000
"""Objects after which it is noted what was extended."""


@contextmanager
def extending(workspace: "Workspace", job: JobConfig, scope: RunScope, troubles: list[Trouble]) -> Iterator[None]:
    """Extend the locks of a job's repositories after the block, be it that it failed; not if somebody cancelled it.

    What goes wrong is added to `troubles`, warned of, and shown by the status until it works again.
    """
    try:
        yield
    except Cancelled:
        raise
    except BackupError:
        _extend_all(workspace, job, scope, troubles)
        raise
    _extend_all(workspace, job, scope, troubles)


def extend(workspace: "Workspace", name: str, scope: RunScope) -> int:
    """Extend the locks of everything that the kept snapshots of a repository need; return how many objects that took.

    Raises:
        StoreError: some could not be extended; the others are.
        Corrupted: some of what is needed cannot be found.
    """
    config, repository = workspace.config.repositories[name], workspace.repository(name)
    assert config.object_lock_days is not None
    least = now() + timedelta(days=config.object_lock_days)
    memory = load_memory(workspace.state_dir, name, repository.id)
    extension = _Extension(workspace, name, memory, least)
    with repository.locked(scope.watch):
        kept = kept_snapshots(workspace, name, memory)
        due = [snapshot for snapshot in kept if not memory.covers(snapshot.id, least)]
        if due:
            extension.run(repository.needed_objects(due, scope.watch), retention_of(config), scope)
        if due and len(due) == len(kept):
            memory.objects = {key: until for key, until in memory.objects.items() if key in extension.needed}
            memory.complete = min(memory.objects.values())
        memory.snapshots = [snapshot.id for snapshot in kept]
        memory.failing = memory.reason = None
        save_memory(workspace.state_dir, name, memory)
    return extension.count


def kept_snapshots(workspace: "Workspace", name: str, memory: LockMemory) -> list[Snapshot]:
    """Return the snapshots of a repository whose locks are for this host to extend."""
    snapshots = workspace.repository(name).snapshots()
    going = set(memory.released)
    held = {each.job for each in workspace.history.holds() if each.repository == name}
    for job in workspace.config.jobs.values():
        if job.keep is None or name not in job.repositories or job.name in held or keeps_all(workspace, name):
            continue
        part = decide_for(workspace, job, job.keep, name, snapshots)
        if not part.awaits_acknowledgement:
            going |= {one.id for one in part.gone}
    host = identity().hostname
    return [
        snapshot
        for snapshot in snapshots
        if snapshot.id not in going and snapshot.kind != SAFETY and (snapshot.job is None or snapshot.host == host)
    ]


def _extend_all(workspace: "Workspace", job: JobConfig, scope: RunScope, troubles: list[Trouble]) -> None:
    unreached = {trouble.name for trouble in troubles if trouble.error.transient}
    for name in job.repositories:
        config = workspace.config.repositories[name]
        if config.object_lock_days is None or name in unreached:
            continue
        try:
            if caution := check_lockable(config):
                scope.watch.warn(None, caution)
            extend(workspace, name, scope)
        except Cancelled:
            raise
        except BackupError as error:
            _note_failure(workspace, name, error)
            message = _("the object locks of {repository} could not be extended: {reason}")
            scope.watch.warn(None, message.format(repository=name, reason=error.message))
            if error.message not in {trouble.error.message for trouble in troubles if trouble.name == name}:
                troubles.append(Trouble(name, error))


def _note_failure(workspace: "Workspace", name: str, error: BackupError) -> None:
    memory = load_memory(workspace.state_dir, name)
    memory.failing, memory.reason = memory.failing or now(), error.message
    save_memory(workspace.state_dir, name, memory)


class _Extension:
    """One pass over objects whose locks may be due."""

    def __init__(self, workspace: "Workspace", name: str, memory: LockMemory, least: datetime) -> None:
        self.needed: set[str] = set()
        self.count = 0
        self._workspace = workspace
        self._name = name
        self._memory = memory
        self._least = least
        self._until = least + LOCKED_LONGER
        self._trouble: BackupError | None = None

    def run(self, keys: Iterable[str], retention: Retention, scope: RunScope) -> None:
        """Extend what is due, as far as that is possible; raise the first trouble in the end."""
        due = iter(self._due(keys))
        while batch := list(islice(due, _BATCH)):
            scope.watch.check()
            self._extend(batch, retention)
        if self._trouble is not None:
            raise self._trouble

    def _due(self, keys: Iterable[str]) -> Iterator[str]:
        try:
            for key in keys:
                self.needed.add(key)
                if not self._memory.holds(key, self._least):
                    yield key
        except Cancelled:
            raise
        except BackupError as error:
            self._trouble = self._trouble or error

    def _extend(self, batch: Sequence[str], retention: Retention) -> None:
        try:
            retention.extend(batch, self._until)
        except StoreError as error:
            self._trouble = self._trouble or error
            return
        self.count += len(batch)
        self._memory.objects.update(dict.fromkeys(batch, self._until.timestamp()))
        save_memory(self._workspace.state_dir, self._name, self._memory)
