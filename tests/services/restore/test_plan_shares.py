"""What plans come to."""

import os
from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate
from tui_backup.engine.restore_plan import PlanItem, RestorePlan
from tui_backup.engine.restore_request import Overwrite
from tui_backup.errors import Cancelled, RestoreRefused
from tui_backup.model.watch import Watch
from tui_backup.services.browsing.directories import Copy
from tui_backup.services.restore import plan_shares, restores
from tui_backup.services.restore.plan_shares import LARGEST, MOST_LISTED
from tui_backup.services.restore.restore_candidates import present
from tui_backup.services.restore.restore_cautions import cautions, expected_s
from tui_backup.services.restore.restores import Conduct, Wish
from tui_backup.services.storage.snapshots import reach, resolve
from tui_backup.services.workspace import Workspace


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = build_estate(tmp_path, ("local",))
    for number in range(12):
        (estate.source / f"file-{number}").write_bytes(b"x" * number)
    estate.run()
    return estate


def plan_of(workspace: Workspace, wish: Wish) -> RestorePlan:
    return restores.plan(workspace, resolve(reach(workspace), "latest"), wish, Watch())


def test_shares_say_what_each_sort_comes_to_and_name_the_largest(estate: Estate) -> None:
    (estate.source / "file-11").write_text("longer than it was")
    (estate.source / "extra").write_text("four")
    (estate.source / "file-3").unlink()
    with estate.open() as workspace:
        plan = plan_of(workspace, Wish(target=None, delete=True))
        repository, watch = workspace.repository("local"), Watch()
        shares = plan_shares.shares(plan.items(repository), watch)
        counts = {each.sort: each.count for each in plan_shares.of_restore(plan)}
        deleted = plan_shares.listed(plan.items(repository), "delete", Watch())
    assert {sort: share.bytes for sort, share in shares.items() if sort != "skip"} == {
        "new": 3, "overwrite": 11, "delete": 4,
    }  # fmt: skip
    assert (counts["new"], counts["delete"]) == (1, 1)
    assert [item.path for item in deleted] == [os.fsencode(estate.source / "extra")]
    assert [item.size for item in shares["skip"].largest] == [10, 9, 8, 7, 6, 5, 4, 4, 2, 1]
    assert len(shares["skip"].largest) == LARGEST
    assert watch.files_done > LARGEST


def test_all_deletions_are_listed_and_of_other_sorts_no_more_than_anybody_reads() -> None:
    items = [PlanItem(b"/%d" % number, action, 0) for number in range(MOST_LISTED + 5) for action in ("new", "delete")]
    assert len(plan_shares.listed(items, "delete", Watch())) == MOST_LISTED + 5
    assert len(plan_shares.listed(items, "new", Watch())) == MOST_LISTED


def test_adding_up_stops_when_nobody_waits_for_it() -> None:
    watch = Watch()
    watch.cancel.cancel()
    with pytest.raises(Cancelled):
        plan_shares.shares([PlanItem(b"/a", "new", 1)], watch)


def test_the_words_of_a_wish_are_those_of_the_command(estate: Estate) -> None:
    (snapshot,) = estate.held("local")
    wish = Wish(target="/x y", include=("/a",), exclude=("*.log",), overwrite=Overwrite.ALWAYS, delete=True, trust=True)
    words = restores.words_of(Copy(snapshot=snapshot, repository="local"), wish, Conduct(verify=True))
    assert words == (
        "restore", snapshot.id[:12], "-r", "local", "--target", "/x y", "--include", "/a", "--exclude", "*.log",
        "--overwrite", "always", "--delete", "--verify", "--trust",
    )  # fmt: skip


@pytest.mark.parametrize("target", ["local", "local/data/new", "state/below"])
def test_nothing_is_restored_into_what_belongs_to_the_backup(estate: Estate, target: str) -> None:
    with estate.open() as workspace, pytest.raises(RestoreRefused, match="belongs to the backup itself"):
        plan_of(workspace, Wish(target=str(estate.directory / target)))


def test_a_way_around_through_a_link_is_seen(estate: Estate) -> None:
    (estate.directory / "link").symlink_to("local")
    with estate.open() as workspace, pytest.raises(RestoreRefused, match="belongs to the backup itself"):
        plan_of(workspace, Wish(target=str(estate.directory / "link" / "new")))


def test_what_should_be_known_beforehand_is_said(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    with estate.open() as workspace:
        (candidate,) = present(workspace).found
        plan = plan_of(workspace, Wish(target=None))
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        assert cautions(workspace, candidate, plan) == []
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        assert cautions(workspace, candidate, plan) == ["owners cannot be set: this is not root"]
        workspace.host = "elsewhere"
        assert len(cautions(workspace, candidate, plan)) == 2


def test_files_of_the_target_that_are_newer_are_a_caution(estate: Estate) -> None:
    for number in (3, 5):
        (estate.source / f"file-{number}").write_text("worked on since")
    os.utime(estate.source / "file-5", (1, 1))
    with estate.open() as workspace:
        (candidate,) = present(workspace).found
        plan = plan_of(workspace, Wish(target=None))
        kept = plan_of(workspace, Wish(target=None, overwrite=Overwrite.NEVER))
        said = cautions(workspace, candidate, plan)
    assert "1 file at the target is newer than what replaces it" in said
    assert [warning.path for warning in plan.newer_files] == [os.fsencode(estate.source / "file-3")]
    assert kept.newer == 0


def test_how_long_it_takes_is_said_only_once_somebody_knows(estate: Estate, tmp_path: Path) -> None:
    with estate.open() as workspace:
        plan = plan_of(workspace, Wish(target=str(tmp_path / "out")))
        assert expected_s(workspace, "local", plan) is None
