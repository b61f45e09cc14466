"""From what a verification proved to what the history keeps of it."""

from tui_backup.formats.base import Proof
from tui_backup.history.history import History
from tui_backup.history.verifications import Findings, Mending
from tui_backup.model.upkeep import Repaired
from tui_backup.primitives.clock import now


def record_proof(history: History, repository: str, proof: Proof, *, complete: bool) -> None:
    """Add a proof to what is known of a repository; `complete`: it looked at every snapshot there is."""
    broken = {snapshot for problem in proof.problems if not problem.hint for snapshot in problem.snapshots}
    findings = Findings(
        time=proof.time,
        needs=proof.needs,
        read=proof.read,
        damaged=proof.damaged,
        broken=tuple(broken),
        complete=complete,
        problems=proof.problems,
    )
    history.record_verification(repository, findings)


def record_repair(history: History, repository: str, repaired: Repaired) -> None:
    """Take back what is known of damage that was mended; what was proven stays proven, nothing more becomes so."""
    broken = {snapshot for problem in repaired.problems if not problem.hint for snapshot in problem.snapshots}
    mending = Mending(
        time=now(),
        replaced=repaired.replaced,
        examined=repaired.proven,
        broken=tuple(broken),
        problems=repaired.problems,
    )
    history.record_repair(repository, mending)
