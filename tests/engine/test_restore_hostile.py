"""Snapshots that an attacker made: what is bad is refused and named, the rest is restored, nothing else is touched."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.given import given, given_dir, given_link
from tests.support.restoring import Restore
from tests.support.trees import traits_of
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.run import RunStatus
from tui_backup.primitives.descriptors import Directories, open_root

GOOD = given("/zz", content=b"good")


def restore_beside_a_victim(tmp_path: Path, entries: list[Entry], **options: Any) -> Restore:
    """Restore into `target`; what lies beside it must come to no harm, and the good file must arrive."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("precious")
    before = traits_of(victim)
    restore = Restore(tmp_path / "target", [*entries, GOOD])
    result = restore.run(**options)
    assert result.status is RunStatus.INCOMPLETE
    assert traits_of(victim) == before
    assert {path.name for path in tmp_path.iterdir()} == {"victim", "target"}
    assert (restore.target / "zz").read_text() == "good"
    return restore


@pytest.mark.parametrize("name", [b"..", b".", b"", b"a\0b", b"\0"])
@pytest.mark.parametrize("kind", [EntryKind.FILE, EntryKind.DIR, EntryKind.SYMLINK, EntryKind.FIFO])
def test_what_is_no_name_is_refused(tmp_path: Path, name: bytes, kind: EntryKind) -> None:
    bad = given(b"/" + name, kind, target=b"x")
    restore = restore_beside_a_victim(tmp_path, [bad])
    assert restore.named == [bad.path]
    assert os.listdir(restore.target) == ["zz"]


@pytest.mark.parametrize("path", [b"/../victim/file", b"/d/../../victim/file", b"//victim", b"/d/./x", b"/no/where"])
def test_paths_that_lead_elsewhere_are_refused(tmp_path: Path, path: bytes) -> None:
    restore = restore_beside_a_victim(tmp_path, [given_dir("/d"), given(path, content=b"evil")])
    assert restore.named == [path]


def test_a_name_that_leads_up_takes_all_below_it_along(tmp_path: Path) -> None:
    entries = [given_dir(b"/.."), given_dir(b"/../victim"), given(b"/../victim/file", content=b"evil")]
    assert restore_beside_a_victim(tmp_path, entries).named == [b"/.."]


def test_only_the_first_of_two_names_counts(tmp_path: Path) -> None:
    restore = restore_beside_a_victim(tmp_path, [given("/a", content=b"1"), given("/a", content=b"2")])
    assert (restore.target / "a").read_text() == "1"


def test_nothing_is_written_through_a_link_that_is_also_a_directory(tmp_path: Path) -> None:
    entries = [given_link("/a", b"../victim"), given_dir("/a"), given("/a/file", content=b"evil")]
    restore = restore_beside_a_victim(tmp_path, entries)
    assert os.readlink(restore.target / "a") == "../victim"


def test_nothing_is_written_below_a_file(tmp_path: Path) -> None:
    restore = restore_beside_a_victim(tmp_path, [given("/a", content=b"1"), given("/a/b", content=b"2")])
    assert restore.named == [b"/a/b"]


@pytest.mark.parametrize("policy", ["never", "always"])
def test_links_that_exist_at_the_target_are_not_followed(tmp_path: Path, policy: str) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target/d").symlink_to("../victim")
    (tmp_path / "target/file").symlink_to("../victim/file")
    entries = [given_dir("/d"), given("/d/file", content=b"evil"), given("/file", content=b"evil"), given("/file")]
    restore_beside_a_victim(tmp_path, entries, overwrite=policy)


def test_a_link_in_the_way_of_a_parent_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target/d").symlink_to("../victim")
    entries = [given_dir("/d"), given_dir("/d/e"), given("/d/e/file", content=b"evil")]
    restore = restore_beside_a_victim(tmp_path, entries, include=("file", "zz"), overwrite="always")
    assert restore.named == [b"/d"]
    assert os.readlink(restore.target / "d") == "../victim"


@pytest.mark.parametrize("size", [-1, 2**60, 2**80])
def test_absurd_sizes_are_refused_before_memory_or_space_is_taken(tmp_path: Path, size: int) -> None:
    assert restore_beside_a_victim(tmp_path, [given("/a", size=size)]).named == [b"/a"]


@pytest.mark.parametrize("size", [0, 3, 5])
def test_sizes_that_lie_are_refused(tmp_path: Path, size: int) -> None:
    restore = restore_beside_a_victim(tmp_path, [given("/a", content=b"four", size=size)])
    assert (restore.named, os.listdir(restore.target)) == ([b"/a"], ["zz"])


def test_names_that_are_too_long_are_refused(tmp_path: Path) -> None:
    longest, too_long = given(b"/" + b"n" * 255, content=b"x"), given(b"/" + b"n" * 256, content=b"x")
    restore = restore_beside_a_victim(tmp_path, [longest, too_long])
    assert restore.named == [too_long.path]
    assert (restore.target / ("n" * 255)).exists()


def test_attributes_and_times_out_of_range_do_not_cost_the_file(tmp_path: Path) -> None:
    entries = [
        given("/a", content=b"a", mtime_ns=2**95),
        given("/b", content=b"b", xattrs=((b"nonsense", b""), (b"user.\0", b"x"), (b"user." + b"n" * 300, b""))),
        given("/c", content=b"c", uid=2**70, mode=0o4755),
    ]
    restore = restore_beside_a_victim(tmp_path, entries)
    assert (restore.target / "b").read_text() == "b"
    assert stat.S_IMODE((restore.target / "a").stat().st_mode) == 0o644
    assert set(restore.named) >= {b"/a", b"/b"}


@pytest.mark.requires("root")
def test_without_an_owner_there_is_no_suid_bit(tmp_path: Path) -> None:
    restore = restore_beside_a_victim(tmp_path, [given("/c", content=b"c", uid=2**70, mode=0o4755)])
    assert stat.S_IMODE((restore.target / "c").stat().st_mode) == 0o755


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A directory in which more directories may lie below one another than Python's own tools can remove."""
    yield tmp_path / "target"
    subprocess.run(["rm", "-r", tmp_path / "target"], check=True)


def test_directories_4000_deep_come_back(deep: Path) -> None:
    depth = 4000
    entries = [given_dir(b"/d" * level) for level in range(1, depth)]
    restore = Restore(deep, [*entries, given(b"/d" * depth, content=b"deep")])
    assert restore.run().status is RunStatus.OK
    assert restore.run().written == 0
    with Directories(open_root(os.fsencode(deep))) as directories:
        assert os.stat("d", dir_fd=directories.open(b"/d" * (depth - 1))).st_size == 4


def test_names_with_escape_sequences_are_kept_and_named_raw(tmp_path: Path) -> None:
    name = b"\x1b]0;owned\x07\n\xff"
    restore = restore_beside_a_victim(tmp_path, [given(b"/" + name, content=b"x"), given(b"/" + name, content=b"y")])
    assert restore.named == [b"/" + name]
    assert os.listdir(os.fsencode(restore.target)).count(name) == 1


def test_hard_links_reach_only_what_was_restored(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (tmp_path / "target").mkdir()
    (tmp_path / "target/d").symlink_to(victim)
    group: dict[str, Any] = {"content": b"evil", "inode": 7, "device_id": 3, "links": 2}
    restore = restore_beside_a_victim(tmp_path, [given_dir("/d"), given("/d/file", **group), given("/e", **group)])
    assert (restore.target / "e").read_text() == "evil"


@pytest.mark.requires("root")
def test_an_untrusted_snapshot_gets_no_powers(tmp_path: Path) -> None:
    powers = ((b"security.capability", bytes.fromhex("0100000200040000000000000000000000000000")), (b"trusted.x", b"1"))
    entries = [
        given("/suid", content=b"x", mode=0o6755, uid=1234, gid=1234, xattrs=(*powers, (b"user.a", b"1"))),
        given_dir("/sgid", mode=0o2777, uid=1234),
        given("/device", EntryKind.BLOCK, device=os.makedev(8, 0)),
        given("/tty", EntryKind.CHAR, device=os.makedev(5, 0)),
    ]
    restore = Restore(tmp_path / "target", sorted(entries, key=lambda entry: entry.path))
    assert restore.run(trusted=False).status is RunStatus.INCOMPLETE
    assert sorted(os.listdir(restore.target)) == ["sgid", "suid"]
    traits = traits_of(restore.target)
    assert traits[b"suid"][1:3] == (0o755, (0, 0))
    assert traits[b"sgid"][1:3] == (0o777, (0, 0))
    assert traits[b"suid"].attributes == (("user.a", b"1"),)
    assert restore.named == [b"/device", b"/tty"]


@pytest.mark.requires("root")
def test_a_trusted_snapshot_comes_back_with_all_its_powers(tmp_path: Path) -> None:
    capability = bytes.fromhex("0100000200040000000000000000000000000000")
    powers = ((b"security.capability", capability), (b"trusted.x", b"1"))
    entries = [
        given("/device", EntryKind.BLOCK, device=os.makedev(8, 0), mode=0o660, gid=6),
        given("/suid", content=b"x", mode=0o6755, uid=1234, gid=4321, xattrs=powers),
    ]
    restore = Restore(tmp_path / "target", entries)
    assert restore.run().status is RunStatus.OK
    traits = traits_of(restore.target)
    assert traits[b"suid"][1:3] == (0o6755, (1234, 4321))
    assert dict(traits[b"suid"].attributes) == {"security.capability": capability, "trusted.x": b"1"}
    assert traits[b"device"].device == os.makedev(8, 0)
