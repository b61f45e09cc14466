"""Retaining: what the policy of a job does after each good run of it."""

from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tui_backup.config.settings import JobConfig
from tui_backup.errors import BackupError, Cancelled, Locked, PlanHeld, PlanOutdated
from tui_backup.model.event import Tended
from tui_backup.model.retention import Keep
from tui_backup.model.run import RunStatus, Verb
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.services.runs.run_scope import RunScope, run_scope
from tui_backup.services.storage.snapshots import Trouble
from tui_backup.services.storage.stores import keeps_all
from tui_backup.services.upkeep import pruning
from tui_backup.services.upkeep.object_locks import spared
from tui_backup.services.upkeep.pruning import JobPlan

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

PATIENCE = timedelta(days=14)
"""How long nothing may be forgotten because others are at work, before that is more than a line of narration."""


def apply_keep(
    workspace: "Workspace", job: JobConfig, scope: RunScope, troubles: list[Trouble], *, heeding_signals: bool = False
) -> None:
    """Forget what the policy of a job does not keep, after a good run of it, in the repositories without trouble.

    Space is reclaimed where something was forgotten, unless the job has a time of its own for that. A repository that
    others are at work in is left for the next run. In one from which nothing may be removed the policy has no say:
    `config check` says so. A plan that is held, and what fails, is added to `troubles` and shown by the status; the
    backup stays good.

    Raises:
        Cancelled: the run was asked to stop.
    """
    failed = {trouble.name for trouble in troubles}
    for name in job.repositories:
        if job.keep is None or name in failed or keeps_all(workspace, name):
            continue
        try:
            scope.watch.check()
            _apply(workspace, job, job.keep, name, scope, heeding_signals=heeding_signals)
        except Cancelled:
            raise
        except PlanHeld as error:
            troubles.append(Trouble(name, error))
        except BackupError as error:
            workspace.history.hold(job.name, name, error.message)
            troubles.append(Trouble(name, error))


def _apply(
    workspace: "Workspace", job: JobConfig, keep: Keep, name: str, outer: RunScope, *, heeding_signals: bool
) -> None:
    snapshots = workspace.repository(name).snapshots()
    part = spared(workspace, name, pruning.decide_for(workspace, job, keep, name, snapshots))
    pruning.note_holds(workspace, name, [part])
    if part.held is not None:
        raise pruning.refusal(name, part)
    if not part.gone:
        pruning.note_done(workspace, pruning.PrunePlan(repository=name, jobs=(part,), reclaim=None))
        return
    scope = run_scope(workspace, verb=Verb.PRUNE, job=job.name, repository=name)
    with scope.heeding_signals() if heeding_signals else nullcontext(), scope:
        scope.watch.guard = outer.watch.cancel.check
        scope.finish(_pruned(workspace, part, name, scope, reclaims=job.timing.prune is None))


def _pruned(workspace: "Workspace", part: JobPlan, name: str, scope: RunScope, *, reclaims: bool) -> Tended:
    """Carry out a plan, and return what to tell of it."""
    try:
        if reclaims:
            planned = pruning.plan_of(workspace, name, [part], scope.watch)
        else:
            planned = pruning.PrunePlan(repository=name, jobs=(part,), reclaim=None)
        return pruning.told(scope.run_id, planned, pruning.carry_out(workspace, planned, scope.watch), part.job)
    except (Locked, PlanOutdated) as error:
        since = _nothing_forgotten_since(workspace, part.job, name)
        if now() - since > PATIENCE:
            message = _("nothing of job {job} could be forgotten in {repository} since {day}: {reason}")
            raise type(error)(
                message.format(job=part.job, repository=name, day=f"{since:%Y-%m-%d}", reason=error.message),
                hint=error.hint,
            ) from error
        return Tended(
            run=scope.run_id,
            verb=Verb.PRUNE,
            job=part.job,
            repository=name,
            status=RunStatus.OK,
            message=_("put off to the next run: {reason}").format(reason=error.message),
        )


def _nothing_forgotten_since(workspace: "Workspace", job: str, name: str) -> datetime:
    last = workspace.history.last_prune(job, name)
    return workspace.history.first_seen(job) if last is None else last.time
