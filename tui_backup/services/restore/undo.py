"""Undoing restores: which one, a plan, and, once somebody agreed, a run."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

from tui_backup.engine.undo import Lender, execute_undo
from tui_backup.engine.undo_plan import UndoPlan, plan_undo
from tui_backup.errors import BackupError, RestoreRefused
from tui_backup.formats.base import Repository
from tui_backup.model.event import Restored
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.snapshot import short
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.reasons import reason_of
from tui_backup.services.runs import undo_homes
from tui_backup.services.runs.run_scope import RunScope, run_scope
from tui_backup.services.runs.undo_homes import UndoHome
from tui_backup.services.storage.safety_copies import forget_over

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


def find(workspace: "Workspace", name: str | None) -> UndoHome:
    """Return the restore of an id, which may be cut short, or the newest that can be undone.

    Raises:
        BackupError: no restore, or several, that can be undone are meant.
    """
    return undo_homes.find(workspace.state_dir, name)


def plan(home: UndoHome, watch: Watch) -> UndoPlan:
    """Decide what becomes of every path that a restore changed; writes nothing.

    Raises:
        BackupError: what was kept cannot be read.
    """
    try:
        return plan_undo(home.path, home.record, watch)
    except OSError as error:
        raise _refused(error) from error


def undo(workspace: "Workspace", home: UndoHome, plan: UndoPlan, *, heeding_signals: bool = False) -> Restored:
    """Carry out exactly what a plan says, in a run of its own; what was kept goes once all of it is back.

    Raises:
        Locked: another restore in place, or the undo of one, is going on.
        RestoreRefused: there is no room for what has to be written.
        Cancelled: somebody asked; the same undo may be made again.
        BackupError: the repository is needed and cannot be read.
    """
    record = home.record
    scope = run_scope(
        workspace, verb=Verb.UNDO, job=record.job, repository=record.repository, about=f"restore {record.restore}"
    )
    with (
        undo_homes.alone(workspace.state_dir),
        undo_homes.held(home),
        scope.heeding_signals() if heeding_signals else nullcontext(),
        scope,
    ):
        lender = _lender(workspace, home)
        undone = _undo(plan, lender, scope)
        if undone.status == RunStatus.OK:
            undo_homes.end(home)
            if lender is not None:
                forget_over(workspace, lender.repository)
        scope.finish(undone)
    return undone


def _lender(workspace: "Workspace", home: UndoHome) -> Lender | None:
    if home.record.safety_snapshot is None:
        return None
    repository: Repository = workspace.repository(home.record.repository)
    for snapshot in repository.snapshots():
        if snapshot.id == home.record.safety_snapshot:
            return Lender(repository, snapshot)
    raise BackupError(
        _("the snapshot {id}, which holds what the restore replaced, is gone from {repository}").format(
            id=short(home.record.safety_snapshot), repository=home.record.repository
        )
    )


def _undo(plan: UndoPlan, lender: Lender | None, scope: RunScope) -> Restored:
    try:
        with lender.repository.locked(scope.watch) if lender else nullcontext():
            result = execute_undo(plan, lender, scope.watch)
    except OSError as error:
        raise _refused(error) from error
    return Restored(
        run=scope.run_id,
        restore=plan.record.restore,
        status=result.status,
        written=result.written,
        skipped=result.skipped,
        deleted=result.deleted,
        bytes=result.bytes_written,
        message=_message(plan, result.status),
    )


def _message(plan: UndoPlan, status: RunStatus) -> str | None:
    if plan.left:
        text = ngettext("{count} path was left as it is", "{count} paths were left as they are", plan.left)
        return text.format(count=plan.left)
    return _("not everything could be put back; the warnings name it") if status is not RunStatus.OK else None


def _refused(error: OSError) -> RestoreRefused:
    return RestoreRefused(_("the restore cannot be undone: {reason}").format(reason=reason_of(error)))
