"""Repositories in both hands: what restic wrote we read, what we wrote restic reads, on top of each other."""

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.repositories import keep, new_repository, open_repository, put_back
from tests.support.restic import Restic
from tests.support.samples import SAMPLES, unpack_sample
from tests.support.trees import traits_of
from tui_backup.formats.base import Subset
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.formats.restic.times import parse_time
from tui_backup.formats.restic.tree import unix_mode
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch

pytestmark = pytest.mark.requires("restic")

TIME = 1_700_000_000_123_456_789


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with one of everything that a user can make."""
    root = tmp_path / "srv" / "data"
    (root / "directory" / "empty").mkdir(parents=True)
    strange = [b"line\nbreak", b'"quoted" back\\slash', b"\xff\xfe", "ls-\u2028".encode(), b"lt<gt>&", b"-rf", b" "]
    for number, name in enumerate([*strange, b"plain", b"directory.txt"]):
        Path(os.fsdecode(bytes(root) + b"/" + name)).write_bytes(b"content %d" % number)
    (root / "nothing").write_bytes(b"")
    (root / "large").write_bytes(os.urandom(3_000_000) + bytes(2_000_000))
    (root / "script").write_bytes(b"#!/bin/sh\n")
    (root / "script").chmod(0o4755)
    (root / "directory" / "first").write_bytes(b"linked")
    (root / "directory" / "second").hardlink_to(root / "directory" / "first")
    (root / "link").symlink_to("../nowhere")
    os.mkfifo(root / "pipe", 0o600)
    (root / "directory").chmod(0o2750)
    for path in [*root.rglob("*"), root]:
        os.utime(path, ns=(TIME, TIME), follow_symlinks=False)
    return root


def all_entries(repository: ResticRepository, snapshot: Snapshot) -> dict[bytes, Entry]:
    return {entry.path: entry for entry in repository.entries(snapshot)}


def shown(path: bytes) -> str:
    """Return a path as restic's JSON has it: one U+FFFD for each byte that is not UTF-8."""
    return "".join("\ufffd" if "\udc80" <= c <= "\udcff" else c for c in path.decode("utf-8", "surrogateescape"))


def as_listed(entry: Entry) -> tuple[Any, ...]:
    size = entry.size if entry.kind is EntryKind.FILE else 0
    return shown(entry.path), entry.kind.value, entry.uid, entry.gid, size, entry.mode, entry.mtime_ns


def listed_by(restic: Restic, name: str) -> Iterator[tuple[Any, ...]]:
    for node in restic.lines("ls", name):
        if node["struct_type"] == "node":
            mode, time = unix_mode(node.get("mode", 0)), parse_time(node["mtime"]).ns
            yield node["path"], node["type"], node["uid"], node["gid"], node.get("size", 0), mode, time


def dumped_by(restic: Restic, name: str) -> dict[bytes, bytes]:
    """Return path -> content of every file, hard links by their first name left out."""
    with tarfile.open(fileobj=io.BytesIO(restic.output("dump", name, "/"))) as archive:
        files = {member: archive.extractfile(member) for member in archive if member.isreg()}
        return {b"/" + os.fsencode(member.name).lstrip(b"/"): file.read() for member, file in files.items() if file}


def trees_in(restic: Restic) -> set[str]:
    return {line for line in restic.run("list", "blobs").splitlines() if line.startswith("tree")}


def proven(repository: ResticRepository) -> bool:
    """Whether every byte of every snapshot was read and found good."""
    proof = repository.verify([], Subset(), Watch())
    needed = {pack for _snapshot, packs in proof.needs for pack in packs}
    return proof.problems == () and needed <= set(proof.read)


@pytest.mark.parametrize("sample", SAMPLES)
def test_sample_repositories_are_listed_and_read_as_restic_does(sample: str, tmp_path: Path) -> None:
    restic = Restic(unpack_sample(sample, tmp_path), "test")
    repository = open_repository(restic.repository, "test")
    snapshots = repository.snapshots()
    assert [snapshot.id for snapshot in snapshots] == [found["id"] for found in restic.json("snapshots")]
    for snapshot in snapshots:
        entries = all_entries(repository, snapshot)
        assert sorted(map(as_listed, entries.values())) == sorted(listed_by(restic, snapshot.id))
        for path, content in dumped_by(restic, snapshot.id).items():
            assert entries[path].origin.open(entries[path]).read() == content


@pytest.mark.parametrize("sample", SAMPLES)
def test_sample_repositories_are_proven_whole(sample: str, tmp_path: Path) -> None:
    assert proven(open_repository(unpack_sample(sample, tmp_path), "test"))


@pytest.mark.requires("root")
@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_are_restored_as_restic_restores_them(sample: str, tmp_path: Path) -> None:
    restic = Restic(unpack_sample(sample, tmp_path), "test")
    repository = open_repository(restic.repository, "test")
    snapshot = repository.snapshots()[-1]
    put_back(repository, snapshot, tmp_path / "ours")
    restic.run("restore", snapshot.id, "--target", str(tmp_path / "theirs"))
    ours, theirs = traits_of(tmp_path / "ours" / "data"), traits_of(tmp_path / "theirs" / "data")
    only_by_newer_ones = b"link-nonutf8"
    assert ours.pop(only_by_newer_ones).kind == theirs.pop(only_by_newer_ones).kind
    assert ours == theirs


def test_what_restic_keeps_we_put_back(restic: Restic, tree: Path, tmp_path: Path) -> None:
    restic.run("backup", str(tree))
    repository = open_repository(restic.repository)
    (snapshot,) = repository.snapshots()
    assert sorted(map(as_listed, repository.entries(snapshot))) == sorted(listed_by(restic, snapshot.id))
    assert proven(repository)
    assert traits_of(put_back(repository, snapshot, tmp_path / "back")) == traits_of(tree)


@pytest.mark.usefixtures("real_costs")
def test_what_we_keep_restic_checks_and_puts_back(tree: Path, tmp_path: Path) -> None:
    snapshot = keep(new_repository(tmp_path / "repository"), tree).snapshot
    restic = Restic(tmp_path / "repository")
    restic.check()
    restic.run("restore", snapshot.id, "--target", str(tmp_path / "back"))
    assert traits_of(tmp_path / "back" / str(tree).lstrip("/")) == traits_of(tree)
    back = tmp_path / "back" / str(tree).lstrip("/") / "directory"
    assert (back / "first").samefile(back / "second")


def test_restic_shows_our_snapshots_with_host_paths_and_tags(tree: Path, tmp_path: Path) -> None:
    snapshot = keep(new_repository(tmp_path / "repository"), tree).snapshot
    (listed,) = Restic(tmp_path / "repository").json("snapshots", "--tag", "job=site", "--host", "web1")
    assert listed["id"] == snapshot.id
    assert (listed["paths"], listed["tags"]) == ([str(tree)], ["tui-backup", "job=site", "kind=manual"])
    assert parse_time(listed["time"]).ns // 1000 == int(snapshot.time.timestamp() * 1_000_000)


def test_restic_finds_everything_unmodified_on_top_of_ours(tree: Path, tmp_path: Path) -> None:
    tally = keep(new_repository(tmp_path / "repository"), tree).tally
    restic = Restic(tmp_path / "repository")
    summary = restic.lines("backup", "--host", "web1", str(tree))[-1]
    assert (summary["files_new"], summary["files_changed"]) == (0, 0)
    assert summary["files_unmodified"] == tally.files_new
    assert summary["data_blobs"] == 0
    restic.check()


def test_we_find_everything_unmodified_on_top_of_restics(restic: Restic, tree: Path) -> None:
    restic.run("backup", "--host", "web1", str(tree))
    backed_up = keep(open_repository(restic.repository), tree)
    tally = backed_up.tally
    assert (tally.files_new, tally.files_changed) == (0, 0)
    assert tally.files_unmodified > 0
    restic.check()


def test_equal_directories_have_equal_ids_whoever_writes_them(restic: Restic, tree: Path, tmp_path: Path) -> None:
    (tree / "large").unlink()
    restic.run("backup", str(tree))
    keep(new_repository(tmp_path / "ours"), tree)
    directories = [tree, *(path for path in tree.rglob("*") if path.is_dir())]
    assert len(trees_in(restic) & trees_in(Restic(tmp_path / "ours"))) >= len(directories)


def test_a_repository_survives_being_used_by_both_in_turn(tree: Path, tmp_path: Path) -> None:
    repository, restic = new_repository(tmp_path / "repository"), Restic(tmp_path / "repository")
    first = keep(repository, tree).snapshot
    (tree / "plain").write_bytes(b"changed by now")
    restic.run("backup", "--host", "web1", str(tree))
    (tree / "later").write_bytes(b"new")
    last = keep(repository, tree).snapshot
    restic.run("tag", "--add", "seen", last.id)
    restic.run("forget", first.id, "--prune", "--max-unused", "0")
    restic.check()

    ours = open_repository(tmp_path / "repository")
    theirs, tagged = ours.snapshots()
    assert (theirs.job, tagged.job, tagged.original) == (None, "site", last.id)
    assert tagged.tags == (*last.tags, "seen")
    assert proven(ours)
    assert traits_of(put_back(ours, tagged, tmp_path / "back")) == traits_of(tree)


def test_what_we_forget_restic_no_longer_lists(tree: Path, tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repository")
    first, second = keep(repository, tree).snapshot, keep(repository, tree).snapshot
    repository.forget([first])
    restic = Restic(tmp_path / "repository")
    assert [found["id"] for found in restic.json("snapshots")] == [second.id]
    restic.check()


def test_restic_changes_the_password_and_we_open_with_the_new_one(tmp_path: Path) -> None:
    new_repository(tmp_path / "repository")
    (tmp_path / "new").write_text("battery staple")
    Restic(tmp_path / "repository").run("key", "passwd", "--new-password-file", str(tmp_path / "new"))
    assert open_repository(tmp_path / "repository", "battery staple").snapshots() == []


def test_an_upgraded_repository_is_read_and_written(tree: Path, tmp_path: Path) -> None:
    restic = Restic(unpack_sample("v1", tmp_path), "test")
    restic.run("migrate", "upgrade_repo_v2")
    repository = open_repository(restic.repository, "test")
    keep(repository, tree)
    restic.check()
    assert proven(repository)
    assert len(repository.snapshots()) == 3


def test_a_repository_of_version_1_is_written_without_compression(tree: Path, tmp_path: Path) -> None:
    restic = Restic(unpack_sample("v1", tmp_path), "test")
    repository = open_repository(restic.repository, "test")
    snapshot = keep(repository, tree).snapshot
    restic.check()
    assert traits_of(put_back(repository, snapshot, tmp_path / "back")) == traits_of(tree)


def test_restic_finds_the_damage_that_we_find(restic: Restic, tree: Path) -> None:
    restic.run("backup", str(tree))
    pack = max(Path(restic.repository).glob("data/*/*"), key=lambda path: path.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(content)
    proof = open_repository(restic.repository).verify([], Subset(), Watch())
    assert proof.damaged == (pack.name,)
    assert restic.attempt("check", "--read-data").returncode == 1
