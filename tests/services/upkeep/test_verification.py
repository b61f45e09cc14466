"""What a verification will look at, before it does."""

from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate
from tui_backup.errors import RepositoryMissing
from tui_backup.formats.base import Subset
from tui_backup.model.upkeep import Stored
from tui_backup.model.watch import Watch
from tui_backup.services.upkeep.verification import VerifyPlan, VerifyRequest, plan, verify


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = build_estate(tmp_path)
    estate.run()
    return estate


def planned(estate: Estate, request: VerifyRequest) -> list[VerifyPlan]:
    with estate.open() as workspace:
        return plan(workspace, request, Watch())


def test_it_says_what_lies_there_and_how_much_of_it_is_read(estate: Estate) -> None:
    packs = [path for path in (estate.directory / "local" / "data").rglob("*") if path.is_file()]
    there = Stored(packs=len(packs), bytes=sum(path.stat().st_size for path in packs))
    (whole,) = planned(estate, VerifyRequest(repository="local", subset=Subset()))
    assert (whole.stored, whole.reads) == (there, there)
    (half,) = planned(estate, VerifyRequest(repository="local", subset=Subset(part=1, parts=2)))
    assert half.reads == Stored(packs=1, bytes=round(there.bytes / 2))
    (structure,) = planned(estate, VerifyRequest(repository="local"))
    assert structure.reads == Stored(packs=0, bytes=0)
    (named,) = planned(estate, VerifyRequest(repository="local", subset=Subset(), snapshots=("latest",)))
    assert named.reads is None


def test_it_says_what_was_proven_so_far(estate: Estate) -> None:
    (before, _other) = planned(estate, VerifyRequest())
    assert (before.known, before.proven, before.checked_at) == (1, 0, None)
    with estate.open() as workspace:
        (verdict,) = verify(workspace, VerifyRequest(repository="local", subset=Subset()))
    (after, other) = planned(estate, VerifyRequest())
    assert verdict.proof is not None
    assert (after.proven, after.oldest_proof, after.checked_at) == (1, verdict.proof.time, verdict.proof.time)
    assert other.proven == 0


def test_a_repository_that_is_away_keeps_no_other_from_its_plan(estate: Estate) -> None:
    estate.hide("local")
    away, there = planned(estate, VerifyRequest(subset=Subset()))
    assert isinstance(away.error, RepositoryMissing)
    assert there.reads is not None
