import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.given import DAY_NS, SOME_TIME_NS, captured, given, given_dir, given_link, snapshot_of
from tests.support.restoring import Restore
from tests.support.trees import random_tree, traits_of
from tui_backup.errors import Corrupted, RestoreRefused
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.run import RunStatus


def tree() -> list[Entry]:
    return [
        given_dir("/srv", mode=0o711),
        given("/srv/a", content=b"alpha", mode=0o640),
        given_dir("/srv/d", mode=0o2750),
        given("/srv/d/b", content=b"beta"),
        given_link("/srv/l", b"../elsewhere"),
        given("/srv/p", EntryKind.FIFO, mode=0o620),
    ]


def test_a_tree_comes_back_as_it_was(tmp_path: Path) -> None:
    source = random_tree(tmp_path / "source")
    (source / "link").symlink_to("directory-1")
    os.mkfifo(source / "pipe", 0o604)
    os.utime(source / "directory-1", ns=(5, 10**18 + 7))
    restore = Restore(tmp_path / "target", captured(os.fsencode(source)))
    assert restore.run().status is RunStatus.OK
    found, wanted = traits_of(restore.target), traits_of(source)
    assert {**found, b".": None} == {**wanted, b".": None}
    assert not restore.warnings


def test_a_plan_counts_what_the_restore_then_does(tmp_path: Path) -> None:
    restore = Restore(tmp_path / "target", tree())
    plan = restore.plan()
    assert (plan.new, plan.overwrite, plan.skip, plan.bytes_to_write, plan.fits) == (6, 0, 0, 9, True)
    result = restore.run(plan)
    assert (result.written, result.skipped, result.bytes_written) == (6, 0, 9)


def test_planning_writes_nothing(tmp_path: Path) -> None:
    Restore(tmp_path / "target", tree()).plan()
    assert list(tmp_path.iterdir()) == []


def test_running_again_reads_nothing_again(tmp_path: Path) -> None:
    restore = Restore(tmp_path / "target", tree())
    restore.run()
    result = restore.run()
    assert (restore.repository.placed, result.written, result.skipped) == ([], 0, 6)
    assert result.status is RunStatus.OK


def test_a_file_that_differs_is_kept_and_named(tmp_path: Path) -> None:
    restore = Restore(tmp_path, tree())
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv/a").write_text("mine")
    result = restore.run()
    assert (tmp_path / "srv/a").read_text() == "mine"
    assert (result.status, restore.named) == (RunStatus.INCOMPLETE, [b"/srv/a"])
    assert (tmp_path / "srv/d/b").read_text() == "beta"


@pytest.mark.parametrize("policy", ["always", "if-changed"])
def test_a_file_that_differs_is_overwritten_on_demand(tmp_path: Path, policy: str) -> None:
    restore = Restore(tmp_path, tree())
    restore.run()
    (tmp_path / "srv/a").write_text("mine")
    assert restore.actions(overwrite=policy)[b"/srv/a"] == "overwrite"
    assert restore.run(overwrite=policy).status is RunStatus.OK
    assert (tmp_path / "srv/a").read_text() == "alpha"
    assert restore.repository.placed == [b"/srv/a"]


@pytest.mark.parametrize(("days", "content"), [(-1, "alpha"), (1, "mine")])
def test_if_newer_keeps_what_is_newer(tmp_path: Path, days: int, content: str) -> None:
    restore = Restore(tmp_path, tree())
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv/a").write_text("mine")
    os.utime(tmp_path / "srv/a", ns=(0, SOME_TIME_NS + days * DAY_NS))
    assert restore.run(overwrite="if-newer").status is RunStatus.OK
    assert (tmp_path / "srv/a").read_text() == content


def test_only_wrong_permissions_are_put_right_without_reading(tmp_path: Path) -> None:
    restore = Restore(tmp_path, tree())
    restore.run()
    (tmp_path / "srv/a").chmod(0o777)
    (tmp_path / "srv/d").chmod(0o777)
    plan = restore.plan(overwrite="always")
    assert (plan.new, plan.overwrite, plan.bytes_to_write) == (0, 2, 0)
    assert restore.run(plan).status is RunStatus.OK
    assert stat.S_IMODE((tmp_path / "srv/a").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "srv/d").stat().st_mode) == 0o2750


def test_includes_take_their_parents_along(tmp_path: Path) -> None:
    restore = Restore(tmp_path, tree())
    assert restore.run(include=("/srv/d/b",)).status is RunStatus.OK
    assert set(traits_of(tmp_path)) == {b".", b"srv", b"srv/d", b"srv/d/b"}
    assert stat.S_IMODE((tmp_path / "srv").stat().st_mode) == 0o711


def test_parents_that_exist_keep_their_permissions(tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir(0o700)
    Restore(tmp_path, tree()).run(include=("b*",), overwrite="always")
    assert stat.S_IMODE((tmp_path / "srv").stat().st_mode) == 0o700
    assert (tmp_path / "srv/d/b").exists()


def test_excludes_leave_out_what_is_below_them(tmp_path: Path) -> None:
    Restore(tmp_path, tree()).run(exclude=("d/", "*p"))
    assert set(traits_of(tmp_path)) == {b".", b"srv", b"srv/a", b"srv/l"}


def test_an_include_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no such path"):
        Restore(tmp_path, tree()).plan(include=("/srv/missing",))


def test_what_changed_since_the_plan_is_refused_and_named(tmp_path: Path) -> None:
    restore = Restore(tmp_path, tree())
    (tmp_path / "srv").mkdir()
    plan = restore.plan(overwrite="always")
    (tmp_path / "srv/a").write_text("just written")
    (tmp_path / "srv/d").mkdir()
    result = restore.run(plan)
    assert (result.status, restore.named) == (RunStatus.INCOMPLETE, [b"/srv/a", b"/srv/d"])
    assert (tmp_path / "srv/a").read_text() == "just written"
    assert list((tmp_path / "srv/d").iterdir()) == []


def test_a_file_with_other_permissions_gets_its_other_name_back(tmp_path: Path) -> None:
    group: dict[str, Any] = {"content": b"one", "inode": 7, "device_id": 3, "links": 2}
    restore = Restore(tmp_path, [given(f"/{name}", **group) for name in "ab"])
    restore.run()
    (tmp_path / "b").unlink()
    (tmp_path / "a").chmod(0o600)
    assert restore.run(overwrite="always").status is RunStatus.OK
    assert (tmp_path / "a").samefile(tmp_path / "b")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_hard_links_are_linked_again(tmp_path: Path) -> None:
    group: dict[str, Any] = {"content": b"one", "inode": 7, "device_id": 3, "links": 3}
    entries = [given("/a", **group), given_dir("/d"), given("/d/b", **group), given("/z", **group)]
    restore = Restore(tmp_path, entries)
    plan = restore.plan()
    assert (plan.files, plan.links, plan.bytes_to_write, plan.new) == (1, 2, 3, 4)
    assert restore.run(plan).status is RunStatus.OK
    assert restore.repository.placed == [b"/a"]
    assert (tmp_path / "a").stat().st_ino == (tmp_path / "d/b").stat().st_ino == (tmp_path / "z").stat().st_ino


def test_files_without_a_device_are_never_linked(tmp_path: Path) -> None:
    entries = [given(f"/{name}", content=b"x", inode=0, device_id=0, links=2) for name in "ab"]
    Restore(tmp_path, entries).run()
    assert (tmp_path / "a").stat().st_nlink == 1


def test_half_written_files_of_an_interrupted_restore_go(tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv/.a.tui-backup-0123456789abcdef").write_text("half")
    (tmp_path / "srv/.a.tui-backup-mine").write_text("not ours")
    Restore(tmp_path, tree()).run()
    assert {path.name for path in (tmp_path / "srv").glob(".*")} == {".a.tui-backup-mine"}


def test_two_restores_into_one_target_do_not_meet(tmp_path: Path) -> None:
    import fcntl

    restore = Restore(tmp_path, tree())
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(RestoreRefused, match="another restore"):
        restore.run()
    os.close(descriptor)


def test_a_restore_that_does_not_fit_writes_nothing(tmp_path: Path) -> None:
    restore = Restore(tmp_path / "target", [given("/huge", size=1 << 49)])
    plan = restore.plan()
    assert not plan.fits
    with pytest.raises(RestoreRefused, match="not enough space"):
        restore.run(plan)
    assert not restore.target.exists()


def test_a_directory_replaces_a_link_only_on_demand(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / "target/srv").symlink_to("../elsewhere")
    restore = Restore(tmp_path / "target", tree())
    assert restore.run().status is RunStatus.INCOMPLETE
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert restore.run(overwrite="always").status is RunStatus.OK
    assert not (tmp_path / "target/srv").is_symlink()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_full_directory_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/mine").write_text("mine")
    (tmp_path / "b").mkdir()
    restore = Restore(tmp_path, [given("/a", content=b"x"), given("/b", content=b"y")])
    result = restore.run(overwrite="always")
    assert (result.status, restore.named) == (RunStatus.INCOMPLETE, [b"/a"])
    assert (tmp_path / "a/mine").read_text() == "mine"
    assert (tmp_path / "b").read_text() == "y"


def test_zeros_become_holes(tmp_path: Path) -> None:
    content = bytes(1 << 20) + b"end" + bytes(1 << 20)
    Restore(tmp_path, [given("/sparse", content=content)]).run()
    assert (tmp_path / "sparse").read_bytes() == content
    assert (tmp_path / "sparse").stat().st_blocks * 512 <= 1 << 17


def test_a_snapshot_that_reads_differently_the_second_time_stops_the_restore(tmp_path: Path) -> None:
    restore = Restore(tmp_path / "target", tree())
    plan = restore.plan()
    del restore.repository.given[1]
    with pytest.raises(Corrupted, match="other entries"):
        restore.run(plan)
    assert os.listdir(restore.target / "srv") == []


def test_permissions_of_a_file_with_other_names_are_not_touched(tmp_path: Path) -> None:
    restore = Restore(tmp_path / "target", tree())
    restore.run()
    (tmp_path / "elsewhere").hardlink_to(restore.target / "srv/a")
    (tmp_path / "elsewhere").chmod(0o600)
    assert restore.run(overwrite="always").status is RunStatus.OK
    assert stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode) == 0o600
    assert stat.S_IMODE((restore.target / "srv/a").stat().st_mode) == 0o640


def test_in_place_only_what_is_below_the_roots_is_touched(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path / "site")
    parents = [root[:at] for at in range(1, len(root)) if root[at : at + 1] == b"/"]
    entries = [given_dir(path, mode=0o777) for path in parents]
    entries += [given_dir(root), given(root + b"/a", content=b"alpha")]
    restore = Restore(Path("/"), entries, snapshot_of(os.fsdecode(root)))
    before = [os.lstat(path).st_mode for path in parents]
    result = restore.run(overwrite="always")
    assert (result.status, result.written, restore.warnings) == (RunStatus.OK, 2, [])
    assert (tmp_path / "site/a").read_text() == "alpha"
    assert [os.lstat(path).st_mode for path in parents] == before
