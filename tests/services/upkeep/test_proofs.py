"""What a verification proved, in the history."""

from datetime import UTC, datetime
from pathlib import Path

from tui_backup.formats.base import Proof
from tui_backup.history.history import History
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.standing import Integrity
from tui_backup.services.upkeep.proofs import record_proof

TIME = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_problem_damages_the_snapshots_that_it_names_and_a_hint_does_not(tmp_path: Path) -> None:
    problems = (
        Problem(kind=ProblemKind.TREE, object="t", message="missing", snapshots=("aa",)),
        Problem(kind=ProblemKind.PACK_SIZE, object="p", message="unreferenced", snapshots=("bb",), hint=True),
    )
    proof = Proof(
        time=TIME, snapshots=2, packs=1, bytes=1, problems=problems, read=("p",), needs=(("aa", ("p",)), ("bb", ("p",)))
    )
    with History.open(tmp_path) as history:
        record_proof(history, "local", proof, complete=True)
        standings = history.proofs("local")
    assert standings["aa"].integrity is Integrity.DAMAGED
    assert standings["bb"].integrity is Integrity.OK
