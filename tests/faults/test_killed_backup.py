"""SIGKILL of the program and all its processes at every store operation of a backup."""

import shutil
from pathlib import Path

import pytest

from tests.faults.conftest import assert_restic_finds_no_harm, copy_of, shape_of
from tests.support.killing import Moment
from tests.support.programs import Installation, install
from tests.support.repositories import open_repository, put_back
from tests.support.trees import traits_of, write_tree
from tests.support.victims import Doom, Remains, slay, slay_at_every

pytestmark = pytest.mark.requires("restic")

WRITES = {"put locks", "put data", "put index", "put snapshots"}


class Coroner:
    """Judges what dead runs leave behind.

    That comes in few shapes: which kinds of files there are, and which of them are half written. One repository of
    each shape is shown to restic; one of each shape of repository and state is left to the next run of ours, which must
    go well without help, tidy up, and make a snapshot that restores.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[Path, tuple[str, ...]]] = set()

    def judge(self, installation: Installation, remains: Remains) -> Remains:
        if self._is_new(installation, installation.repository) and (installation.repository / "config").exists():
            assert_restic_finds_no_harm(installation)
        if self._is_new(installation, installation.repository, installation.state):
            done = installation.back_up()
            assert installation.leftovers() == []
            assert installation.locks() == []
            assert_restores(installation, done["snapshot"])
        shutil.rmtree(installation.directory)
        return remains

    def _is_new(self, installation: Installation, *places: Path) -> bool:
        shape = installation.source, shape_of(installation.directory, *places)
        is_new = shape not in self._seen
        self._seen.add(shape)
        return is_new


def assert_restores(installation: Installation, snapshot: str) -> None:
    repository = open_repository(installation.repository)
    (found,) = (each for each in repository.snapshots() if each.id == snapshot)
    restored = put_back(repository, found, installation.directory / "restored")
    assert traits_of(restored) == traits_of(installation.source)


@pytest.fixture(scope="module")
def changed_source(small_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("changed") / "source"
    shutil.copytree(small_source, source)
    return write_tree(source, {"directory-1/new": b"new", "directory-0/file-2": b"changed"})


@pytest.fixture(scope="module")
def coroner() -> Coroner:
    return Coroner()


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.HALFWAY, Moment.AFTER])
def test_a_first_run_can_be_killed_at_any_operation(
    moment: Moment, coroner: Coroner, tmp_path: Path, small_source: Path
) -> None:
    def die(doom: Doom) -> Remains:
        installation = install(tmp_path / str(doom.number), small_source)
        return coroner.judge(installation, slay(installation, doom, "run", "site"))

    deaths = slay_at_every(moment, die)
    assert {each.last for each in deaths} >= WRITES | {"put keys", "put config"}
    assert any(len(each.groups) == 2 for each in deaths)


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.HALFWAY])
def test_a_later_run_can_be_killed_at_any_operation(
    moment: Moment, coroner: Coroner, tmp_path: Path, backed_up: Installation, changed_source: Path
) -> None:
    def die(doom: Doom) -> Remains:
        installation = copy_of(backed_up, tmp_path / str(doom.number), changed_source)
        return coroner.judge(installation, slay(installation, doom, "run", "site"))

    assert {each.last for each in slay_at_every(moment, die)} >= WRITES
