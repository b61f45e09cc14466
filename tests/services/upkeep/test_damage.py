"""What is known to be wrong, and what is offered against it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate
from tests.support.faulty import flipped
from tui_backup.formats.base import Subset
from tui_backup.history.verifications import Findings
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.services.upkeep import damage
from tui_backup.services.upkeep.damage import CureKind
from tui_backup.services.upkeep.repairs import RepairKind
from tui_backup.services.upkeep.verification import VerifyRequest, verify

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = build_estate(tmp_path)
    estate.run()
    return estate


def problem(kind: ProblemKind, *snapshots: str, hint: bool = False) -> Problem:
    return Problem(kind=kind, object="data/00/00", message="bad", snapshots=snapshots, hint=hint)


def offered(estate: Estate, *problems: Problem) -> list[tuple[CureKind, str | None]]:
    with estate.open() as workspace:
        return [(cure.kind, cure.other) for cure in damage.cures(workspace, "local", problems)]


def test_what_helps_most_comes_first(estate: Estate) -> None:
    assert offered(estate, problem(ProblemKind.PACK_DAMAGED)) == [
        (CureKind.PACKS, "offsite"),
        (CureKind.PACKS, None),
        (CureKind.VERIFY, None),
    ]
    assert offered(estate, problem(ProblemKind.INDEX)) == [(CureKind.INDEX, None), (CureKind.VERIFY, None)]
    assert offered(estate, problem(ProblemKind.PACK_UNLISTED, hint=True)) == [
        (CureKind.PRUNE, None),
        (CureKind.VERIFY, None),
    ]
    assert offered(estate) == []


def test_damaged_snapshots_can_be_rewritten_or_given_up(estate: Estate) -> None:
    (snapshot,) = estate.held("local")
    found = problem(ProblemKind.PACK_DAMAGED, snapshot.id)
    with estate.open() as workspace:
        findings = Findings(time=NOW, needs=((snapshot.id, ("p",)),), damaged=("p",), problems=(found,))
        workspace.history.record_verification("local", findings)
        cures = {cure.kind: cure for cure in damage.cures(workspace, "local", [found])}
        assert cures[CureKind.FORGET].command == ("forget", snapshot.id[:12], "-r", "local")
        assert cures[CureKind.SNAPSHOTS].command == ("repair", "snapshots", "-r", "local")
        assert [known.problem for known in damage.found(workspace, "local")] == [found]
        workspace.history.remember_snapshots("local", [])
        assert damage.found(workspace, "local") == []


def test_a_snapshot_that_cannot_be_read_is_given_up_and_copied_anew(estate: Estate) -> None:
    (lost,) = estate.held("local")
    (copy,) = estate.held("offsite")
    key = f"snapshots/{lost.id}"
    content = estate.store("local").get(key)
    estate.store("local").delete(key)
    estate.store("local").put(key, flipped(content, 300))
    with estate.open() as workspace:
        verify(workspace, VerifyRequest(repository="local", subset=Subset()))
        problems = [known.problem for known in damage.found(workspace, "local")]
        cures = {cure.kind: cure for cure in damage.cures(workspace, "local", problems)}
    assert cures[CureKind.FORGET].snapshots == (lost.id,)
    assert cures[CureKind.COPY].snapshots == (copy.id,)
    assert cures[CureKind.COPY].command == ("copy", copy.id[:12], "-r", "offsite", "--to", "local")


@pytest.mark.parametrize(
    ("kinds", "repair"),
    [
        ([ProblemKind.INDEX, ProblemKind.BLOB_MISSING], RepairKind.PACKS),
        ([ProblemKind.INDEX], RepairKind.INDEX),
        ([ProblemKind.KEY], None),
    ],
)
def test_a_repair_of_packs_mends_the_index_too(kinds: list[ProblemKind], repair: RepairKind | None) -> None:
    assert damage.mending(map(problem, kinds)) is repair
