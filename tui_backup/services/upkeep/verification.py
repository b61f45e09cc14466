"""Verifying repositories: each in a run of its own; what was proven goes into the history."""

import re
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tui_backup.errors import BackupError, Cancelled, UsageError
from tui_backup.formats.base import Proof, Subset
from tui_backup.model.event import Verified
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.standing import Integrity
from tui_backup.model.upkeep import Stored
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.services.runs.endings import checked
from tui_backup.services.runs.run_scope import Admission, RunScope, run_scope
from tui_backup.services.storage.snapshots import Filter, Found, reach, resolve
from tui_backup.services.upkeep import damage
from tui_backup.services.upkeep.proofs import record_proof

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
    admission: Admission | None = None
    """What each run waits for; None: it begins at once."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one repository: a proof, or an error."""

    repository: str
    proof: Proof | None = None
    error: BackupError | None = None

    @property
    def is_damaged(self) -> bool:
        """Whether something was found that endangers a snapshot."""
        return self.proof is not None and any(not problem.hint for problem in self.proof.problems)


class VerifyPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification of one repository will look at, and what is known of it so far."""

    repository: str
    stored: Stored | None = None
    """What lies there; None where that is not cheaply known."""
    reads: Stored | None = None
    """About how much of it is read; None where nobody knows before."""
    known: int = 0
    """Snapshots that were there at the last contact."""
    proven: int = 0
    """Those of which every byte was read and authenticated."""
    damaged: int = 0
    problems: int = 0
    """What is known to be wrong there, whether it touches a snapshot or not."""
    oldest_proof: datetime | None = None
    """Of the proven ones."""
    checked_at: datetime | None = None
    """When its structure was last checked."""
    error: BackupError | None = None
    """Why it cannot be looked at."""


def parse_subset(text: str) -> Subset:
    """Return what `5%` or `2/7` means; raises UsageError where it means nothing."""
    if match := re.fullmatch(r"(\d+)/(\d+)", text):
        part, parts = int(match[1]), int(match[2])
        if 1 <= part <= parts:
            return Subset(part=part, parts=parts)
    elif (match := re.fullmatch(r"(\d+(?:\.\d+)?)%", text)) and 0 < float(match[1]) <= 100:
        return Subset(percent=float(match[1]))
    raise UsageError(_("{text!r} is no subset").format(text=text), hint=_("write 5% or 2/7"))


def plan(workspace: "Workspace", request: VerifyRequest, watch: Watch) -> list[VerifyPlan]:
    """Return what `verify` would look at, repository by repository; nothing is read but the list of packs."""
    names = [request.repository] if request.repository else list(workspace.config.repositories)
    return [_planned(workspace, name, request, watch) for name in names]


def to_read(stored: Stored | None, request: VerifyRequest) -> Stored | None:
    """Return about how much of what lies in a repository is read; None where nobody knows before."""
    subset = request.subset
    if subset is None:
        return Stored(packs=0, bytes=0)
    if stored is None or request.snapshots:
        return None
    share = 1 / subset.parts if subset.percent is None else subset.percent / 100
    return Stored(packs=round(stored.packs * share), bytes=round(stored.bytes * share))


def verdict_words(repository: str, proof: Proof, *, damaged: bool) -> str:
    """Return what a verification of a repository came to, for people."""
    text = _("{name}: damaged: {checked}") if damaged else _("{name}: no damage: {checked}")
    return text.format(name=repository, checked=checked(proof.snapshots, proof.packs, proof.bytes))


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


def _planned(workspace: "Workspace", name: str, request: VerifyRequest, watch: Watch) -> VerifyPlan:
    watch.check()
    history = workspace.history
    standings, contact = history.proofs(name), history.contact(name)
    present = {snapshot.id for snapshot in history.snapshots(name)}
    known = [standing for id_, standing in standings.items() if id_ in present]
    proofs = [standing.verified_at for standing in known if standing.integrity is Integrity.OK]
    facts = VerifyPlan(
        repository=name,
        known=len(present),
        proven=len(proofs),
        damaged=sum(standing.integrity is Integrity.DAMAGED for standing in known),
        problems=sum(not each.problem.hint for each in damage.found(workspace, name)),
        oldest_proof=min(filter(None, proofs), default=None),
        checked_at=contact.checked_at if contact else None,
    )
    try:
        upkeep = workspace.repository(name).upkeep
        stored = upkeep.space.stored() if upkeep else None
    except BackupError as error:
        return msgspec.structs.replace(facts, error=error)
    return msgspec.structs.replace(facts, stored=stored, reads=to_read(stored, request))


def _named(workspace: "Workspace", request: VerifyRequest) -> dict[str, list[Found]]:
    """Return the snapshots that were named, by repository."""
    if not request.snapshots:
        return {}
    reached = reach(workspace, request.repository, request.snapshots)
    only = Filter(repository=request.repository, host=request.host)
    named: dict[str, list[Found]] = {}
    for name in request.snapshots:
        found = resolve(reached, name, only)
        named.setdefault(found.shelf.name, []).append(found)
    return named


def _verify_one(workspace: "Workspace", name: str, named: Sequence[Found], request: VerifyRequest) -> Verdict:
    try:
        scope = run_scope(workspace, verb=Verb.VERIFY, repository=name)
        scope.is_waiting = request.admission is not None
        signals = scope.heeding_signals() if request.heeding_signals else nullcontext()
        with signals, scope, request.admission(scope) if request.admission else nullcontext():
            proof = _prove(workspace, name, named, request.subset, scope)
            scope.finish(_told(scope.run_id, name, proof))
    except BackupError as error:
        return Verdict(repository=name, error=error)
    return Verdict(repository=name, proof=proof)


def _prove(workspace: "Workspace", name: str, named: Sequence[Found], subset: Subset | None, scope: RunScope) -> Proof:
    repository = workspace.repository(name)
    everything = repository.snapshots()
    is_recorded = not workspace.config.repositories[name].is_file
    if is_recorded:
        workspace.history.remember_snapshots(name, everything)
    chosen = [found.snapshot for found in named] or everything
    proof = repository.verify(chosen, subset, scope.watch)
    if is_recorded:
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
