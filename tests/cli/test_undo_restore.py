import os
from pathlib import Path

import pytest

from tests.cli.site import Site

PLAN = {"snapshot", "target", "new", "overwrite", "skip", "delete", "bytes", "free", "fits", "warnings", "items"}
FINISHED = {"type", "run", "restore", "status", "written", "skipped", "deleted", "bytes", "duration", "message"}
IN_PLACE = ("restore", "latest", "--in-place", "--yes")


@pytest.fixture
def restored(site: Site) -> Site:
    """A site whose file was edited and then restored in place."""
    site.back_up()
    (site.source / "a.txt").write_text("edited")
    answer = site.call(*IN_PLACE)
    assert answer.code == 0
    assert "  keeps 6 Bytes for undo until " in answer.out
    assert "undo it with: tui-backup undo-restore 2" in answer.err
    assert (site.source / "a.txt").read_text() == "one\n"
    return site


def test_it_needs_a_yes_where_nobody_can_be_asked(restored: Site) -> None:
    answer = restored.call("undo-restore")
    assert (answer.code, (restored.source / "a.txt").read_text()) == (2, "one\n")
    assert "nothing was touched" in answer.err


def test_it_puts_back_what_the_restore_replaced(restored: Site) -> None:
    answer = restored.call("undo-restore", "--yes", "--json")
    assert (answer.code, (restored.source / "a.txt").read_text()) == (0, "edited")
    assert set(answer.lines[-1]) >= FINISHED
    assert answer.lines[-1]["run"] != answer.lines[-1]["restore"]
    newest, restore, *_others = restored.call("history", "--json").document
    assert (newest["verb"], newest["status"], restore["undo_until"]) == ("undo-restore", "ok", None)


def test_a_dry_run_shows_the_plan_and_touches_nothing(restored: Site) -> None:
    plan = restored.call("undo-restore", "--dry-run", "--json").document
    assert set(plan) >= PLAN
    assert (plan["overwrite"], plan["delete"], plan["bytes"], plan["left"]) == (1, 0, 6, 0)
    assert {"path": f"{restored.inside}/a.txt", "action": "overwrite", "size": 6} in plan["items"]
    assert (restored.source / "a.txt").read_text() == "one\n"
    assert f"overwrite  {restored.inside}/a.txt" in restored.call("undo-restore", "--dry-run").out


def test_what_changed_since_is_exit_3(restored: Site) -> None:
    (restored.source / "a.txt").write_text("since")
    answer = restored.call("undo-restore", "--yes")
    assert (answer.code, (restored.source / "a.txt").read_text()) == (3, "since")
    assert f"{restored.inside}/a.txt: has changed since the restore" in answer.err


def test_history_shows_what_can_be_undone(restored: Site) -> None:
    assert restored.call("history", "--json").document[0]["undo_until"] is not None
    assert "UNDO UNTIL" in restored.call("history").out


def test_the_plan_of_a_restore_says_what_it_keeps(site: Site, tmp_path: Path) -> None:
    site.back_up()
    (site.source / "a.txt").write_text("edited")
    plan = site.call("restore", "latest", "--in-place", "--dry-run", "--json").document
    assert (plan["keeps"], plan["undo_until"] is not None) == (6, True)
    plan = site.call("restore", "latest", "--target", str(tmp_path / "out"), "--dry-run", "--json").document
    assert (plan["keeps"], plan["undo_until"]) == (None, None)


def test_nothing_to_undo_is_an_error(site: Site) -> None:
    site.back_up()
    assert site.call(*IN_PLACE).code == 0
    answer = site.call("undo-restore", "--yes")
    assert (answer.code, "no restore that can be undone" in answer.err) == (1, True)
    assert os.listdir(site.directory / "state" / "undo") == ["lock"]


@pytest.mark.parametrize("value", ['"0s"', '"soon"', "7"])
def test_undo_keep_is_a_duration(site: Site, value: str) -> None:
    site.config.write_text(site.config.read_text() + f"undo_keep = {value}\n")
    answer = site.call("config", "check")
    assert (answer.code, "jobs.site.undo_keep" in answer.err + answer.out) == (2, True)
