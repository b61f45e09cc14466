"""Pruning: snapshots that no policy keeps are forgotten, and the space that nobody needs is reclaimed, by a plan."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from tui_backup.config.settings import JobConfig
from tui_backup.engine.retention import Present, considered, decide
from tui_backup.engine.retention_guard import held_for
from tui_backup.errors import BackupError, PlanHeld, UsageError
from tui_backup.formats.base import Repository
from tui_backup.model.event import Tended
from tui_backup.model.retention import Decision, Keep, LastPrune
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.snapshot import SAFETY, Snapshot
from tui_backup.model.standing import Integrity
from tui_backup.model.upkeep import Reclaimed, ReclaimPlan
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.identity import identity
from tui_backup.primitives.text import moment, number, size
from tui_backup.services.runs.run_scope import run_scope
from tui_backup.services.storage.contacts import remember_space
from tui_backup.services.storage.stores import keeps_all, refuse_removing
from tui_backup.services.upkeep.object_locks import spared
from tui_backup.services.upkeep.sudden_changes import changed_words, judge

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class JobPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of the snapshots of one job in one repository."""

    job: str
    decisions: tuple[Decision, ...]
    """Newest first."""
    held: str | None
    """Why the plan waits for somebody to look at it."""
    awaits_acknowledgement: bool = False
    """Whether it waits for `acknowledge`, and no yes is enough."""

    @property
    def gone(self) -> tuple[Snapshot, ...]:
        """The snapshots that are forgotten, newest first."""
        return tuple(each.snapshot for each in self.decisions if not each.keep)


class PrunePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is forgotten in one repository, and what that and former forgetting gives back."""

    repository: str
    jobs: tuple[JobPlan, ...]
    reclaim: ReclaimPlan | None
    """None where the format needs no such thing, or where it is left for later."""

    @property
    def gone(self) -> tuple[Snapshot, ...]:
        """The snapshots that are forgotten."""
        return tuple(snapshot for part in self.jobs for snapshot in part.gone)

    @property
    def held(self) -> tuple[JobPlan, ...]:
        """The parts that wait for somebody to look at them."""
        return tuple(part for part in self.jobs if part.held is not None)

    @property
    def awaits_acknowledgement(self) -> bool:
        """Whether some part waits for `acknowledge`."""
        return any(part.awaits_acknowledgement for part in self.jobs)

    @property
    def freed_bytes(self) -> int:
        """Bytes that it gives back; of a format without packs those of what is forgotten."""
        if self.reclaim is not None:
            return self.reclaim.freed_bytes
        return sum(snapshot.added or 0 for snapshot in self.gone)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self.gone and (self.reclaim is None or self.reclaim.is_idle)


class Targets(msgspec.Struct, frozen=True):
    """Which jobs are looked at in which repositories."""

    jobs: tuple[JobConfig, ...]
    repositories: tuple[str, ...]


def targets(workspace: "Workspace", job: str | None, repository: str | None) -> Targets:
    """Return what a job and a repository that somebody named stand for; None means all from which something may go.

    Raises:
        UsageError: there is no such job or repository, or they have nothing to do with each other.
    """
    jobs = tuple(workspace.config.jobs.values()) if job is None else (workspace.job(job),)
    known = tuple(workspace.config.repositories) if job is None else jobs[0].repositories
    if repository is None:
        return Targets(jobs, tuple(name for name in known if not keeps_all(workspace, name)) or known)
    if job is not None and repository not in known:
        message = _("job {job} has no repository {repository!r}")
        raise UsageError(
            message.format(job=job, repository=repository), hint=_("known: {names}").format(names=", ".join(known))
        )
    return Targets(jobs, (repository,))


def plan(workspace: "Workspace", jobs: Iterable[JobConfig], name: str, watch: Watch) -> PrunePlan:
    """Decide what becomes of one repository and of the snapshots that these jobs have in it; nothing is changed.

    Raises:
        AppendOnly: nothing may be removed from it.
        BackupError: it cannot be read, or something in it is damaged.
    """
    refuse_removing(workspace, name)
    snapshots = workspace.repository(name).snapshots()
    workspace.history.remember_snapshots(name, snapshots)
    parts = [
        spared(workspace, name, decide_for(workspace, job, job.keep, name, snapshots))
        for job in jobs
        if job.keep is not None and name in job.repositories
    ]
    return plan_of(workspace, name, parts, watch)


def undecided(
    workspace: "Workspace", planned: PrunePlan, snapshots: Iterable[Snapshot], jobs: Iterable[JobConfig]
) -> list[Decision]:
    """Return the snapshots that no policy of a plan is about, each with why it stays.

    `jobs` are those that the plan was made for.
    """
    decided = {each.snapshot.id for part in planned.jobs for each in part.decisions}
    asked = {job.name for job in jobs}
    return [
        Decision(
            snapshot=snapshot, keep=True, reasons=(_why_undecided(workspace, planned.repository, snapshot, asked),)
        )
        for snapshot in snapshots
        if snapshot.id not in decided
    ]


def decide_for(workspace: "Workspace", job: JobConfig, keep: Keep, name: str, snapshots: Sequence[Snapshot]) -> JobPlan:
    """Decide what a policy keeps of the snapshots that a job of this host has in a repository."""
    history, zone = workspace.history, job.timezone or workspace.config.timezone
    damaged = (id_ for id_, known in history.proofs(name).items() if known.integrity is Integrity.DAMAGED)
    present = Present(now=now(), zone=ZoneInfo(zone) if zone else None, damaged=frozenset(damaged))
    decisions = decide(considered(snapshots, job.name, identity().hostname), keep, present)
    change = judge(history, job.name)
    if change is not None and any(not each.keep for each in decisions):
        held = changed_words(change)
        return JobPlan(job=job.name, decisions=tuple(decisions), held=held, awaits_acknowledgement=True)
    held_as_odd = held_for(decisions, history.last_prune(job.name, name), present.now)
    return JobPlan(job=job.name, decisions=tuple(decisions), held=held_as_odd)


def _why_undecided(workspace: "Workspace", name: str, snapshot: Snapshot, asked: set[str]) -> str:
    job = workspace.config.jobs.get(snapshot.job or "")
    if snapshot.job is None:
        return _("made by another program")
    if snapshot.kind == SAFETY:
        return _("what a restore in place replaced")
    if job is None or name not in job.repositories:
        return _("of a job that is not configured here")
    if job.keep is None:
        return _("job {job} has no keep").format(job=job.name)
    if snapshot.host != identity().hostname:
        return _("of another host")
    return _("of another job") if job.name not in asked else _("no policy is about it")


def plan_of(workspace: "Workspace", name: str, parts: Sequence[JobPlan], watch: Watch) -> PrunePlan:
    """Return what these decisions come to in a repository."""
    gone = [snapshot for part in parts for snapshot in part.gone]
    upkeep = workspace.repository(name).upkeep
    limits = workspace.config.repositories[name].limits
    reclaim = upkeep.space.plan(gone, limits, watch) if upkeep else None
    return PrunePlan(repository=name, jobs=tuple(parts), reclaim=reclaim)


def fate_words(decisions: Sequence[Decision]) -> str:
    """Return how many snapshots stay and how many go, for people."""
    staying = sum(each.keep for each in decisions)
    going = len(decisions) - staying
    stay = ngettext("{count} snapshot stays", "{count} snapshots stay", staying).format(count=staying)
    go = ngettext("{count} goes", "{count} go", going).format(count=going)
    return f"{stay}, {go}"


def reclaiming_words(reclaim: ReclaimPlan) -> str:
    """Return what space a plan gives back and what that takes, for people."""
    dropped = reclaim.dropped + reclaim.unlisted
    text = _("{freed} of {total} freed ({dropped} dropped, {repacked} rewritten); {unused} stay unused")
    return text.format(
        freed=size(max(reclaim.freed_bytes, 0)),
        total=size(reclaim.total_bytes),
        dropped=ngettext("{count} pack", "{count} packs", dropped).format(count=number(dropped)),
        repacked=size(reclaim.repacked_bytes),
        unused=size(reclaim.unused_bytes),
    )


def freed_words(plan: PrunePlan) -> str:
    """Return what space a plan gives back in a format without packs, for people."""
    return _("{freed} freed").format(freed=size(plan.freed_bytes))


def locked_words(reclaim: ReclaimPlan) -> str:
    """Return what nobody needs and nobody can remove yet, for people; empty where there is nothing."""
    if not reclaim.locked:
        return ""
    text = ngettext(
        "{count} pack ({size}) that nobody needs is locked until {time}; a later prune removes it",
        "{count} packs ({size}) that nobody needs are locked, the last until {time}; a later prune removes them",
        len(reclaim.locked),
    )
    return text.format(
        count=number(len(reclaim.locked)),
        size=size(sum(each.size for each in reclaim.locked)),
        time=moment(max(each.until for each in reclaim.locked)),
    )


def note_holds(workspace: "Workspace", name: str, parts: Iterable[JobPlan]) -> None:
    """Remember which plans wait for somebody, and that others do not any more."""
    for part in parts:
        if part.held is None:
            workspace.history.release(part.job, name)
        else:
            workspace.history.hold(part.job, name, part.held)


def refusal(name: str, part: JobPlan) -> PlanHeld:
    """Return the error that says why a plan waits for somebody, and what to do."""
    call = f"tui-backup prune --job {part.job} -r {name}"
    hint = _("look at it with `{call} --dry-run`; `{call} --yes` does it").format(call=call)
    if part.awaits_acknowledgement:
        hint = _("look at the data of the job; if all is well, `tui-backup acknowledge {job}`").format(job=part.job)
    message = _("nothing of job {job} was forgotten in {repository}: {reason}")
    return PlanHeld(message.format(job=part.job, repository=name, reason=part.held), hint=hint)


def prune(
    workspace: "Workspace", planned: PrunePlan, *, job: str | None = None, heeding_signals: bool = False
) -> Reclaimed:
    """Carry out a plan, held or not, in a run of its own; `job` is the one that it is about where it is about one.

    Raises:
        PlanOutdated: the repository has changed since; nothing was done.
        BackupError: it could not be carried out to its end.
    """
    name = planned.repository
    if planned.is_idle:
        return carry_out(workspace, planned, Watch())
    scope = run_scope(workspace, verb=Verb.PRUNE, job=job, repository=name)
    with scope.heeding_signals() if heeding_signals else nullcontext(), scope:
        done = carry_out(workspace, planned, scope.watch)
        scope.finish(told(scope.run_id, planned, done, job))
    return done


def carry_out(workspace: "Workspace", planned: PrunePlan, watch: Watch) -> Reclaimed:
    """Forget what a plan says, and reclaim the space; what goes is noted first, so that no copy brings it back.

    Raises:
        PlanHeld: the data of a job has changed suddenly, and nobody has looked.
        BackupError: it could not be carried out to its end.
    """
    if planned.is_idle:
        note_done(workspace, planned)
        return Reclaimed(forgotten=0, freed_bytes=0, repacked_bytes=0)
    for part in planned.jobs:
        if (waiting := _suspended(workspace, part)).awaits_acknowledgement:
            raise refusal(planned.repository, waiting)
    repository, gone = workspace.repository(planned.repository), planned.gone
    detail = ", ".join(f"{one.job} {one.short_id}" for one in gone) or "nothing"
    act = workspace.audit.act("prune", f"repository {repository.name}", f"forget {detail}")
    with act, noting_forgotten(workspace, repository, gone):
        if planned.reclaim is not None and repository.upkeep is not None:
            done = repository.upkeep.space.execute(planned.reclaim, watch)
        else:
            repository.forget(gone)
            freed = 0 if repository.upkeep else planned.freed_bytes
            done = Reclaimed(forgotten=len(gone), freed_bytes=freed, repacked_bytes=0)
    note_done(workspace, planned)
    return done


def _suspended(workspace: "Workspace", part: JobPlan) -> JobPlan:
    """Return a part of a plan as it stands now: the data of its job may have changed since it was made."""
    change = workspace.history.sudden_changes().get(part.job)
    if change is None or change.acknowledged_at is not None or not part.gone:
        return part
    return msgspec.structs.replace(part, held=changed_words(change), awaits_acknowledgement=True)


@contextmanager
def noting_forgotten(workspace: "Workspace", repository: Repository, gone: Iterable[Snapshot]) -> Iterator[None]:
    """Note first what the block forgets, lest a copy brings it back, and in the end what is there after all."""
    identities = {snapshot.identity for snapshot in gone}
    workspace.history.note_forgotten(repository.name, identities)
    try:
        yield
    finally:
        try:
            found = repository.snapshots()
        except BackupError as error:
            workspace.log.warning(error.message)
        else:
            workspace.history.remember_snapshots(repository.name, found)
            workspace.history.note_wanted(repository.name, identities & {snapshot.identity for snapshot in found})
        remember_space(workspace, repository.name)


def note_done(workspace: "Workspace", planned: PrunePlan) -> None:
    """Remember what a plan came to that was carried out: the next one is compared with it."""
    for part in planned.jobs:
        if part.decisions:
            removed = len(part.gone)
            done = LastPrune(now(), len(part.decisions) - removed, removed)
            workspace.history.note_prune(part.job, planned.repository, done)


def told(run: str, planned: PrunePlan, done: Reclaimed, job: str | None) -> Tended:
    """Return how a run tells of a plan that was carried out."""
    return Tended(
        run=run,
        verb=Verb.PRUNE,
        job=job,
        repository=planned.repository,
        status=RunStatus.OK,
        snapshots=done.forgotten,
        bytes_freed=done.freed_bytes,
        bytes_added=done.repacked_bytes,
        message=said(done),
    )


def said(done: Reclaimed) -> str:
    """Return what was forgotten and given back, for people."""
    count = done.forgotten
    return _("{forgotten}, {size} freed").format(
        forgotten=ngettext("{count} snapshot forgotten", "{count} snapshots forgotten", count).format(count=count),
        size=size(max(done.freed_bytes, 0)),
    )
