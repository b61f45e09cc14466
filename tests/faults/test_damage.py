"""Damage anywhere in a repository is found and named, and never restored."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import copy_of
from tests.support.damage import Restored, Specimen, telling_bits
from tests.support.faulty import flipped
from tests.support.programs import Installation
from tests.support.repositories import open_repository, opening
from tui_backup.errors import Corrupted, WrongPassword
from tui_backup.formats.base import Subset
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.watch import Watch

EVERYTHING = Subset()


def problems_of(repository: ResticRepository) -> list[Problem]:
    proof = repository.verify((), EVERYTHING, Watch())
    return [problem for problem in proof.problems if not problem.hint]


def test_a_whole_repository_has_no_problems(specimen: Specimen) -> None:
    assert problems_of(specimen.opened()) == []


@pytest.mark.parametrize("kind", ["data", "index", "snapshots", "keys"])
def test_a_flipped_bit_is_found_wherever_it_is(specimen: Specimen, kind: str) -> None:
    for key in specimen.keys_of(kind):
        for bit in telling_bits(specimen, key, chosen=40):
            damaged = {**specimen.objects, key: flipped(specimen.objects[key], bit)}
            found = problems_of(specimen.opened(damaged))
            assert any(problem.object in {key, key.rpartition("/")[2]} for problem in found), (key, bit, found)


@pytest.mark.parametrize("kind", ["config", "keys"])
def test_a_flipped_bit_in_what_opens_a_repository_keeps_it_shut(specimen: Specimen, kind: str) -> None:
    (key,) = specimen.keys_of(kind)
    for bit in telling_bits(specimen, key, chosen=10):
        damaged = {**specimen.objects, key: flipped(specimen.objects[key], bit)}
        with pytest.raises((Corrupted, WrongPassword)) as caught:
            open_repository(specimen.store(damaged))
        assert "damaged" in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("kind", ["data", "index", "snapshots"])
def test_a_flipped_bit_is_never_restored(specimen: Specimen, kind: str, tmp_path: Path) -> None:
    newest = list(specimen.trees)[-1]
    for key in specimen.keys_of(kind):
        for bit in telling_bits(specimen, key, chosen=3):
            damaged = {**specimen.objects, key: flipped(specimen.objects[key], bit)}
            Restored(specimen, specimen.opened(damaged), newest, tmp_path / str(bit)).assert_nothing_wrong_in_silence()


Damage = Callable[[Specimen], dict[str, bytes | None]]
"""Returns key -> content of the objects that are changed, None where they are gone."""


def cut_short(specimen: Specimen) -> dict[str, bytes | None]:
    (pack,) = specimen.packs_of(BlobType.DATA, added=True)
    return {pack: specimen.objects[pack][:-1]}


def emptied(specimen: Specimen) -> dict[str, bytes | None]:
    return dict.fromkeys(specimen.packs_of(BlobType.DATA, added=True), b"")


def gone(specimen: Specimen) -> dict[str, bytes | None]:
    return dict.fromkeys(specimen.packs_of(BlobType.DATA, added=True))


def swapped(specimen: Specimen) -> dict[str, bytes | None]:
    (pack,) = specimen.packs_of(BlobType.DATA, added=True)
    (other,) = specimen.packs_of(BlobType.DATA, added=False)
    return {pack: specimen.objects[other], other: specimen.objects[pack]}


def index_emptied(specimen: Specimen) -> dict[str, bytes | None]:
    return {specimen.keys_of("index")[-1]: b""}


def index_gone(specimen: Specimen) -> dict[str, bytes | None]:
    return {specimen.keys_of("index")[-1]: None}


def trees_gone(specimen: Specimen) -> dict[str, bytes | None]:
    return dict.fromkeys(specimen.packs_of(BlobType.TREE, added=True))


def damaged_by(damage: Damage, specimen: Specimen) -> dict[str, bytes]:
    objects = {**specimen.objects, **damage(specimen)}
    return {key: content for key, content in objects.items() if content is not None}


@pytest.mark.parametrize("damage", [cut_short, emptied, gone])
def test_a_broken_pack_is_named_with_the_snapshot_and_the_path_that_need_it(specimen: Specimen, damage: Damage) -> None:
    _first, second = specimen.trees
    found = problems_of(specimen.opened(damaged_by(damage, specimen)))
    assert specimen.packs_of(BlobType.DATA, added=True)[0] in {problem.object for problem in found}
    for problem in found:
        assert (problem.snapshots, problem.paths) == ((second,), (specimen.added.encode(),))


def test_packs_that_changed_places_are_both_named_with_all_that_need_them(specimen: Specimen) -> None:
    first, second = specimen.trees
    found = problems_of(specimen.opened(damaged_by(swapped, specimen)))
    touched = {(problem.object, problem.snapshots) for problem in found}
    assert (specimen.packs_of(BlobType.DATA, added=True)[0], (second,)) in touched
    assert (specimen.packs_of(BlobType.DATA, added=False)[0], (first, second)) in touched
    assert all(problem.snapshots and problem.paths for problem in found)


@pytest.mark.parametrize("damage", [index_emptied, index_gone, trees_gone])
def test_lost_trees_are_named_with_the_snapshot_that_needs_them(specimen: Specimen, damage: Damage) -> None:
    _first, second = specimen.trees
    found = problems_of(specimen.opened(damaged_by(damage, specimen)))
    assert {problem.snapshots for problem in found if problem.kind is not ProblemKind.INDEX} == {(second,)}
    assert all(b"/" in problem.paths for problem in found if problem.kind is ProblemKind.TREE)


def test_an_index_that_is_no_index_is_named(specimen: Specimen) -> None:
    key = specimen.keys_of("index")[-1]
    found = problems_of(specimen.opened(damaged_by(index_emptied, specimen)))
    assert (ProblemKind.INDEX, key) in {(problem.kind, problem.object) for problem in found}


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 200])
def test_a_snapshot_that_is_none_is_named(specimen: Specimen, content: bytes) -> None:
    key = specimen.keys_of("snapshots")[0]
    (problem,) = problems_of(specimen.opened({**specimen.objects, key: content}))
    assert (problem.kind, problem.object) == (ProblemKind.SNAPSHOT, key)


def test_an_open_repository_notices_a_snapshot_that_breaks(specimen: Specimen) -> None:
    store = specimen.store()
    repository = ResticRepository(opening(store), specimen.config, specimen.keys)
    assert problems_of(repository) == []
    key = specimen.keys_of("snapshots")[0]
    store.put(key, flipped(specimen.objects[key]))
    assert [problem.object for problem in problems_of(repository)] == [key]


@pytest.mark.parametrize("damage", [cut_short, emptied, gone, swapped, index_emptied, index_gone, trees_gone])
def test_what_is_left_of_a_broken_repository_is_restored_and_the_rest_is_named(
    specimen: Specimen, damage: Damage, tmp_path: Path
) -> None:
    repository = specimen.opened(damaged_by(damage, specimen))
    for number, snapshot in enumerate(specimen.trees):
        Restored(specimen, repository, snapshot, tmp_path / str(number)).assert_nothing_wrong_in_silence()


@pytest.mark.parametrize("kind", ["data", "index", "snapshots", "keys", "config"])
def test_the_program_tells_of_a_flipped_bit_with_exit_1(backed_up: Installation, kind: str, tmp_path: Path) -> None:
    installation = copy_of(backed_up, tmp_path / "installation")
    place = next(path for path in sorted(installation.repository.rglob("*")) if kind in path.parts and path.is_file())
    place.chmod(0o600)
    place.write_bytes(flipped(place.read_bytes(), 100))
    said = installation.call("--json", "verify", "--read-data")
    assert said.code == 1
    assert place.name[:8] in said.out + said.err
