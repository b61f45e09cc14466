import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.given import given, given_dir, snapshot_of
from tests.support.restoring import Restore
from tests.support.trees import traits_of, write_tree
from tui_backup.errors import RestoreRefused
from tui_backup.model.run import RunStatus
from tui_backup.model.snapshot import SnapshotStatus
from tui_backup.sources.files import FilesSource

ENTRIES = [
    given_dir("/srv"),
    given_dir("/srv/www"),
    given("/srv/www/a", content=b"alpha"),
    given_dir("/srv/www/d"),
    given("/srv/www/d/b", content=b"beta"),
]


def restored(tmp_path: Path, *paths: str, **fields: object) -> Restore:
    """Return a restore that was run once, so that only what a test adds is unknown."""
    restore = Restore(tmp_path, ENTRIES, snapshot_of(*(paths or ("/srv/www",)), **fields))
    restore.run()
    return restore


def test_delete_removes_what_the_snapshot_does_not_have(tmp_path: Path) -> None:
    restore = restored(tmp_path)
    before = traits_of(tmp_path)
    write_tree(tmp_path / "srv/www", {"new": b"1", "d/new": b"2", "x/y/z": b"3"})
    plan = restore.plan(delete=True, overwrite="always")
    deleted = {b"/srv/www/new", b"/srv/www/d/new", b"/srv/www/x/y/z", b"/srv/www/x/y", b"/srv/www/x"}
    assert {deletion.path for deletion in plan.deletions} == deleted
    result = restore.run(plan)
    assert (result.status, result.deleted, plan.delete) == (RunStatus.OK, 5, 5)
    assert {**traits_of(tmp_path), b".": None} == {**before, b".": None}


def test_delete_stays_below_the_roots_of_the_snapshot(tmp_path: Path) -> None:
    restore = restored(tmp_path)
    write_tree(tmp_path, {"srv/neighbour": b"", "etc/passwd": b""})
    assert restore.plan(delete=True).deletions == ()


def test_without_delete_nothing_is_deleted(tmp_path: Path) -> None:
    restore = restored(tmp_path)
    write_tree(tmp_path, {"srv/www/new": b""})
    assert restore.plan(overwrite="always").deletions == ()


@pytest.mark.parametrize("pattern", ["*.log", "/logs", "logs/", "/srv/www/logs"])
@pytest.mark.parametrize("whose", ["snapshot", "job", "restore"])
def test_delete_spares_what_was_left_out(tmp_path: Path, pattern: str, whose: str) -> None:
    if whose == "restore" and pattern == "/logs":
        pattern = "/srv/www/logs"
    restore = restored(tmp_path, excludes=(pattern,) if whose == "snapshot" else ())
    write_tree(tmp_path, {"srv/www/logs/a.log": b"kept", "srv/www/other": b""})
    options = {"job": {"spared": (pattern,)}, "restore": {"exclude": (pattern,)}}.get(whose, {})
    plan = restore.plan(delete=True, **options)
    assert [deletion.path for deletion in plan.deletions] == [b"/srv/www/other"]


@pytest.mark.parametrize(
    "options",
    [
        {"exclude_if_present": (".nobackup",)},
        {"exclude_caches": True},
        {"exclude_larger_than": "10"},
        {"as_": "www", "exclude": ("/opt/www/d/kept", "/opt/www/x/y/kept")},
    ],
    ids=min,
)
def test_delete_spares_what_the_job_leaves_out_for_other_reasons(tmp_path: Path, options: dict[str, Any]) -> None:
    restore = restored(tmp_path)
    tag = b"Signature: 8a477f597d28d172789f06886806bc55"
    marked = {".nobackup": b"", "CACHEDIR.TAG": tag, "kept": b"more than ten bytes"}
    files = {f"srv/www/{where}/{name}": content for where in ("d", "x/y") for name, content in marked.items()}
    write_tree(tmp_path, {**files, "srv/www/other": b"", "srv/www/x/other": b""})
    rules = FilesSource(paths=("/opt/www",), **options).rules()
    assert restore.run(delete=True, overwrite="always", rules=rules).status is RunStatus.OK
    assert {path.parent.name for path in tmp_path.rglob("kept")} == {"d", "y"}
    assert list(tmp_path.rglob("other")) == []


def test_delete_spares_what_is_protected_under_any_name(tmp_path: Path) -> None:
    restore = restored(tmp_path)
    write_tree(tmp_path, {"srv/www/repository/config": b"", "srv/www/keys/key": b"", "srv/www/other": b""})
    (tmp_path / "alias").symlink_to("srv/www/keys")
    protected = (os.fsencode(tmp_path / "srv/www/repository"), os.fsencode(tmp_path / "alias/key"))
    plan = restore.plan(delete=True, protected=protected)
    assert [deletion.path for deletion in plan.deletions] == [b"/srv/www/other"]


def test_delete_follows_no_link(tmp_path: Path) -> None:
    restore = restored(tmp_path / "target")
    write_tree(tmp_path, {"victim/file": b"precious"})
    (tmp_path / "target/srv/www/link").symlink_to(tmp_path / "victim")
    assert restore.run(delete=True, overwrite="always").deleted == 1
    assert (tmp_path / "victim/file").exists()


def test_delete_only_takes_what_was_included(tmp_path: Path) -> None:
    restore = restored(tmp_path)
    write_tree(tmp_path, {"srv/www/new": b"", "srv/www/d/new": b""})
    plan = restore.plan(delete=True, include=("/srv/www/d",))
    assert [deletion.path for deletion in plan.deletions] == [b"/srv/www/d/new"]


def test_what_changed_since_the_plan_is_not_deleted(tmp_path: Path) -> None:
    restore = restored(tmp_path)
    write_tree(tmp_path, {"srv/www/new": b"", "srv/www/x/y": b""})
    plan = restore.plan(delete=True, overwrite="always")
    write_tree(tmp_path, {"srv/www/new": b"changed", "srv/www/x/z": b""})
    result = restore.run(plan)
    assert (result.status, result.deleted) == (RunStatus.INCOMPLETE, 1)
    assert set(restore.named) == {b"/srv/www/new", b"/srv/www/x"}


def test_nothing_is_deleted_when_something_failed(tmp_path: Path) -> None:
    restore = Restore(tmp_path, [given_dir("/d"), given("/d/a", content=b"four", size=5)], snapshot_of("/d"))
    write_tree(tmp_path, {"d/new": b""})
    assert restore.run(delete=True, overwrite="always").deleted == 0
    assert (tmp_path / "d/new").exists()


def test_an_incomplete_snapshot_deletes_nothing(tmp_path: Path) -> None:
    restore = restored(tmp_path, status=SnapshotStatus.INCOMPLETE)
    with pytest.raises(RestoreRefused, match="incomplete"):
        restore.plan(delete=True)


def test_nothing_is_deleted_at_the_root_of_the_system() -> None:
    with pytest.raises(RestoreRefused, match="/ itself"):
        Restore(Path("/"), [], snapshot_of("/")).plan(delete=True)


@pytest.mark.requires("tmpfs")
def test_delete_stays_on_its_file_system(tmp_path: Path) -> None:
    import subprocess

    restore = restored(tmp_path)
    mount = tmp_path / "srv/www/mount"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", mount], check=True)
    try:
        write_tree(mount, {"file": b""})
        assert restore.plan(delete=True).deletions == ()
    finally:
        subprocess.run(["umount", mount], check=True)
