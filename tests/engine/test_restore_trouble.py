"""Restores that are killed, cancelled, short of space or short of rights."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.support.given import captured, given, given_dir
from tests.support.restoring import Restore
from tests.support.trees import random_tree, traits_of, write_tree
from tui_backup.engine.restore import execute
from tui_backup.errors import Cancelled, RestoreRefused
from tui_backup.model.entry import Entry
from tui_backup.model.run import RunStatus
from tui_backup.model.watch import Watch

PROGRAM = [sys.executable, "-m", "tests.engine.restoring_process"]
HALF_WRITTEN = "**/.*.tui-backup-*"


def test_a_killed_restore_is_completed_by_the_next(tmp_path: Path) -> None:
    source, target = random_tree(tmp_path / "source", files=30), tmp_path / "target"
    process = subprocess.Popen([*PROGRAM, source, target], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _placed in range(7):
        process.stdout.readline()
    process.kill()
    process.communicate()
    done = [path for path in target.rglob("file-*") if path.is_file()]
    assert 7 <= len(done) < 30
    restore = Restore(target, captured(os.fsencode(source)))
    assert restore.run().status is RunStatus.OK
    assert len(restore.repository.placed) == 30 - len(done)
    assert {**traits_of(target), b".": None} == {**traits_of(source), b".": None}


def test_a_restore_stops_cleanly_when_asked(tmp_path: Path) -> None:
    restore = Restore(tmp_path / "target", [given_dir("/d"), *(given(f"/d/{name}", content=b"x") for name in "abc")])
    plan, watch = restore.plan(), Watch()

    def cancel_at_b(entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if entry.path == b"/d/b":
                watch.cancel.cancel()
            yield entry

    given_entries = restore.repository.entries
    restore.repository.entries = lambda *arguments: cancel_at_b(given_entries(*arguments))
    with pytest.raises(Cancelled):
        execute(plan, restore.repository, watch)
    assert os.listdir(restore.target / "d") == ["a"]


@pytest.mark.requires("tmpfs")
def test_a_disk_that_fills_up_stops_the_restore_and_nothing_is_half_there(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", tmp_path], check=True)
    try:
        restore = Restore(tmp_path, [given(f"/{name}", content=b"x" * 300_000) for name in "abcd"])
        plan = restore.plan(exclude=("d",))
        (tmp_path / "other").write_bytes(bytes(400_000))
        with pytest.raises(RestoreRefused, match="no space"):
            restore.run(plan)
        assert sorted(os.listdir(tmp_path)) == ["a", "b", "other"]
        assert not restore.plan().fits
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.requires("tmpfs")
def test_inodes_that_run_out_are_seen_beforehand(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=10", "none", tmp_path], check=True)
    try:
        plan = Restore(tmp_path, [given(f"/{name}", content=b"x") for name in "abcdefghijk"]).plan()
        assert not plan.fits
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A directory that everybody may enter."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield Path(directory)


@pytest.mark.requires("root")
def test_somebody_without_rights_restores_what_they_may(open_to_all: Path) -> None:
    source, target = random_tree(open_to_all / "source", files=5), open_to_all / "target"
    (source / "closed").mkdir(0o500)
    (source / "directory-1/file-1").chmod(0o4755)
    os.setxattr(source / "directory-1/file-1", b"user.a", b"1")
    target.mkdir()
    os.chown(target, 65534, 65534)
    process = subprocess.run([*PROGRAM, source, target, "65534"], capture_output=True, text=True, check=True)
    assert (process.stdout.splitlines()[-1], process.stderr) == ("ok 11", "")
    wanted = {path: traits._replace(owner=(65534, 65534)) for path, traits in traits_of(source).items()}
    wanted[b"directory-1/file-1"] = wanted[b"directory-1/file-1"]._replace(mode=0o755)
    assert {**traits_of(target), b".": None} == {**wanted, b".": None}


@pytest.mark.requires("root")
def test_a_directory_without_write_permission_is_completed_all_the_same(open_to_all: Path) -> None:
    source, target = open_to_all / "source", open_to_all / "target"
    write_tree(source, {"closed/a": b"1", "closed/b": b"2"})
    (source / "closed").chmod(0o555)
    target.mkdir()
    os.chown(target, 65534, 65534)
    subprocess.run([*PROGRAM, source, target, "65534"], capture_output=True, check=True)
    (target / "closed/a").unlink()
    process = subprocess.run([*PROGRAM, source, target, "65534"], capture_output=True, text=True, check=True)
    assert process.stdout.splitlines()[-1] == "ok 1"
    assert stat.S_IMODE((target / "closed").stat().st_mode) == 0o555
