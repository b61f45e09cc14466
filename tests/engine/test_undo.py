"""Details of an undo; `test_undo_random` has the whole of it."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.support.given import given, given_dir, snapshot_of
from tests.support.trees import traits_of, write_tree
from tests.support.undoing import UndoableRestore
from tui_backup.engine.safety_record import SafetyState, discard_kept, remove_home
from tui_backup.errors import Corrupted
from tui_backup.formats.base import Landing
from tui_backup.model.entry import Entry
from tui_backup.model.run import RunStatus
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.safety_directory import NAME

SAFETY = os.fsdecode(NAME)
ENTRIES = [
    given_dir("/srv"),
    given_dir("/srv/www"),
    given("/srv/www/a", content=b"alpha"),
    given_dir("/srv/www/new"),
    given("/srv/www/new/b", content=b"beta"),
]


@pytest.fixture
def restore(tmp_path: Path) -> UndoableRestore:
    """A restore that replaces `a`, makes `new/b` and deletes `later`."""
    write_tree(tmp_path / "target/srv/www", {"a": b"before", "later": b"deleted"})
    return UndoableRestore(tmp_path / "target", ENTRIES, tmp_path / "home", snapshot_of("/srv/www"))


def run(restore: UndoableRestore) -> None:
    assert restore.run(overwrite="always", delete=True).status is RunStatus.OK


def fates(restore: UndoableRestore) -> dict[bytes, str]:
    return {item.path: item.action for item in restore.plan_undo().items()}


def test_the_plan_says_what_becomes_of_each_path(restore: UndoableRestore) -> None:
    run(restore)
    assert fates(restore) == {
        b"/srv/www": "metadata",
        b"/srv/www/a": "overwrite",
        b"/srv/www/later": "new",
        b"/srv/www/new": "delete",
        b"/srv/www/new/b": "delete",
    }
    plan = restore.plan_undo()
    assert (plan.new, plan.delete, plan.left, plan.bytes, plan.bytes_to_write) == (1, 2, 0, 13, 0)


@pytest.mark.parametrize("name", ["a", "new/b"])
def test_what_has_changed_since_is_left_and_named(restore: UndoableRestore, name: str) -> None:
    run(restore)
    mine = restore.target / "srv/www" / name
    mine.write_bytes(b"written since")
    result = restore.undo()
    assert (result.status, mine.read_bytes()) == (RunStatus.INCOMPLETE, b"written since")
    assert b"/srv/www/" + name.encode() in restore.named
    assert (restore.target / "srv/www/later").read_bytes() == b"deleted"


def test_what_was_made_since_keeps_its_directory(restore: UndoableRestore) -> None:
    run(restore)
    (restore.target / "srv/www/new/mine").write_bytes(b"mine")
    assert restore.undo().status is RunStatus.INCOMPLETE
    assert os.listdir(restore.target / "srv/www/new") == ["mine"]
    assert restore.named == [b"/srv/www/new"]


def test_what_is_gone_since_comes_back(restore: UndoableRestore) -> None:
    before = traits_of(restore.target)
    run(restore)
    (restore.target / "srv/www/a").unlink()
    (restore.target / "srv/www/new/b").unlink()
    assert restore.undo().status is RunStatus.OK
    assert traits_of(restore.target) == before


def test_a_directory_that_became_a_link_is_not_followed(restore: UndoableRestore, tmp_path: Path) -> None:
    run(restore)
    (restore.target / "srv").rename(restore.target / "moved")
    victim = write_tree(tmp_path / "victim/www", {"a": b"alpha", "new/b": b"beta"}).parent
    before = traits_of(victim)
    (restore.target / "srv").symlink_to(victim)
    assert restore.undo().status is RunStatus.INCOMPLETE
    assert traits_of(victim) == before


@pytest.mark.requires("root")
@pytest.mark.parametrize("place", ["srv/www/d", "srv/www/later"])
def test_a_directory_that_took_the_place_of_another_is_not_given_away(tmp_path: Path, place: str) -> None:
    target = tmp_path / "target"
    (target / "srv/www/d").mkdir(parents=True)
    (target / "srv/www/later").mkdir()
    os.chown(target / place, 12_345, 12_345)
    entries = [*ENTRIES[:2], given_dir("/srv/www/d")]
    restore = UndoableRestore(target, entries, tmp_path / "home", snapshot_of("/srv/www"))
    run(restore)
    if (target / place).exists():
        (target / place).rename(target / "moved")
    (target / place).mkdir(0o700)
    assert restore.undo().status is RunStatus.INCOMPLETE
    status = (target / place).stat()
    assert (status.st_uid, status.st_mode & 0o777) == (0, 0o700)
    assert restore.named == [b"/" + place.encode()]


def test_what_changes_after_the_plan_is_left(restore: UndoableRestore) -> None:
    run(restore)
    plan = restore.plan_undo()
    (restore.target / "srv/www/a").write_bytes(b"written since")
    assert restore.undo(plan).status is RunStatus.INCOMPLETE
    assert restore.named == [b"/srv/www/a"]
    assert (restore.target / "srv/www/a").read_bytes() == b"written since"


class Meddling:
    """A repository; while it is read, somebody else replaces a file."""

    def __init__(self, inner: Any, path: Path) -> None:
        self._inner, self._path = inner, path

    def extract(self, snapshot: Snapshot, files: Iterable[Entry], landing: Landing, watch: Watch) -> None:
        entries = list(files)
        beside = self._path.with_name("beside")
        beside.write_bytes(b"newer than what was kept")
        beside.rename(self._path)
        self._inner.extract(snapshot, entries, landing, watch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.mark.parametrize("name", ["a", "new/b"])
def test_what_comes_after_everything_was_kept_is_not_replaced(restore: UndoableRestore, name: str) -> None:
    place = restore.target / "srv/www" / name
    restore.repository = Meddling(restore.repository, place)
    assert restore.run(overwrite="always").status is RunStatus.INCOMPLETE
    assert place.read_bytes() == b"newer than what was kept"
    assert (b"/srv/www/" + name.encode(), "has changed since the restore was planned") in restore.warnings


def test_a_restore_that_changes_nothing_keeps_nothing(restore: UndoableRestore, tmp_path: Path) -> None:
    run(restore)
    discard_kept(restore.home, restore.record)
    remove_home(restore.home)
    restore.run(overwrite="always", delete=True)
    assert restore.record.state is SafetyState.KEEPING


def test_times_of_directories_that_only_lead_there_are_put_back(restore: UndoableRestore) -> None:
    os.utime(restore.target, ns=(5, 5))
    restore.repository.given.insert(0, given_dir("/opt"))
    restore.snapshot = snapshot_of("/srv/www", "/opt")
    run(restore)
    assert restore.target.stat().st_mtime_ns != 5
    restore.undo()
    assert restore.target.stat().st_mtime_ns == 5


def test_two_restores_are_undone_one_after_the_other(restore: UndoableRestore, tmp_path: Path) -> None:
    before = traits_of(restore.target)
    run(restore)
    between = traits_of(restore.target)
    again = UndoableRestore(
        restore.target,
        [*ENTRIES[:2], given("/srv/www/a", content=b"other")],
        tmp_path / "again",
        snapshot_of("/srv/www"),
    )
    run(again)
    assert again.undo().status is RunStatus.OK
    assert traits_of(restore.target) == between
    assert restore.undo().status is RunStatus.OK
    assert traits_of(restore.target) == before


def test_a_damaged_journal_is_an_error(restore: UndoableRestore) -> None:
    run(restore)
    Path(os.fsdecode(restore.home), "journal").write_bytes(b"[")
    with pytest.raises(Corrupted, match="journal"):
        restore.plan_undo()


def test_what_was_kept_and_is_gone_is_named(restore: UndoableRestore) -> None:
    run(restore)
    for path in Path(os.fsdecode(restore.home), SAFETY, restore.record.restore).iterdir():
        path.unlink()
    assert restore.undo().status is RunStatus.INCOMPLETE
    assert restore.named == [b"/srv/www/a", b"/srv/www/later"]
    assert (restore.target / "srv/www/a").read_bytes() == b"alpha"
