"""Where what a restore replaces is kept: on its own file system, and otherwise in a snapshot."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.given import captured, given, given_dir, snapshot_of
from tests.support.instant import instant_repository, keep_alone
from tests.support.mounts import bound, read_only, tmpfs
from tests.support.trees import links_of, traits_of, write_tree
from tests.support.undoing import Mixed, UndoableRestore
from tui_backup.engine.safety_record import SafetyState
from tui_backup.errors import RestoreRefused
from tui_backup.model.run import RunStatus
from tui_backup.model.watch import Watch
from tui_backup.primitives.safety_directory import NAME, make_inside
from tui_backup.sources.files import FilesSource

OTHER = 12_345
SAFETY = os.fsdecode(NAME)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A file system that is not the one of the state."""
    with tmpfs(tmp_path / "mount") as mount:
        yield mount


def edited(tmp_path: Path, target: Path) -> UndoableRestore:
    """Return a restore that has something to replace, to change and to delete."""
    source = write_tree(tmp_path / "source", {"a": b"alpha", "b": b"beta", "d/c": b"gamma", "moded": b"moded"})
    repository = instant_repository()
    restore = UndoableRestore(target, [], tmp_path / "home")
    restore.repository, restore.snapshot = repository, keep_alone(repository, source).snapshot
    write_tree(target / "data", {"a": b"before", "later/x": b"deleted", "d": b"no directory"})
    os.link(target / "data/a", target / "data/also")
    os.symlink("nowhere", target / "data/b")
    os.mkfifo(target / "data/later/pipe")
    os.setxattr(target / "data/a", "user.a", b"kept")
    (target / "data/moded").write_bytes(b"moded")
    os.utime(target / "data/moded", ns=(7, (source / "moded").stat().st_mtime_ns))
    os.chmod(target / "data/moded", 0o600)
    os.chmod(target / "data/a", 0o4711)
    return restore


def assert_undone(restore: UndoableRestore) -> UndoableRestore:
    before, links = traits_of(restore.target), links_of(restore.target)
    result = restore.run(overwrite="always", delete=True)
    assert (result.status, restore.warnings[1:]) == (RunStatus.OK, [])
    assert (restore.target / "data/a").read_bytes() == b"alpha"
    assert restore.record.state is SafetyState.KEPT
    assert restore.undo().status is RunStatus.OK
    restore.discard()
    assert traits_of(restore.target) == before
    assert links_of(restore.target) == links
    return restore


def test_what_lies_beside_the_state_is_kept_in_it(tmp_path: Path) -> None:
    restore = edited(tmp_path, tmp_path / "target")
    restore.run(overwrite="always", delete=True)
    assert [place.above for place in restore.record.places] == [None]
    assert [path.parent for path in tmp_path.rglob(SAFETY)] == [tmp_path / "home"]


@pytest.mark.requires("tmpfs")
def test_what_lies_elsewhere_is_kept_at_the_top_of_its_file_system(tmp_path: Path, elsewhere: Path) -> None:
    restore = edited(tmp_path, elsewhere)
    restore.run(overwrite="always", delete=True)
    assert [place.above for place in restore.record.places] == [None, os.fsencode(elsewhere)]
    assert restore.record.safety_snapshot is None
    assert (elsewhere / SAFETY).stat().st_mode & 0o7777 == 0o700


@pytest.mark.requires("tmpfs")
def test_what_was_kept_elsewhere_comes_back(tmp_path: Path, elsewhere: Path) -> None:
    assert_undone(edited(tmp_path, elsewhere))
    assert not (elsewhere / SAFETY).exists()


@pytest.mark.requires("tmpfs")
def test_a_place_that_others_could_swap_is_not_used(tmp_path: Path, elsewhere: Path) -> None:
    os.chown(elsewhere, OTHER, OTHER)
    restore = edited(tmp_path, elsewhere)
    restore.run(overwrite="always", delete=True)
    assert restore.record.places[1].above == os.fsencode(elsewhere / "data")


@pytest.mark.requires("tmpfs")
def test_what_can_be_linked_nowhere_comes_back_from_a_snapshot(tmp_path: Path, elsewhere: Path) -> None:
    os.chown(elsewhere, OTHER, OTHER)
    restore = edited(tmp_path, elsewhere)
    os.chown(elsewhere / "data", OTHER, OTHER)
    assert_undone(restore)
    kept = [each for each in restore.repository.snapshots() if each.kind == "safety"]
    assert [each.paths[0] for each in kept] == ["/data/a"]


@pytest.mark.requires("tmpfs")
def test_the_undo_of_a_killed_undo_from_a_snapshot_finishes_it(tmp_path: Path, elsewhere: Path) -> None:
    for directory in (elsewhere, elsewhere / "data"):
        directory.mkdir(exist_ok=True)
        os.chown(directory, OTHER, OTHER)
    restore = edited(tmp_path, elsewhere)
    before = traits_of(elsewhere)
    restore.run(overwrite="always", delete=True)
    restore.undo()
    os.unlink(elsewhere / "data/later/x")
    assert restore.undo().status is RunStatus.OK
    assert traits_of(elsewhere) == before


@pytest.mark.requires("tmpfs")
def test_what_cannot_be_kept_is_not_replaced(tmp_path: Path, elsewhere: Path) -> None:
    os.chown(elsewhere, OTHER, OTHER)
    restore = edited(tmp_path, elsewhere)
    os.chown(elsewhere / "data", OTHER, OTHER)
    restore.repository.access.store.put = refusing
    before = traits_of(elsewhere)
    with pytest.raises(Exception, match="store"):
        restore.run(overwrite="always", delete=True)
    assert (traits_of(elsewhere), restore.record.state) == (before, SafetyState.KEEPING)


def refusing(*_arguments: object) -> None:
    from tui_backup.errors import StoreError

    raise StoreError("the store is not to be written")


@pytest.mark.requires("tmpfs")
def test_a_full_state_refuses_before_anything_is_touched(tmp_path: Path) -> None:
    from tests.support.running import fill

    restore = edited(tmp_path, tmp_path / "target")
    before = traits_of(restore.target)
    with tmpfs(tmp_path / "state", "200k") as state:
        restore.home = os.fsencode(state / "home")
        restore.prepare()
        fill(state)
        plan = restore.plan(overwrite="always", delete=True)
        with pytest.raises(RestoreRefused, match="nothing was touched"):
            restore.carry_out(plan)
        assert restore.record.state is SafetyState.KEEPING
    assert traits_of(restore.target) == before


@pytest.mark.requires("tmpfs")
def test_a_safety_place_that_is_not_mounted_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "mount").mkdir()
    with tmpfs(tmp_path / "mount") as mount:
        restore = edited(tmp_path, mount)
        restore.run(overwrite="always", delete=True)
    with pytest.raises(OSError, match="Stale"):
        restore.discard()
    with pytest.raises(RestoreRefused, match="is not there"):
        restore.plan_undo()


def make_safety_directory(directory: Path) -> None:
    directory.mkdir(exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY)
    os.close(make_inside(descriptor, b"restore"))
    os.close(descriptor)


def test_backups_and_deletions_pass_over_safety_directories_and_no_others(tmp_path: Path) -> None:
    write_tree(tmp_path / "data/theirs", {f"{SAFETY}/file": b"mine"})
    make_safety_directory(tmp_path / "data")
    paths = {entry.path for entry in FilesSource(paths=(str(tmp_path / "data"),), as_="data").entries(Watch())}
    assert b"/data/theirs/" + NAME + b"/file" in paths
    assert b"/data/" + NAME not in paths
    restore = UndoableRestore(
        tmp_path, [given_dir("/data"), given("/data/kept")], tmp_path / "home", snapshot_of("/data")
    )
    deleted = {each.path for each in restore.plan(delete=True, overwrite="always").deletions}
    assert b"/data/theirs/" + NAME + b"/file" in deleted
    assert b"/data/" + NAME not in deleted


def test_nothing_is_restored_over_a_safety_directory(tmp_path: Path) -> None:
    make_safety_directory(tmp_path / "data")
    hostile = [given_dir("/data"), given_dir(b"/data/" + NAME), given(b"/data/" + NAME + b"/CACHEDIR.TAG")]
    restore = UndoableRestore(tmp_path, hostile, tmp_path / "home", snapshot_of("/data"))
    assert restore.run(overwrite="always", delete=True).status is RunStatus.INCOMPLETE
    assert (tmp_path / "data" / SAFETY / "CACHEDIR.TAG").stat().st_size > 0
    assert (tmp_path / "data" / SAFETY / "restore").is_dir()


@pytest.mark.requires("tmpfs")
def test_a_read_only_target_is_refused_as_it_stands(tmp_path: Path) -> None:
    restore = edited(tmp_path, tmp_path / "target")
    before = traits_of(restore.target)
    with read_only(restore.target):
        result = restore.run(overwrite="always", delete=True)
        assert result.status is RunStatus.INCOMPLETE
    assert traits_of(restore.target) == before


@pytest.mark.requires("tmpfs")
def test_a_place_that_no_link_reaches_is_not_left_behind(tmp_path: Path, elsewhere: Path) -> None:
    for name in ("real", "data"):
        (elsewhere / name).mkdir()
    with bound(elsewhere / "real", elsewhere / "data"):
        restore = edited(tmp_path, elsewhere)
        before = traits_of(elsewhere)
        restore.run(overwrite="always", delete=True)
        assert [place.above for place in restore.record.places] == [None, os.fsencode(elsewhere / "data")]
        assert not (elsewhere / SAFETY).exists()
        assert restore.undo().status is RunStatus.OK
        restore.discard()
        assert traits_of(elsewhere) == before


@pytest.mark.requires("tmpfs")
def test_nothing_is_kept_in_what_is_going_to_be_deleted(tmp_path: Path, elsewhere: Path) -> None:
    write_tree(elsewhere, {"data/later/x": b"deleted", "data/a": b"same"})
    for directory in (elsewhere, elsewhere / "data"):
        os.chown(directory, OTHER, OTHER)
    restore = UndoableRestore(elsewhere, captured(os.fsencode(elsewhere)), tmp_path / "home", snapshot_of("/data"))
    restore.repository.given = [each for each in restore.repository.given if b"later" not in each.path]
    restore.repository = Mixed(restore.repository, instant_repository())
    assert restore.run(overwrite="always", delete=True).deleted == 2
    assert restore.undo().status is RunStatus.OK
    assert (elsewhere / "data/later/x").read_bytes() == b"deleted"


@pytest.mark.requires("tmpfs")
def test_what_is_replaced_is_not_counted_as_room(tmp_path: Path, elsewhere: Path) -> None:
    write_tree(elsewhere, {f"file-{number}": bytes(110_000) for number in range(10)})
    entries = [given(f"/file-{number}", content=b"x" * 110_000) for number in range(10)]
    restore = UndoableRestore(elsewhere, entries, tmp_path / "home")
    assert restore.plan(overwrite="always", undo_keep=None).fits
    assert not restore.plan(overwrite="always").fits
    assert restore.plan(overwrite="always").kept_bytes == 1_100_000


@contextmanager
def acting_as(user: int) -> Iterator[None]:
    os.setegid(user)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.mark.requires("root")
def test_what_the_system_lets_us_replace_and_not_link_comes_back_from_a_snapshot() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        restore = edited(directory, directory / "target")
        for path in (directory, *directory.rglob("*")):
            os.chown(path, OTHER, OTHER, follow_symlinks=False)
        alien = restore.target / "data/a"
        alien.unlink()
        alien.write_bytes(b"of root")
        alien.chmod(0o644)
        with acting_as(OTHER):
            assert restore.run(overwrite="always").status is RunStatus.OK
            assert alien.read_bytes() == b"alpha"
            kept = [each.paths for each in restore.repository.snapshots() if each.kind == "safety"]
            assert kept == [("/data/a",)]
            restore.undo()
        assert alien.read_bytes() == b"of root"
        assert [message for _path, message in restore.warnings] == ["restored without owner"]


@pytest.mark.requires("tmpfs")
def test_content_that_is_right_with_other_permissions_comes_back_from_a_snapshot(
    tmp_path: Path, elsewhere: Path
) -> None:
    for directory in (elsewhere, elsewhere / "data"):
        directory.mkdir(exist_ok=True)
        os.chown(directory, OTHER, OTHER)
    restore = edited(tmp_path, elsewhere)
    os.link(elsewhere / "data/moded", elsewhere / "data/moded-too")
    before, links = traits_of(elsewhere), links_of(elsewhere)
    restore.run(overwrite="always", delete=True)
    assert (elsewhere / "data/moded").stat().st_mode & 0o777 == 0o644
    assert restore.undo().status is RunStatus.OK
    assert (traits_of(elsewhere), links_of(elsewhere)) == (before, links)
