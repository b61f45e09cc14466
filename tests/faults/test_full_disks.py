"""Disks that are full: under the repository, under the state, at the target of a restore."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import copy_of
from tests.support.killing import Moment
from tests.support.mounts import tmpfs
from tests.support.programs import Installation, install
from tests.support.running import fill
from tests.support.trees import random_tree, traits_of
from tests.support.victims import Doom, victim

pytestmark = pytest.mark.requires("tmpfs")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with tmpfs(tmp_path / "disk", "1m", inodes=2000) as disk:
        yield disk


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two megabytes."""
    return random_tree(tmp_path_factory.mktemp("large") / "source", files=100, largest=200_000)


@pytest.mark.requires("restic")
def test_a_repository_without_room_is_named_and_unharmed(source: Path, small_disk: Path, tmp_path: Path) -> None:
    installation = install(tmp_path / "installation", source, repository=small_disk / "repository")
    said = installation.call("run", "site")
    assert said.code == 1
    assert f"cannot write {small_disk}/repository/data/" in said.err
    assert "No space left on device" in said.err
    assert "hint: free some megabytes there" in said.err
    assert installation.snapshots() == []
    assert installation.locks() == installation.leftovers() == []
    installation.restic.check()
    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    assert installation.back_up()["status"] == "ok"
    installation.restic.check()


def test_a_repository_without_room_for_a_lock_is_named(small_source: Path, small_disk: Path, tmp_path: Path) -> None:
    installation = install(tmp_path / "installation", small_source, repository=small_disk / "repository")
    installation.back_up()
    fill(small_disk)
    said = installation.call("run", "site")
    assert said.code == 1
    assert f"cannot write {small_disk}/repository/locks/" in said.err
    assert installation.leftovers() == []
    (small_disk / "filler").unlink()
    assert installation.back_up()["status"] == "ok"


def test_a_state_directory_without_room_costs_a_warning(small_source: Path, small_disk: Path, tmp_path: Path) -> None:
    installation = install(tmp_path / "installation", small_source, state=small_disk / "state")
    installation.back_up()
    fill(small_disk)
    said = installation.call("--json", "run", "site")
    assert (said.code, said.last["status"]) == (0, "ok"), said
    assert any(str(small_disk) in event["message"] for event in said.events if event["type"] == "warning")
    (small_disk / "filler").unlink()
    assert len(installation.snapshots()) == 2


def test_a_target_without_room_is_seen_before_the_first_byte(
    backed_up: Installation, small_disk: Path, tmp_path: Path
) -> None:
    installation = copy_of(backed_up, tmp_path / "installation")
    fill(small_disk)
    said = installation.restore(small_disk / "target")
    assert said.code == 1
    assert "not enough space at the target" in said.err
    assert not (small_disk / "target").exists()


def test_a_target_that_fills_up_keeps_whole_files_only(
    backed_up: Installation, small_disk: Path, tmp_path: Path
) -> None:
    installation = copy_of(backed_up, tmp_path / "installation")
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    target = small_disk / "target"
    arguments = ("restore", "latest", "--target", str(target), "--yes")
    with victim(installation, Doom(Moment.PLACING, 20, whom="nobody"), *arguments) as running:
        running.await_pause()
        fill(small_disk)
        running.resume()
        said = running.end()
    assert said.code == 1
    assert "no space left at the target" in said.err
    assert installation.locks() == []
    inside = installation.inside(target)
    for path in inside.rglob("file-*"):
        assert path.read_bytes() == (installation.source / path.relative_to(inside)).read_bytes()
    (small_disk / "filler").unlink()
    assert installation.restore(target).code == 0
    assert traits_of(inside) == traits_of(installation.source)
    assert list(target.rglob(".*.tui-backup-*")) == []
