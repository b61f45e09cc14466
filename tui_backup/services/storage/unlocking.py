"""Locks that others hold in repositories: looked at, and removed where nobody is hurt or somebody insists."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from tui_backup.errors import BackupError
from tui_backup.formats.upkeep import LockDesk
from tui_backup.model.upkeep import LockInfo, LockLife
from tui_backup.primitives.i18n import _
from tui_backup.services.runs.current import list_runs

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class HeldLock(msgspec.Struct, frozen=True, kw_only=True):
    """A lock, where it lies, and the run of this host that holds it."""

    repository: str
    lock: LockInfo
    run: str | None = None


class Holdings(msgspec.Struct, frozen=True):
    """All locks of the repositories that were asked for; those that could not be looked at, and why."""

    locks: tuple[HeldLock, ...]
    troubles: tuple[tuple[str, BackupError], ...]


def holdings(workspace: "Workspace", repository: str | None = None) -> Holdings:
    """Return the locks of one repository, or of all of the configuration; nothing is removed.

    Raises:
        UsageError: there is no repository of that name.
    """
    names = [repository] if repository else list(workspace.config.repositories)
    locks: list[HeldLock] = []
    troubles: list[tuple[str, BackupError]] = []
    for name in names:
        try:
            locks.extend(_locks(workspace, name))
        except BackupError as error:
            if repository is not None:
                raise
            troubles.append((name, error))
    return Holdings(tuple(locks), tuple(troubles))


def removable(locks: Iterable[HeldLock], *, force: bool) -> list[HeldLock]:
    """Return the locks that may go: the provably dead, with `force` all."""
    return [held for held in locks if force or held.lock.life is LockLife.DEAD]


def danger(held: HeldLock) -> str:
    """Return what can happen when a lock is removed whose owner lives, or may live."""
    facts = {"name": held.repository, "run": held.run, "pid": held.lock.pid, "evidence": held.lock.evidence}
    if held.run is not None:
        return _("{name}: the run {run} is at work there (pid {pid}) and will fail without its lock").format(**facts)
    if held.lock.life is LockLife.ALIVE:
        return _("{name}: the owner of the lock lives and will fail without it: {evidence}").format(**facts)
    return _("{name}: the owner of the lock may live, and would fail without it: {evidence}").format(**facts)


def life_word(life: LockLife) -> str:
    """Return in one word whether the owner of a lock lives."""
    return {LockLife.ALIVE: _("alive"), LockLife.DEAD: _("dead"), LockLife.UNKNOWN: _("unknown")}[life]


def remove(workspace: "Workspace", locks: Sequence[HeldLock]) -> list[HeldLock]:
    """Remove locks; return those that were still there.

    One that its owner has refreshed since it was shown is another, and stays: its owner lives.

    Raises:
        StoreError: one cannot be removed.
    """
    removed: list[HeldLock] = []
    for name in dict.fromkeys(held.repository for held in locks):
        desk = _desk(workspace, name)
        present = {lock.name for lock in desk.found()} if desk else set()
        for held in locks:
            if desk and held.repository == name and held.lock.name in present:
                with workspace.audit.act("unlock", f"repository {name}", _described(held.lock)):
                    desk.remove([held.lock])
                removed.append(held)
    return removed


def _described(lock: LockInfo) -> str:
    """Return what the audit keeps of a lock."""
    owner = f"{lock.user or '-'} at {lock.host or '-'}, pid {lock.pid or '-'}"
    return f"lock {lock.name[:12]} of {owner}, {lock.life}"


def _locks(workspace: "Workspace", name: str) -> list[HeldLock]:
    desk = _desk(workspace, name)
    found = desk.found() if desk else []
    runs = {run.pid: run.run for run in list_runs(workspace.state_dir)} if found else {}
    return [
        HeldLock(
            repository=name,
            lock=lock,
            run=runs.get(lock.pid or 0) if lock.host == workspace.host and lock.life is LockLife.ALIVE else None,
        )
        for lock in found
    ]


def _desk(workspace: "Workspace", name: str) -> LockDesk | None:
    """Return who knows the locks of a repository; None for a format that has none."""
    upkeep = workspace.repository(name).upkeep
    return upkeep.locks if upkeep else None
