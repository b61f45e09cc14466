"""Files that leave a snapshot without a restore."""

import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.services.looking import copies
from tests.support.estate import Estate
from tui_backup.errors import BackupError, Cancelled
from tui_backup.model.watch import Watch
from tui_backup.services.browsing.directories import Copy, directory, entry_at
from tui_backup.services.restore.handing_out import beginning, write_archive, write_file
from tui_backup.services.restore.new_files import free_path
from tui_backup.services.workspace import Workspace


@pytest.fixture
def newest(workspace: Workspace) -> Copy:
    return copies(workspace)[-1]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def inside(estate: Estate, name: str) -> bytes:
    return os.fsencode(estate.source / name)


def audited(workspace: Workspace) -> list[tuple[str, str]]:
    return [(each.verb, each.detail) for each in workspace.audit.records()[0] if each.verb == "dump"]


def test_a_file_is_written_and_nothing_is_overwritten(
    estate: Estate, workspace: Workspace, newest: Copy, out: Path
) -> None:
    target = bytes(out / "text")
    written = [write_file(workspace, newest, inside(estate, "text"), target, Watch()) for _time in range(2)]
    assert [Path(os.fsdecode(each.path)).name for each in written] == ["text", "text_1"]
    assert [path.read_text() for path in sorted(out.iterdir())] == ["three", "three"]
    assert audited(workspace)[-2][1].endswith("/text")


def test_a_dangling_link_is_not_written_through(estate: Estate, workspace: Workspace, newest: Copy, out: Path) -> None:
    (out / "text").symlink_to(out / "elsewhere")
    path = write_file(workspace, newest, inside(estate, "text"), bytes(out / "text"), Watch()).path
    assert path.endswith(b"/text_1")
    assert not (out / "elsewhere").exists()


def test_the_ending_of_a_name_stays(out: Path) -> None:
    for name in ("a.tar", "a.tar.gz"):
        (out / name).touch()
    assert free_path(bytes(out), b"a.tar").endswith(b"/a_1.tar")
    assert free_path(bytes(out), b"a.tar.gz").endswith(b"/a_1.tar.gz")


def test_one_that_is_cancelled_leaves_nothing(estate: Estate, workspace: Workspace, newest: Copy, out: Path) -> None:
    watch = Watch()
    watch.cancel.cancel()
    with pytest.raises(Cancelled):
        write_file(workspace, newest, inside(estate, "text"), bytes(out / "text"), watch)
    assert list(out.iterdir()) == []


def test_what_cannot_be_written_is_told(estate: Estate, workspace: Workspace, newest: Copy) -> None:
    with pytest.raises(BackupError, match="cannot write"):
        write_file(workspace, newest, inside(estate, "text"), bytes(estate.directory / "nowhere" / "text"), Watch())


def test_several_paths_go_into_one_archive_each_once(
    estate: Estate, workspace: Workspace, newest: Copy, out: Path
) -> None:
    target = bytes(out / "some.tar")
    paths = [inside(estate, name) for name in ("text", "deep/a", "deep")]
    path = write_archive(workspace, newest, paths, "tar", target, Watch()).path
    with tarfile.open(os.fsdecode(path)) as archive:
        names = [os.path.relpath("/" + member.name, estate.source) for member in archive]
    assert names == ["deep", "deep/a", "deep/a/b", "text"]
    assert audited(workspace)[-1][1].endswith(": ok")


@pytest.mark.usefixtures("own")
def test_what_cannot_be_read_is_left_out_and_counted(
    estate: Estate, workspace: Workspace, newest: Copy, out: Path
) -> None:
    estate.spoil("local", newest.snapshot, inside(estate, "text"))
    written = write_archive(workspace, newest, [b"/"], "zip", bytes(out / "all.zip"), Watch())
    assert written.unreadable == 1
    with zipfile.ZipFile(os.fsdecode(written.path)) as archive:
        names = [name.rpartition("source/")[2] for name in archive.namelist()]
    assert "deep/a/b" in names
    assert "text" not in names
    assert "incomplete" in audited(workspace)[-1][1]


def test_the_beginning_of_a_file_is_audited_with_what_was_read(
    estate: Estate, workspace: Workspace, newest: Copy
) -> None:
    entry = entry_at(workspace, newest, inside(estate, "text"))
    assert beginning(workspace, newest, entry, lambda _read: 2, Watch()) == b"th"
    assert beginning(workspace, newest, entry, lambda _read: 99, Watch()) == b"three"
    told = [detail.rpartition(": ")[2] for _verb, detail in audited(workspace)]
    assert (told[-3], told[-1]) == ("ok, its first 2 bytes", "ok")


@pytest.mark.usefixtures("own")
def test_a_file_is_read_though_its_pack_was_rewritten_meanwhile(
    estate: Estate, workspace: Workspace, newest: Copy
) -> None:
    entry = next(each for each in directory(workspace, newest, os.fsencode(estate.source)) if each.name == b"text")
    estate.restic("local").run("forget", copies(workspace)[0].snapshot.id)
    estate.restic("local").run("prune", "--max-unused", "0", "--repack-small")
    assert beginning(workspace, newest, entry, lambda _read: 99, Watch()) == b"three"
