"""SIGKILL of the program and all its processes at every store operation of a backup."""

import shutil
from pathlib import Path

import pytest

from tests.faults.conftest import copy_of
from tests.support.killing import Moment
from tests.support.programs import Installation, install
from tests.support.repositories import open_repository, put_back
from tests.support.restic import Restic
from tests.support.trees import traits_of, write_tree
from tests.support.victims import Doom, Remains, slay, slay_at_every

pytestmark = pytest.mark.requires("restic")

MOMENTS = (Moment.BEFORE, Moment.HALFWAY, Moment.AFTER)
WRITES = {"put locks", "put data", "put index", "put snapshots"}


def assert_restic_finds_no_harm(installation: Installation) -> None:
    """Let restic look at a copy of what is left."""
    left = installation.directory / "left"
    shutil.copytree(installation.repository, left)
    restic = Restic(left)
    restic.run("unlock")
    restic.check()


def assert_the_next_run_needs_no_help(installation: Installation) -> None:
    """Back up again as if nothing had happened, and restore it."""
    done = installation.back_up()
    assert installation.leftovers() == []
    assert installation.locks() == []
    repository = open_repository(installation.repository)
    (snapshot,) = (each for each in repository.snapshots() if each.id == done["snapshot"])
    restored = put_back(repository, snapshot, installation.directory / "restored")
    assert traits_of(restored) == traits_of(installation.source)


def first_run(directory: Path, source: Path, doom: Doom) -> Remains:
    installation = install(directory, source)
    remains = slay(installation, doom, "run", "site")
    if (installation.repository / "config").exists():
        assert_restic_finds_no_harm(installation)
    assert_the_next_run_needs_no_help(installation)
    shutil.rmtree(directory)
    return remains


def later_run(directory: Path, source: Path, base: Installation, doom: Doom) -> Remains:
    installation = copy_of(base, directory, source)
    remains = slay(installation, doom, "run", "site")
    assert_restic_finds_no_harm(installation)
    assert_the_next_run_needs_no_help(installation)
    shutil.rmtree(directory)
    return remains


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_first_run_can_be_killed_at_any_operation(moment: Moment, tmp_path: Path, small_source: Path) -> None:
    deaths = slay_at_every(moment, lambda doom: first_run(tmp_path / str(doom.number), small_source, doom))
    assert {each.last for each in deaths} >= WRITES | {"put keys", "put config"}
    assert any(len(each.groups) == 2 for each in deaths)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_later_run_can_be_killed_at_any_operation(moment: Moment, tmp_path: Path, backed_up: Installation) -> None:
    source = tmp_path / "source"
    shutil.copytree(backed_up.source, source)
    write_tree(source, {"directory-1/new": b"new", "directory-2/file-2": b"changed"})
    deaths = slay_at_every(moment, lambda doom: later_run(tmp_path / str(doom.number), source, backed_up, doom))
    assert {each.last for each in deaths} >= WRITES
