"""SIGKILL of a restore in place, and of its undo: in the end everything is as it was."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import copy_of, few_files
from tests.support.killing import Moment
from tests.support.mounts import tmpfs
from tests.support.programs import Installation
from tests.support.trees import links_of, traits_of, write_tree
from tests.support.victims import ROOT, Doom, slay

IN_PLACE = ("restore", "latest", "--in-place", "--delete", "--yes")
MEMORY = Path("/dev/shm")
USER, ROOT_USER = "12345", "0"


@pytest.fixture
def stage() -> Iterator[Path]:
    """A directory that everybody may enter; in memory, where that can be had."""
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def deaths(direction: str, stage: Path, *arguments: str) -> int:
    """Play the scene until nobody dies any more; return how often somebody did."""
    command = [sys.executable, "-m", "tests.faults.undo_scene", direction, str(stage), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ended.returncode == 0, ended.stderr
    return int(ended.stdout)


def test_a_restore_that_was_killed_anywhere_can_be_undone(stage: Path) -> None:
    assert deaths("restore", stage, "1", ROOT_USER) > 90


def test_an_undo_that_was_killed_anywhere_is_finished_by_the_next(stage: Path) -> None:
    assert deaths("undo", stage, "1", ROOT_USER) > 40


@pytest.mark.requires("root")
@pytest.mark.parametrize("direction", ["restore", "undo"])
def test_the_same_holds_for_ordinary_users(direction: str, stage: Path) -> None:
    assert deaths(direction, stage, "3", USER) > 10


@pytest.mark.requires("tmpfs")
@pytest.mark.parametrize("direction", ["restore", "undo"])
def test_the_same_holds_where_a_snapshot_keeps_what_is_replaced(direction: str, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with tmpfs(tmp_path / "mount", "20m", 10_000) as stage:
        assert deaths(direction, stage, "11", ROOT_USER, str(tmp_path / "state")) > 5


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A backup of a directory in which somebody has then worked."""
    directory = tmp_path_factory.mktemp("edited")
    return few_files(directory)


@pytest.mark.parametrize(("moment", "number"), [(Moment.PLACED_HALF, 2), (Moment.PLACED, 4)])
def test_the_program_undoes_what_was_killed(moment: Moment, number: int, edited: Installation, tmp_path: Path) -> None:
    installation = copy_of(edited, tmp_path / "installation")
    source = installation.source
    write_tree(source, {f"a/file-{each}": b"edited" for each in range(4)})
    write_tree(source, {"later/b": b"to be deleted"})
    before, links = traits_of(source), links_of(source)
    assert slay(installation, Doom(moment, number), *IN_PLACE).was_killed
    assert traits_of(source) != before
    undone = installation.call("undo-restore", "--yes", "--json")
    assert (undone.code, undone.last["status"]) == (0, "ok"), undone
    assert (traits_of(source), links_of(source)) == (before, links)
    assert os.listdir(installation.state / "undo") == ["lock"]


def test_a_restore_that_was_killed_before_it_changed_anything_leaves_nothing(
    edited: Installation, tmp_path: Path
) -> None:
    installation = copy_of(edited, tmp_path / "installation")
    write_tree(installation.source, {"a/file-1": b"edited"})
    before = traits_of(installation.source)
    assert slay(installation, Doom(Moment.AFTER, 1), *IN_PLACE).was_killed
    assert traits_of(installation.source) == before
    assert installation.call("undo-restore", "--yes").code == 1
    installation.back_up()
    assert os.listdir(installation.state / "undo") == ["lock"]
