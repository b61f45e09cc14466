"""Verifying repositories: each in a run of its own; what was proven goes into the history."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import msgspec

from tui_backup.errors import BackupError, Cancelled
from tui_backup.formats.base import Proof, Subset
from tui_backup.model.event import Verified
from tui_backup.model.run import RunStatus, Verb
from tui_backup.services.proofs import record_proof
from tui_backup.services.run_scope import RunScope, run_scope
from tui_backup.services.snapshots import Filter, Found, reach, resolve

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class VerifyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be verified."""

    snapshots: tuple[str, ...] = ()
    """Names; none means every snapshot."""
    repository: str | None = None
    """None: every repository that is concerned."""
    host: str | None = None
    subset: Subset | None = None
    """Which packs are read; None: only the structure is checked."""
    heeding_signals: bool = False
    """Whether SIGINT and SIGTERM cancel cleanly; only in the main thread of a program that is ours."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one repository: a proof, or an error."""

    repository: str
    proof: Proof | None = None
    error: BackupError | None = None

    @property
    def is_damaged(self) -> bool:
        """Whether something was found that endangers a snapshot."""
        return self.proof is not None and any(not problem.hint for problem in self.proof.problems)


def verify(workspace: "Workspace", request: VerifyRequest) -> list[Verdict]:
    """Verify repositories in turn; one that fails does not keep the others from theirs, a cancelled one does.

    Raises:
        BackupError: a snapshot that was named is not known.
    """
    named = _named(workspace, request)
    names = list(named) or ([request.repository] if request.repository else list(workspace.config.repositories))
    verdicts: list[Verdict] = []
    for name in names:
        verdicts.append(_verify_one(workspace, name, named.get(name, ()), request))
        if isinstance(verdicts[-1].error, Cancelled):
            break
    return verdicts


def _named(workspace: "Workspace", request: VerifyRequest) -> dict[str, list[Found]]:
    """Return the snapshots that were named, by repository."""
    if not request.snapshots:
        return {}
    reached = reach(workspace, request.repository)
    only = Filter(repository=request.repository, host=request.host)
    named: dict[str, list[Found]] = {}
    for name in request.snapshots:
        found = resolve(reached, name, only)
        named.setdefault(found.shelf.name, []).append(found)
    return named


def _verify_one(workspace: "Workspace", name: str, named: Sequence[Found], request: VerifyRequest) -> Verdict:
    try:
        scope = run_scope(workspace, verb=Verb.VERIFY, repository=name)
        with scope.heeding_signals() if request.heeding_signals else nullcontext(), scope:
            proof = _prove(workspace, name, named, request.subset, scope)
            scope.finish(_told(scope.run_id, name, proof))
    except BackupError as error:
        return Verdict(repository=name, error=error)
    return Verdict(repository=name, proof=proof)


def _prove(workspace: "Workspace", name: str, named: Sequence[Found], subset: Subset | None, scope: RunScope) -> Proof:
    repository = workspace.repository(name)
    everything = repository.snapshots()
    workspace.history.remember_snapshots(name, everything)
    chosen = [found.snapshot for found in named] or everything
    proof = repository.verify(chosen, subset, scope.watch)
    record_proof(workspace.history, name, proof, complete=not named)
    return proof


def _told(run: str, name: str, proof: Proof) -> Verified:
    problems = sum(1 for problem in proof.problems if not problem.hint)
    return Verified(
        run=run,
        repository=name,
        status=RunStatus.FAILED if problems else RunStatus.OK,
        snapshots=proof.snapshots,
        packs=proof.packs,
        bytes=proof.bytes,
        problems=problems,
        time=proof.time,
    )
