import os
from pathlib import Path

import pytest

from tests.cli.conftest import Pair
from tests.cli.site import Site

PLAN = {"snapshot", "target", "new", "overwrite", "skip", "delete", "bytes", "free", "fits", "warnings", "items"}
FINISHED = {"type", "run", "restore", "status", "written", "skipped", "deleted", "bytes", "duration", "message"}


def below(target: Path, pair: Pair) -> Path:
    return target / pair.inside[1:]


def test_a_dry_run_shows_the_plan_and_touches_nothing(pair: Pair, tmp_path: Path) -> None:
    plan = pair.call("restore", pair.first, "--target", str(tmp_path / "out"), "--dry-run", "--json").document
    assert set(plan) >= PLAN
    assert (plan["snapshot"], plan["fits"], plan["overwrite"], plan["bytes"]) == (pair.first, True, 0, 7)
    assert {"path": f"{pair.inside}/a.txt", "action": "new", "size": 4} in plan["items"]
    assert not (tmp_path / "out").exists()


def test_paths_are_recreated_below_the_target(pair: Pair, tmp_path: Path) -> None:
    answer = pair.call("restore", pair.first, "--target", str(tmp_path), "--verify", "--json")
    assert answer.code == 0
    assert set(answer.lines[-1]) >= FINISHED
    assert answer.lines[-1]["status"] == "ok"
    assert (below(tmp_path, pair) / "old" / "b.txt").read_text() == "bee"
    assert b"caf\xe9" in os.listdir(os.fsencode(below(tmp_path, pair)))


def test_only_what_is_included_comes_back(pair: Pair, tmp_path: Path) -> None:
    assert pair.call("restore", pair.first, "--target", str(tmp_path), "--include", f"{pair.inside}/old").code == 0
    assert os.listdir(below(tmp_path, pair)) == ["old"]


def test_what_differs_is_kept_and_named_with_exit_3(pair: Pair, tmp_path: Path) -> None:
    below(tmp_path, pair).mkdir(parents=True)
    mine = below(tmp_path, pair) / "a.txt"
    mine.write_text("mine")
    answer = pair.call("restore", pair.first, "--target", str(tmp_path))
    assert answer.code == 3
    assert str(Path(pair.inside) / "a.txt") in answer.err
    assert mine.read_text() == "mine"


def test_what_is_newer_than_what_replaces_it_is_counted_and_named(pair: Pair, tmp_path: Path) -> None:
    below(tmp_path, pair).mkdir(parents=True)
    newer, older = below(tmp_path, pair) / "a.txt", below(tmp_path, pair) / "old" / "b.txt"
    newer.write_text("mine")
    older.parent.mkdir()
    older.write_text("longer than it was")
    os.utime(older, (1, 1))
    arguments = ["restore", pair.first, "--target", str(tmp_path), "--overwrite", "always"]
    plan = pair.call(*arguments, "--dry-run", "--json").document
    assert (plan["overwrite"], plan["newer"]) == (2, 1)
    assert [warning["path"] for warning in plan["warnings"]] == [f"{pair.inside}/a.txt"]
    shown = pair.call(*arguments, "--dry-run").out
    assert "warning: 1 file at the target is newer than what replaces it" in shown
    assert "a.txt: is newer than what replaces it" in shown
    answer = pair.call(*arguments, "--yes")
    assert (answer.code, newer.read_text()) == (0, "one\n")


def test_overwriting_needs_a_yes_where_nobody_can_be_asked(pair: Pair, tmp_path: Path) -> None:
    below(tmp_path, pair).mkdir(parents=True)
    mine = below(tmp_path, pair) / "a.txt"
    mine.write_text("mine")
    arguments = ["restore", pair.first, "--target", str(tmp_path), "--overwrite", "always"]
    answer = pair.call(*arguments)
    assert answer.code == 2
    assert "nothing was touched" in answer.err
    assert os.listdir(below(tmp_path, pair)) == ["a.txt"]
    assert mine.read_text() == "mine"
    assert pair.call(*arguments, "--yes").code == 0
    assert mine.read_text() == "one\n"


def test_deleting_removes_what_the_snapshot_does_not_have(site: Site) -> None:
    site.back_up()
    (site.source / "later").write_text("later")
    assert site.call("restore", "latest", "--in-place", "--delete").code == 2
    assert (site.source / "later").exists()
    answer = site.call("restore", "latest", "--in-place", "--delete", "--yes", "--json")
    assert (answer.code, answer.lines[-1]["deleted"]) == (0, 1)
    assert os.listdir(site.source) == ["a.txt"]


def test_in_place_brings_back_what_was_changed(site: Site) -> None:
    site.back_up()
    (site.source / "a.txt").write_text("broken")
    assert site.call("restore", "latest", "--in-place", "--yes").code == 0
    assert (site.source / "a.txt").read_text() == "one\n"


def test_a_restore_is_in_the_history(site: Site) -> None:
    site.back_up()
    site.call("restore", "latest", "--target", str(site.directory / "out"))
    newest = site.call("history", "--json").document[0]
    assert (newest["verb"], newest["job"], newest["status"]) == ("restore", "site", "ok")


@pytest.mark.parametrize("where", [[], ["--in-place", "--target", "x"]])
def test_it_must_be_said_where_to(pair: Pair, where: list[str]) -> None:
    assert pair.call("restore", "latest", *where).code == 2


def test_the_plan_is_shown_before_it_is_carried_out(pair: Pair, tmp_path: Path) -> None:
    out = pair.call("restore", pair.first, "--target", str(tmp_path)).out
    assert out.startswith(f"Restore {pair.first[:8]} of ")
    assert "7 Bytes to write" in out
