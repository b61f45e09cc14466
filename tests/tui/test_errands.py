"""What one comes for, in a real terminal: one file back, and a job changed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.estate import Estate, build_estate
from tests.support.tmux import Tmux, until
from tui_backup.config.load import load_config

pytestmark = pytest.mark.requires("tmux")


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """A job with a backup, in a configuration with a comment."""
    estate = build_estate(tmp_path / "estate", ["local"])
    (estate.source / "lost.txt").write_text("found\n")
    path = estate.directory / "config.toml"
    path.write_text(path.read_text().replace("[jobs.site]", "# The shop.\n[jobs.site]"))
    estate.run()
    return estate


@pytest.fixture
def terminal(estate: Estate, tmp_path: Path) -> Iterator[Tmux]:
    line = f"exec {sys.executable} -m tui_backup -c {estate.directory / 'config.toml'}"
    terminal = Tmux(tmp_path, line, tmp_path)
    terminal.wait_for("site")
    yield terminal
    terminal.vanish()


def test_one_file_comes_back_beside_what_is_there(terminal: Tmux, estate: Estate, tmp_path: Path) -> None:
    (estate.source / "lost.txt").unlink()
    terminal.wait_for("unverified")
    terminal.press("Enter")
    terminal.wait_for("lost.txt")
    terminal.press("End")
    terminal.press("R")
    terminal.wait_for("A new directory")
    terminal.press("n")
    terminal.wait_for("Space")
    terminal.press("R")
    terminal.wait_for("Do nothing")
    terminal.press("Right", "Enter")
    terminal.wait_for("ok: restored")
    (back,) = tmp_path.glob("site_restored_*")
    assert {path.name: path.read_text() for path in back.rglob("*") if path.is_file()} == {"lost.txt": "found\n"}
    assert not (estate.source / "lost.txt").exists()


def test_a_job_is_changed_and_comments_stay(terminal: Tmux, estate: Estate) -> None:
    path = estate.directory / "config.toml"
    before = path.read_text()
    terminal.press("e")
    terminal.wait_for("Job site")
    terminal.press("F2")
    terminal.wait_for("# The shop.")
    terminal.wait_for("f2 Forms")
    terminal.wait_for("nothing is wrong")
    terminal.press(*["Down"] * before.count("\n"))
    terminal.press("-l", 'expected_every = "26h"')
    terminal.wait_for("not saved")
    terminal.press("C-s")
    terminal.wait_for('+expected_every = "26h"')
    terminal.press("S")
    until(lambda: path.read_text() != before, lambda: terminal.screen)
    assert path.read_text().startswith(before.rstrip("\n"))
    assert load_config(str(path)).jobs["site"].expected_every == 26 * 3600
