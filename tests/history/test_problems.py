"""What is wrong stays known until it is mended, and no longer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tui_backup.history.history import History
from tui_backup.history.problems import MOST_PROBLEMS, MOST_SNAPSHOTS
from tui_backup.history.verifications import Findings, Mending
from tui_backup.model.problem import Problem, ProblemKind

DAY = [datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=number) for number in range(10)]
NEEDS = (("old", ("p1", "p2")), ("new", ("p2", "p3")))
BLOB = Problem(kind=ProblemKind.BLOB_DAMAGED, object="b", message="bad", snapshots=("new",), paths=(b"/\xff",))
INDEX = Problem(kind=ProblemKind.INDEX, object="index/1", message="bad")
READ = Findings(
    time=DAY[0], needs=NEEDS, read=("p1", "p2"), damaged=("p3",), broken=("new",), complete=True, problems=(BLOB, INDEX)
)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History.open(tmp_path) as history:
        history.record_verification("local", READ)
        yield history
        assert not history.troubles


def objects(history: History) -> list[str]:
    return [known.problem.object for known in history.problems("local")]


def test_it_is_kept_whole(history: History) -> None:
    known = history.problems("local")[0]
    assert (known.problem, known.found_at, known.snapshots) == (BLOB, DAY[0], 1)
    assert history.problems("offsite") == []


def test_the_structure_alone_says_nothing_of_what_was_read(history: History) -> None:
    history.record_verification("local", Findings(time=DAY[1], needs=NEEDS, complete=True))
    assert objects(history) == ["b"]


def test_what_was_read_again_and_found_whole_is_no_problem(history: History) -> None:
    history.record_verification("local", Findings(time=DAY[1], needs=NEEDS, read=("p3",)))
    assert objects(history) == []


def test_reading_other_packs_mends_nothing(history: History) -> None:
    history.record_verification("local", Findings(time=DAY[1], needs=NEEDS, read=("p1",), complete=True))
    assert objects(history) == ["b"]


def test_reading_everything_replaces_everything(history: History) -> None:
    other = msgspec.structs.replace(BLOB, object="c")
    history.record_verification("local", msgspec.structs.replace(READ, time=DAY[1], problems=(other,)))
    assert objects(history) == ["c"]


def test_what_lies_below_a_snapshot_is_not_mended_by_looking_into_another(history: History) -> None:
    tree = Problem(kind=ProblemKind.TREE, object="t", message="gone", snapshots=("new",))
    history.record_verification("local", Findings(time=DAY[1], needs=NEEDS, broken=("new",), problems=(tree,)))
    history.record_verification("local", Findings(time=DAY[2], needs=NEEDS[:1]))
    assert "t" in objects(history)


def test_a_repair_leaves_what_it_could_not_mend(history: History) -> None:
    history.record_repair(
        "local", Mending(time=DAY[1], replaced=("p3",), examined=True, broken=("new",), problems=(BLOB,))
    )
    assert objects(history) == ["b"]
    history.record_repair("local", Mending(time=DAY[1], replaced=("p3",), examined=True))
    assert objects(history) == []


def test_it_is_bounded(history: History) -> None:
    ids = tuple(f"{number:064}" for number in range(MOST_SNAPSHOTS + 1))
    many = tuple(
        Problem(kind=ProblemKind.BLOB_DAMAGED, object=f"{number}", message="bad", snapshots=ids)
        for number in range(MOST_PROBLEMS + 1)
    )
    history.record_verification(
        "local",
        Findings(time=DAY[1], needs=NEEDS, damaged=("p1", "p2", "p3"), broken=ids, complete=True, problems=many),
    )
    known = history.problems("local")
    assert len(known) == MOST_PROBLEMS
    assert known[0].snapshots == MOST_SNAPSHOTS + 1
    assert known[0].problem.snapshots == ids[1:]
