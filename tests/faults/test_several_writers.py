"""Backups into one repository at the same time."""

from pathlib import Path

import pytest

from tests.faults.conftest import copy_of
from tests.support.killing import Moment
from tests.support.programs import Installation, ended, install
from tests.support.trees import random_tree, traits_of
from tests.support.victims import Doom, victim

pytestmark = pytest.mark.requires("restic")

MEANWHILE = Doom(Moment.BEFORE, whom="nobody", what="owner put index")
"""Its packs are stored, the index that lists them is not."""


@pytest.fixture
def first(backed_up: Installation, tmp_path: Path) -> Installation:
    return copy_of(backed_up, tmp_path / "first", random_tree(tmp_path / "one", files=20, seed=1))


@pytest.fixture
def second(first: Installation, tmp_path: Path) -> Installation:
    """The same repository, from another configuration."""
    source = random_tree(tmp_path / "two", files=20, seed=2)
    return install(tmp_path / "second", source, repository=first.repository)


def assert_restores(installation: Installation, snapshot: str, target: Path) -> None:
    assert installation.restore(target, snapshot).code == 0
    assert traits_of(installation.inside(target)) == traits_of(installation.source)


def test_two_backups_of_ours_at_once_both_succeed(first: Installation, second: Installation, tmp_path: Path) -> None:
    with victim(first, MEANWHILE, "--json", "run", "site") as running:
        running.await_pause()
        seconds = second.back_up()["snapshot"]
        running.resume()
        said = running.end()
    assert said.code == 0
    first.restic.check()
    assert_restores(first, said.last["snapshot"], tmp_path / "target-1")
    assert_restores(second, seconds, tmp_path / "target-2")


def test_a_backup_of_restics_in_the_midst_of_ours_succeeds(
    first: Installation, second: Installation, tmp_path: Path
) -> None:
    with victim(first, MEANWHILE, "--json", "run", "site") as running:
        running.await_pause()
        first.restic.run("backup", str(second.source), "--tag", "theirs")
        running.resume()
        said = running.end()
    assert said.code == 0
    first.restic.check()
    assert_restores(first, said.last["snapshot"], tmp_path / "target-1")
    (theirs,) = (each for each in first.snapshots() if "theirs" in each["tags"])
    assert first.restore(tmp_path / "target-2", theirs["id"]).code == 0
    assert traits_of(second.inside(tmp_path / "target-2")) == traits_of(second.source)
    first.restic.run("restore", said.last["snapshot"], "--target", str(tmp_path / "target-3"))
    assert traits_of(first.inside(tmp_path / "target-3")) == traits_of(first.source)


def test_backups_that_start_at_one_moment_all_succeed(
    first: Installation, second: Installation, tmp_path: Path
) -> None:
    started = [installation.start("--json", "run", "site") for installation in (first, second)]
    first.restic.run("backup", str(second.source))
    for process in started:
        with process:
            said = ended(process)
            assert said.code == 0, said
    first.restic.check()
    assert len(first.snapshots()) == 4
