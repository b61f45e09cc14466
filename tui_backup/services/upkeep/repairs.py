"""Repairs that somebody asks for: planned, agreed to and carried out in one run, which the history keeps."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from tui_backup.errors import BackupError
from tui_backup.formats.base import Repository
from tui_backup.formats.upkeep import OpenLive, Repairs
from tui_backup.model.event import Tended
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.upkeep import Repaired, RepairPlan
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.services.runs.run_scope import RunScope, run_scope
from tui_backup.services.storage.contacts import remember_snapshots, remember_space
from tui_backup.services.storage.stores import refuse_removing
from tui_backup.services.upkeep.proofs import record_proof, record_repair

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class RepairKind(StrEnum):
    """What is repaired."""

    INDEX = "index"
    PACKS = "packs"
    SNAPSHOTS = "snapshots"


class RepairRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be repaired, and how."""

    kind: RepairKind
    repository: str
    other: str | None = None
    """Another repository from which lost blobs may be fetched."""
    rehearsing: bool = False
    """Whether the plan is all that is wanted."""
    heeding_signals: bool = False
    """Whether SIGINT and SIGTERM cancel cleanly; only in the main thread of a program that is ours."""


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request."""

    plan: RepairPlan
    repaired: Repaired | None = None
    """None where nothing was done: there was nothing to do, or only the plan was wanted."""


Agree = Callable[[RepairPlan], None]
"""Raises BackupError where a plan is not to be carried out."""


def repair(workspace: "Workspace", request: RepairRequest, agree: Agree) -> Repair:
    """Find what is wrong, ask whether to mend it, and do exactly what was planned.

    Raises:
        UsageError: there is no repository of that name.
        Cancelled: somebody asked, or did not agree; a repair that was stopped can be started again.
        BackupError: the repository cannot be read or written, or has changed since the plan was made.
    """
    repository = workspace.repository(request.repository)
    repairs = _repairs_of(repository)
    if not request.rehearsing:
        refuse_removing(workspace, request.repository)
    other = workspace.repository(request.other) if request.other is not None else None
    about = ", ".join([f"repair {request.kind}", *(["dry run"] if request.rehearsing else [])])
    scope = run_scope(workspace, verb=Verb.REPAIR, repository=request.repository, about=about)
    with scope:
        with _heeding(scope, request):
            plan = _plan(repairs, request, other, live_opener(workspace), scope)
        repaired = None
        if plan.steps and not request.rehearsing:
            agree(plan)
            with _heeding(scope, request):
                repaired = _execute(workspace, repository, plan, scope)
        scope.finish(_told(scope.run_id, request, plan, repaired))
    return Repair(plan=plan, repaired=repaired)


def live_opener(workspace: "Workspace") -> OpenLive:
    """Return what opens the files of this host's snapshots as they lie today, by what the jobs say of their sources."""
    jobs = workspace.config.jobs

    def open_live(snapshot: Snapshot, path: bytes) -> BinaryIO | None:
        if snapshot.host != workspace.host:
            return None
        own = jobs.get(snapshot.job or "")
        for job in jobs.values() if own is None else [own]:
            for source in job.sources:
                stream = source.open_stored(path)
                if stream is not None:
                    return stream
        return None

    return open_live


def _repairs_of(repository: Repository) -> Repairs:
    if repository.upkeep is None:
        raise BackupError(
            _("{name} holds archives, in which nothing can be repaired").format(name=repository.name),
            hint=_("forget the one that is damaged, and copy it from another repository"),
        )
    return repository.upkeep.repairs


def _heeding(scope: RunScope, request: RepairRequest) -> AbstractContextManager[None]:
    return scope.heeding_signals() if request.heeding_signals else nullcontext()


def _plan(
    repairs: Repairs, request: RepairRequest, other: Repository | None, live: OpenLive, scope: RunScope
) -> RepairPlan:
    match request.kind:
        case RepairKind.INDEX:
            return repairs.plan_index(scope.watch)
        case RepairKind.PACKS:
            return repairs.plan_packs(other, live, scope.watch)
        case RepairKind.SNAPSHOTS:
            return repairs.plan_snapshots(scope.watch)


def _execute(workspace: "Workspace", repository: Repository, plan: RepairPlan, scope: RunScope) -> Repaired:
    assert repository.upkeep is not None
    scope.watch.restart()
    try:
        repaired = repository.upkeep.repairs.execute(plan, scope.watch)
    finally:
        remember_space(workspace, repository.name)
    remember_snapshots(workspace, repository)
    if repaired.proven:
        record_repair(workspace.history, repository.name, repaired)
    elif not repaired.snapshots:
        _look_again(workspace, repository, scope)
    return repaired


def _look_again(workspace: "Workspace", repository: Repository, scope: RunScope) -> None:
    """Find out which snapshots an index that was mended has mended; where that fails, they stay as they were."""
    scope.watch.restart()
    try:
        proof = repository.verify(repository.snapshots(), None, scope.watch)
    except BackupError as error:
        workspace.log.warning(error.message)
    else:
        record_proof(workspace.history, repository.name, proof, complete=True)


def _told(run: str, request: RepairRequest, plan: RepairPlan, repaired: Repaired | None) -> Tended:
    problems = plan.problems if repaired is None else repaired.problems
    return Tended(
        run=run,
        verb=Verb.REPAIR,
        job=None,
        repository=request.repository,
        status=RunStatus.FAILED if problems else RunStatus.OK,
        snapshots=len(repaired.snapshots) if repaired else 0,
        bytes_added=repaired.bytes_added if repaired else 0,
        message=_summary(request, plan, repaired),
    )


def _summary(request: RepairRequest, plan: RepairPlan, repaired: Repaired | None) -> str:
    steps = plan.steps if repaired is None else repaired.done
    problems = plan.problems if repaired is None else repaired.problems
    if request.rehearsing:
        words = ngettext("dry run: {count} step planned", "dry run: {count} steps planned", len(steps))
    else:
        words = ngettext("{count} step done", "{count} steps done", len(steps)) if steps else _("nothing to do")
    parts = [words.format(count=len(steps))]
    if problems:
        words = ngettext("{count} problem stays", "{count} problems stay", len(problems))
        parts.append(words.format(count=len(problems)))
    return ", ".join(parts)
