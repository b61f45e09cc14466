"""Upkeep that a job does by itself: verifications that add up to all data, and space that is given back."""

from typing import TYPE_CHECKING

from tui_backup.config.settings import JobConfig
from tui_backup.errors import BackupError, Cancelled, Corrupted
from tui_backup.formats.base import Subset
from tui_backup.model.run import Verb
from tui_backup.model.schedule import SCHEDULED
from tui_backup.services.runs.run_scope import Admission, run_scope
from tui_backup.services.storage.snapshots import Trouble
from tui_backup.services.storage.stores import keeps_all
from tui_backup.services.upkeep import pruning
from tui_backup.services.upkeep.verification import Verdict, VerifyRequest, verdict_words, verify

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


def verify_share(workspace: "Workspace", job: JobConfig, parts: dict[str, int], admission: Admission) -> list[Trouble]:
    """Read the next share of the data of a job in each of its repositories; return what went wrong.

    `parts` says for each repository which part was read last, and is changed to what has been read now; `admission` is
    what each of the runs waits for.

    Raises:
        Cancelled: somebody asked for the stop.
    """
    troubles: list[Trouble] = []
    of = job.timing.verify_subset.of
    for name in job.repositories:
        part = parts.get(name, 0) % of + 1
        subset = Subset(part=part, parts=of) if of > 1 else Subset()
        (verdict,) = verify(workspace, VerifyRequest(repository=name, subset=subset, admission=admission))
        if isinstance(verdict.error, Cancelled):
            raise verdict.error
        if (error := _wrong(verdict)) is not None:
            troubles.append(Trouble(name, error))
        if verdict.proof is not None:
            parts[name] = part
    return troubles


def _wrong(verdict: Verdict) -> BackupError | None:
    if verdict.proof is None or not verdict.is_damaged:
        return verdict.error
    words = verdict_words(verdict.repository, verdict.proof, damaged=True)
    return Corrupted(words, hint=f"tui-backup verify -r {verdict.repository} --read-data")


def reclaim(workspace: "Workspace", job: JobConfig, admission: Admission) -> list[Trouble]:
    """Forget what the policy of a job does not keep and give space back, where that is allowed; return what went wrong.

    What a plan that is held would forget stays; the space is given back all the same.

    Raises:
        Cancelled: somebody asked for the stop.
    """
    troubles: list[Trouble] = []
    for name in job.repositories:
        if keeps_all(workspace, name):
            continue
        try:
            _reclaim(workspace, job, name, admission)
        except Cancelled:
            raise
        except BackupError as error:
            troubles.append(Trouble(name, error))
    return troubles


def _reclaim(workspace: "Workspace", job: JobConfig, name: str, admission: Admission) -> None:
    """Do so in one repository, in a run of its own from the plan on, so that the record knows how that went."""
    scope = run_scope(workspace, verb=Verb.PRUNE, job=job.name, repository=name, kind=SCHEDULED)
    scope.is_waiting = True
    with scope, admission(scope):
        planned = pruning.plan(workspace, [job], name, scope.watch)
        pruning.note_holds(workspace, name, planned.jobs)
        held = planned.held
        if held:
            planned = pruning.plan_of(workspace, name, [], scope.watch)
        done = pruning.carry_out(workspace, planned, scope.watch)
        scope.finish(pruning.told(scope.run_id, planned, done, job.name))
    if held:
        raise pruning.refusal(name, held[0])
