"""SIGKILL of the program and all its processes at every store operation of a restore, and at every placed file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import assert_restic_finds_no_harm, copy_of, few_files, shape_of
from tests.support.killing import Moment
from tests.support.programs import Installation
from tests.support.trees import traits_of
from tests.support.victims import Doom, Remains, slay, slay_at_every

Die = Callable[[Doom], Remains]

HALF_WRITTEN = ".*.tui-backup-*"


def dying_restores(base: Installation, directory: Path) -> Die:
    """Return a scene: a restore dies, and what stands under a final name is whole.

    Then the same restore completes it: once for every set of files that is left, the locks and the state counted.
    """
    seen: set[tuple[str, ...]] = set()

    def die(doom: Doom) -> Remains:
        installation = copy_of(base, directory / f"{doom.moment}-{doom.number}")
        target = installation.directory / "target"
        remains = slay(installation, doom, "restore", "latest", "--target", str(target), "--yes")
        assert_no_file_is_half(installation, target)
        left = shape_of(installation.directory, installation.repository, installation.state, target)
        if left not in seen:
            seen.add(left)
            assert_the_same_restore_completes(installation, target)
        return remains

    return die


def assert_the_same_restore_completes(installation: Installation, target: Path) -> None:
    assert installation.restore(target).code == 0
    assert traits_of(installation.inside(target)) == traits_of(installation.source)
    assert list(target.rglob(HALF_WRITTEN)) == []
    assert installation.locks() == []


def assert_no_file_is_half(installation: Installation, target: Path) -> None:
    inside = installation.inside(target)
    for path in inside.rglob("file-*"):
        assert path.read_bytes() == (installation.source / path.relative_to(inside)).read_bytes()


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A few files of one snapshot."""
    directory = tmp_path_factory.mktemp("few")
    return few_files(directory)


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.HALFWAY, Moment.AFTER])
def test_a_restore_can_be_killed_at_any_operation_of_its_store(
    moment: Moment, few: Installation, tmp_path: Path
) -> None:
    deaths = slay_at_every(moment, dying_restores(few, tmp_path))
    assert {each.last for each in deaths} >= {"put locks"}


@pytest.mark.requires("restic")
def test_a_killed_restore_leaves_a_repository_that_restic_finds_whole(few: Installation, tmp_path: Path) -> None:
    installation = copy_of(few, tmp_path / "installation")
    doom = Doom(Moment.PLACED_HALF, 1)
    assert slay(installation, doom, "restore", "latest", "--target", str(tmp_path / "target"), "--yes").was_killed
    assert_restic_finds_no_harm(installation)


@pytest.mark.parametrize("moment", [Moment.PLACING, Moment.PLACED_HALF, Moment.PLACED])
def test_a_restore_can_be_killed_at_any_file(moment: Moment, few: Installation, tmp_path: Path) -> None:
    deaths = slay_at_every(moment, dying_restores(few, tmp_path))
    assert len(deaths) == (3 if moment is Moment.PLACED_HALF else 4)


@pytest.mark.parametrize("number", [1, 2, 100, 250])
def test_a_restore_of_several_processes_can_be_killed_at_any_file(
    number: int, backed_up: Installation, tmp_path: Path
) -> None:
    remains = dying_restores(backed_up, tmp_path)(Doom(Moment.PLACED_HALF, number))
    assert remains.was_killed
    assert len(remains.groups) == 2
