"""Object locks: what `object_lock_days` keeps everybody from deleting, and for how long."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tui_backup.config.lockable import retention_of
from tui_backup.config.settings import RepositoryConfig
from tui_backup.engine.retention_guard import held_for
from tui_backup.formats.base import Repository
from tui_backup.model.retention import Decision
from tui_backup.model.snapshot import Snapshot
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment

if TYPE_CHECKING:
    from tui_backup.services.upkeep.pruning import JobPlan
    from tui_backup.services.workspace import Workspace


def locked_until(config: RepositoryConfig, repository: Repository, snapshot: Snapshot) -> datetime | None:
    """Return until when a snapshot cannot be forgotten; None: it can be."""
    if config.object_lock_days is None:
        return None
    retention = retention_of(config)
    ends = [until for key in repository.objects_of(snapshot) if (until := retention.until(key)) is not None]
    return max(ends, default=None)


def spared(workspace: "Workspace", name: str, part: "JobPlan") -> "JobPlan":
    """Return a plan that leaves the snapshots whose locks have not run out yet; held or not for what then goes."""
    config = workspace.config.repositories[name]
    if config.object_lock_days is None:
        return part
    repository = workspace.repository(name)
    with ThreadPoolExecutor(config.store.connections) as pool:
        decisions = tuple(pool.map(lambda decision: _spared(config, repository, decision), part.decisions))
    if part.awaits_acknowledgement and any(not decision.keep for decision in decisions):
        return msgspec.structs.replace(part, decisions=decisions)
    held = held_for(decisions, workspace.history.last_prune(part.job, name), now())
    return msgspec.structs.replace(part, decisions=decisions, held=held, awaits_acknowledgement=False)


def _spared(config: RepositoryConfig, repository: Repository, decision: Decision) -> Decision:
    if decision.keep or (until := locked_until(config, repository, decision.snapshot)) is None:
        return decision
    return Decision(decision.snapshot, keep=True, reasons=(_("locked until {time}").format(time=moment(until)),))
