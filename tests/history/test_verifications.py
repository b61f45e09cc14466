"""What counts as proven."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui_backup.history.history import History
from tui_backup.history.verifications import Findings
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.standing import Integrity, Standing

DAY = [datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=number) for number in range(10)]
NEEDS = (("old", ("p1", "p2")), ("new", ("p2", "p3")))


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History.open(tmp_path) as history:
        yield history
        assert not history.troubles


def test_structure_alone_proves_nothing(history: History) -> None:
    history.record_verification("local", Findings(time=DAY[0], needs=NEEDS))
    assert history.proofs("local") == {
        "old": Standing(Integrity.UNVERIFIED, None, DAY[0]),
        "new": Standing(Integrity.UNVERIFIED, None, DAY[0]),
    }


def test_subsets_add_up_and_the_proof_is_as_old_as_its_oldest_part(history: History) -> None:
    for day, pack in enumerate(("p1", "p2", "p3")):
        history.record_verification("local", Findings(time=DAY[day], needs=NEEDS, read=(pack,)))
    assert history.proofs("local") == {
        "old": Standing(Integrity.OK, DAY[0], DAY[2]),
        "new": Standing(Integrity.OK, DAY[1], DAY[2]),
    }


def test_a_snapshot_with_one_unread_pack_is_unverified(history: History) -> None:
    history.record_verification("local", Findings(time=DAY[0], needs=NEEDS, read=("p1", "p2")))
    proofs = history.proofs("local")
    assert (proofs["old"].integrity, proofs["new"].integrity) == (Integrity.OK, Integrity.UNVERIFIED)


def test_a_damaged_pack_damages_what_needs_it_until_it_is_read_again(history: History) -> None:
    history.record_verification("local", Findings(time=DAY[0], needs=NEEDS, read=("p1", "p2", "p3")))
    history.record_verification("local", Findings(time=DAY[1], needs=NEEDS, damaged=("p3",), broken=("new",)))
    history.record_verification("local", Findings(time=DAY[2], needs=NEEDS))
    proofs = history.proofs("local")
    assert (proofs["old"].integrity, proofs["new"].integrity) == (Integrity.OK, Integrity.DAMAGED)
    history.record_verification("local", Findings(time=DAY[3], needs=NEEDS, read=("p3",)))
    assert history.proofs("local")["new"] == Standing(Integrity.OK, DAY[0], DAY[3])


def test_one_snapshot_is_asked_for_by_itself(history: History) -> None:
    history.record_verification("local", Findings(time=DAY[0], needs=NEEDS, read=("p1", "p2")))
    assert history.standing("local", "old") == Standing(Integrity.OK, DAY[0], DAY[0])
    assert history.standing("offsite", "old") == history.standing("local", "none") == Standing()


def test_a_snapshot_without_any_tree_is_damaged(history: History) -> None:
    history.record_verification("local", Findings(time=DAY[0], needs=NEEDS[:1], read=("p1", "p2"), broken=("new",)))
    assert history.proofs("local")["new"].integrity is Integrity.DAMAGED


def test_a_proof_of_one_snapshot_keeps_the_others(history: History) -> None:
    history.record_verification("local", Findings(time=DAY[0], needs=NEEDS, read=("p1", "p2")))
    history.record_verification("local", Findings(time=DAY[1], needs=NEEDS[1:], read=("p3",)))
    assert history.proofs("local")["old"] == Standing(Integrity.OK, DAY[0], DAY[0])
    assert history.proofs("local")["new"] == Standing(Integrity.OK, DAY[0], DAY[1])


def test_a_complete_proof_forgets_snapshots_and_packs_that_are_gone(history: History) -> None:
    history.record_verification("local", Findings(time=DAY[0], needs=NEEDS, read=("p1", "p2", "p3")))
    history.record_verification("local", Findings(time=DAY[1], needs=NEEDS[1:], complete=True))
    assert history.proofs("local").keys() == {"new"}
    history.record_verification("local", Findings(time=DAY[2], needs=NEEDS))
    assert history.proofs("local")["old"].integrity is Integrity.UNVERIFIED
    assert history.proofs("local")["new"].integrity is Integrity.OK


def test_repositories_do_not_mix(history: History) -> None:
    history.record_verification("local", Findings(time=DAY[0], needs=NEEDS, read=("p1", "p2", "p3")))
    history.record_verification("offsite", Findings(time=DAY[0], needs=NEEDS, damaged=("p1",)))
    assert history.proofs("local")["old"].integrity is Integrity.OK
    assert history.proofs("offsite")["old"].integrity is Integrity.DAMAGED


def test_only_snapshots_that_are_still_there_count_as_damaged(history: History) -> None:
    here = Snapshot(id="new", time=DAY[0], host="web1", paths=("/srv",), job="site")
    history.record_verification("local", Findings(time=DAY[0], needs=NEEDS, damaged=("p2",)))
    history.remember_snapshots("local", [here])
    assert history.damaged() == [("local", "site", "new")]
