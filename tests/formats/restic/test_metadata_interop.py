"""Everything that a file system knows, through our hands and restic's, in both directions."""

import os
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.repositories import keep, new_repository, open_repository, put_back
from tests.support.restic import Restic
from tests.support.trees import traits_of
from tui_backup.formats.base import Subset
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.watch import Watch

pytestmark = [pytest.mark.requires("restic"), pytest.mark.requires("root")]

TIME = 1_700_000_000_123_456_789
ODD_NAMES = [
    b"line\nbreak", b'"quoted"', b"back\\slash", b"\xff\xfe\x80", "\u2028\u200b\u00a0".encode(), b"<&>", b"-rf", b" ",
    b"\x01\x1b[31m\x7f", "\ufffd".encode(), "\U0001f600".encode(), b"x" * 255, b"directory.txt", b"*?[]", b"...",
]  # fmt: skip


def write(path: bytes, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with one of everything."""
    root = tmp_path / "srv"
    (root / "directory" / "empty").mkdir(parents=True)
    top = bytes(root)
    for number, name in enumerate(ODD_NAMES):
        write(top + b"/" + name, b"content %d" % number)
    os.mkdir(top + b"/directory/\xfe odd\n")
    write(top + b"/directory/\xfe odd\n/inner", b"inner")
    write(top + b"/nothing", b"")
    write(top + b"/large", os.urandom(2_500_000))
    write(top + b"/directory/first", b"linked")
    os.link(top + b"/directory/first", top + b"/second")
    os.link(top + b"/directory/first", top + b"/directory/\xfe odd\n/third")
    os.link(top + b"/nothing", top + b"/directory/nothing too")
    with (root / "sparse").open("wb") as sparse:
        sparse.truncate(12_000_000)
        sparse.seek(5_000_000)
        sparse.write(b"island")
    os.symlink("directory/../large", top + b"/link")
    os.symlink("/nowhere/at all", top + b"/dangling")
    os.mkfifo(top + b"/pipe")
    os.mknod(top + b"/block", stat.S_IFBLK, os.makedev(259, 1048575))
    os.mknod(top + b"/char", stat.S_IFCHR, os.makedev(1, 3))
    for number, mode in enumerate([0o4755, 0o2755, 0o1644, 0o7777, 0o000, 0o400, 0o6711]):
        write(top + b"/mode-%d" % number, b"#!")
        os.chown(top + b"/mode-%d" % number, 1000 + number, 2000 + number)
        os.chmod(top + b"/mode-%d" % number, mode)
    os.lchown(top + b"/link", 1234, 2345)
    os.chown(top + b"/directory", 4_000_000_000, 4_000_000_001)
    os.chmod(top + b"/directory", 0o2750)
    os.chmod(top + b"/directory/empty", 0o1777)
    os.setxattr(top + b"/large", "user.\u00e9", bytes(range(256)))
    os.setxattr(top + b"/large", "user.nothing", b"")
    os.setxattr(top + b"/directory", "user.colour", b"blue")
    os.setxattr(top + b"/large", "trusted.secret", b"root only")
    for number, path in enumerate([*sorted(traits_of(top), reverse=True)]):
        time = TIME + number * 1_000_000_007
        os.utime(os.path.join(top, path), ns=(time, time), follow_symlinks=False)
    return root


def linked(root: Path) -> set[frozenset[bytes]]:
    """Return the groups of names that are one file."""
    groups: dict[int, set[bytes]] = {}
    for directory, _directories, files in os.walk(bytes(root)):
        for name in files:
            path = os.path.join(directory, name)
            groups.setdefault(os.lstat(path).st_ino, set()).add(os.path.relpath(path, bytes(root)))
    return {frozenset(group) for group in groups.values() if len(group) > 1}


def allocated(path: Path) -> int:
    return path.stat().st_blocks * 512


def in_place(root: Path, below: Path) -> Path:
    return below / str(root).lstrip("/")


def summary_of(restic: Restic, tree: Path, *arguments: str) -> dict[str, Any]:
    """Let restic back a directory up; return what it counted."""
    summary: dict[str, Any] = restic.lines("backup", "--host", "web1", *arguments, str(tree))[-1]
    return summary


def proven(repository: ResticRepository) -> bool:
    return repository.verify([], Subset(), Watch()).problems == ()


def change(tree: Path) -> None:
    (tree / "large").write_bytes(b"small by now")
    (tree / "mode-0").chmod(0o600)
    (tree / "later").write_bytes(b"new")
    (tree / "link").unlink()
    os.setxattr(tree / "second", "user.colour", b"red")
    (tree / "directory" / "empty").rmdir()


def test_restic_puts_back_all_that_we_keep(tree: Path, tmp_path: Path) -> None:
    kept = keep(new_repository(tmp_path / "repository"), tree)
    restic = Restic(tmp_path / "repository")
    restic.check()
    restic.run("restore", kept.snapshot.id, "--target", str(tmp_path / "back"))
    assert traits_of(in_place(tree, tmp_path / "back")) == traits_of(tree)
    assert linked(in_place(tree, tmp_path / "back")) == linked(tree)
    assert len(linked(tree)) == 2


def test_restic_puts_back_our_second_backup_too(tree: Path, tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repository")
    keep(repository, tree)
    change(tree)
    second = keep(repository, tree)
    linked_names = 3
    assert (second.tally.files_new, second.tally.files_changed) == (1, 2 + linked_names)
    restic = Restic(tmp_path / "repository")
    restic.check()
    restic.run("restore", second.snapshot.id, "--target", str(tmp_path / "back"))
    assert traits_of(in_place(tree, tmp_path / "back")) == traits_of(tree)
    assert linked(in_place(tree, tmp_path / "back")) == linked(tree)


def test_we_put_back_all_that_restic_keeps(restic: Restic, tree: Path, tmp_path: Path) -> None:
    restic.run("backup", str(tree))
    repository = open_repository(restic.repository)
    (snapshot,) = repository.snapshots()
    assert proven(repository)
    back = put_back(repository, snapshot, tmp_path / "back")
    assert traits_of(back) == traits_of(tree)
    assert linked(back) == linked(tree)
    assert allocated(back / "sparse") < 2_000_000


def test_we_put_back_all_that_we_keep(tree: Path, tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repository")
    back = put_back(repository, keep(repository, tree).snapshot, tmp_path / "back")
    assert traits_of(back) == traits_of(tree)
    assert linked(back) == linked(tree)
    assert allocated(back / "sparse") < 2_000_000


def test_neither_reads_again_what_the_other_has_kept(tree: Path, tmp_path: Path) -> None:
    repository, restic = new_repository(tmp_path / "repository"), Restic(tmp_path / "repository")
    files = keep(repository, tree).tally.files_new
    theirs = summary_of(restic, tree)
    assert (theirs["files_new"], theirs["files_changed"], theirs["files_unmodified"]) == (0, 0, files)
    assert theirs["data_blobs"] == 0
    ours = keep(repository, tree).tally
    assert (ours.files_new, ours.files_changed, ours.files_unmodified) == (0, 0, files)
    assert summary_of(restic, tree)["data_blobs"] == 0
    restic.check()
    assert proven(open_repository(restic.repository))


def test_restic_forgets_and_prunes_and_we_go_on(tree: Path, tmp_path: Path) -> None:
    repository, restic = new_repository(tmp_path / "repository"), Restic(tmp_path / "repository")
    first = keep(repository, tree).snapshot
    change(tree)
    second = keep(repository, tree).snapshot
    restic.run("forget", first.id, "--prune", "--max-unused", "0", "--repack-cacheable-only=false")
    restic.check()
    again = open_repository(restic.repository)
    assert [snapshot.id for snapshot in again.snapshots()] == [second.id]
    assert proven(again)
    tally = keep(again, tree).tally
    assert (tally.files_new, tally.files_changed) == (0, 0)
    assert traits_of(put_back(again, second, tmp_path / "back")) == traits_of(tree)


def test_restic_lists_what_we_keep_by_tag_and_by_name(tree: Path, tmp_path: Path) -> None:
    kept = keep(new_repository(tmp_path / "repository"), tree, tags=("nightly",), kind="scheduled")
    restic = Restic(tmp_path / "repository")
    for tag in ("tui-backup", "job=site", "kind=scheduled", "nightly", "job=site,nightly"):
        assert [found["id"] for found in restic.json("snapshots", "--tag", tag)] == [kept.snapshot.id]
    assert restic.json("snapshots", "--tag", "job=other") in ([], None)
    listed = {line["path"]: line for line in restic.lines("ls", kept.snapshot.id) if line["struct_type"] == "node"}
    assert listed[str(tree / "mode-3")]["mode"] & 0xD00000 == 0xD00000
    assert listed[str(tree / "large")]["size"] == 2_500_000
    assert len(listed) == len(traits_of(tree)) + len(tree.parts) - 2


@pytest.mark.requires("acl")
def test_access_lists_go_through_both_hands(restic: Restic, tmp_path: Path) -> None:
    tree = tmp_path / "srv"
    (tree / "directory").mkdir(parents=True)
    (tree / "file").write_bytes(b"content")
    subprocess.run(["setfacl", "-m", "u:1234:rwx,g:2345:r", str(tree / "file")], check=True)
    subprocess.run(["setfacl", "-m", "d:u:1234:rwx,u:99:x", str(tree / "directory")], check=True)
    wanted = traits_of(tree)
    assert any(name == "system.posix_acl_default" for name, _value in wanted[b"directory"].attributes)
    repository = open_repository(restic.repository)
    ours = keep(repository, tree).snapshot
    restic.run("restore", ours.id, "--target", str(tmp_path / "theirs"))
    assert traits_of(in_place(tree, tmp_path / "theirs")) == wanted
    restic.run("backup", str(tree))
    theirs = open_repository(restic.repository).snapshots()[-1]
    assert traits_of(put_back(open_repository(restic.repository), theirs, tmp_path / "ours")) == wanted


def test_targets_and_sockets_that_older_ones_cannot_hold_do_no_harm(tmp_path: Path) -> None:
    tree = tmp_path / "srv"
    tree.mkdir()
    os.symlink(b"../caf\xe9", bytes(tree) + b"/link")
    with socket.socket(socket.AF_UNIX) as listener:
        descriptor = os.open(tree, os.O_PATH)
        listener.bind(f"/proc/self/fd/{descriptor}/socket")
        os.close(descriptor)
    repository = new_repository(tmp_path / "repository")
    snapshot = keep(repository, tree).snapshot
    Restic(tmp_path / "repository").check()
    back = put_back(repository, snapshot, tmp_path / "back")
    assert os.readlink(bytes(back / "link")) == b"../caf\xe9"
    assert not (back / "socket").exists()


def test_a_repository_of_version_1_stays_one_in_both_hands(tree: Path, tmp_path: Path) -> None:
    restic = Restic(tmp_path / "repository")
    restic.run("init", "--repository-version", "1")
    repository = open_repository(restic.repository)
    files = keep(repository, tree).tally.files_new
    assert summary_of(restic, tree)["files_unmodified"] == files
    change(tree)
    snapshot = keep(repository, tree).snapshot
    restic.run("forget", "--keep-last", "1", "--group-by", "host", "--prune")
    restic.check()
    assert proven(repository)
    assert {size for table in repository.access.load().index.tables.values() for *_place, size in table} == {0}
    restic.run("restore", snapshot.id, "--target", str(tmp_path / "theirs"))
    assert traits_of(in_place(tree, tmp_path / "theirs")) == traits_of(tree)
    assert traits_of(put_back(repository, snapshot, tmp_path / "ours")) == traits_of(tree)
