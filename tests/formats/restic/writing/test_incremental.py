"""Second backups: what is taken from the parent, what is read again, and what is counted."""

import os
import socket
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty import FaultyStore
from tests.support.handmade import Handmade, node, tree_of
from tests.support.instant import instant_repository, keep_alone
from tests.support.repositories import brief, keep, open_repository
from tests.support.trees import random_tree, write_tree
from tui_backup.engine.backup import BackedUp, back_up
from tui_backup.formats.restic.layout import id_of
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.formats.restic.times import local_time
from tui_backup.formats.restic.tree import Node
from tui_backup.model.entry import EntryKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.sources.files import FilesSource
from tui_backup.stores.memory import MemoryStore


@pytest.fixture
def repository() -> ResticRepository:
    return instant_repository()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "data", {"a/one": b"1", "a/two": b"22", "b/three": b"333", "four": b"4444"})


def counts(backed_up: BackedUp) -> tuple[int, int, int]:
    """Return how many files are new, changed and as they were."""
    tally = backed_up.tally
    return tally.files_new, tally.files_changed, tally.files_unmodified


def node_at(repository: ResticRepository, snapshot: Snapshot, path: Path) -> Node:
    origin = repository.entry(snapshot, bytes(path)).origin
    found = origin.node  # type: ignore[attr-defined]  # entries of a snapshot come from nodes
    assert isinstance(found, Node)
    return found


def subtree(repository: ResticRepository, backed_up: BackedUp, path: Path) -> str | None:
    return node_at(repository, backed_up.snapshot, path).subtree


def test_a_second_backup_reads_nothing_and_adds_nothing(repository: ResticRepository, tmp_path: Path) -> None:
    tree = random_tree(tmp_path / "data", files=40)
    first, second = keep_alone(repository, tree), keep_alone(repository, tree)
    assert (counts(first), counts(second)) == ((40, 0, 0), (0, 0, 40))
    assert second.tally.bytes_added == 0
    assert second.tally.bytes_processed == first.tally.bytes_processed
    assert second.snapshot.root == first.snapshot.root
    assert second.snapshot.parent == first.snapshot.id


def test_a_second_backup_opens_no_file(repository: ResticRepository, tree: Path) -> None:
    keep(repository, tree)
    long_ago = 10**18
    for path in (path for path in tree.rglob("*") if path.is_file()):
        status = path.stat()
        os.utime(path, ns=(long_ago, status.st_mtime_ns))
    keep(repository, tree)
    for path in (path for path in tree.rglob("*") if path.is_file()):
        assert path.stat().st_atime_ns == long_ago


def test_what_changed_is_counted_and_the_other_directories_keep_their_trees(
    repository: ResticRepository, tree: Path
) -> None:
    first = keep(repository, tree)
    (tree / "a" / "one").write_bytes(b"changed")
    (tree / "a" / "new").write_bytes(b"new")
    (tree / "four").unlink()
    second = keep(repository, tree)
    assert counts(second) == (1, 1, 2)
    assert subtree(repository, second, tree / "b") == subtree(repository, first, tree / "b")
    assert subtree(repository, second, tree / "a") != subtree(repository, first, tree / "a")


def test_a_file_that_went_is_not_kept_by_a_directory_that_looks_the_same(
    repository: ResticRepository, tree: Path
) -> None:
    keep(repository, tree)
    status = (tree / "a").stat()
    (tree / "a" / "two").unlink()
    os.utime(tree / "a", ns=(status.st_atime_ns, status.st_mtime_ns))
    second = keep(repository, tree)
    assert [entry.name for entry in repository.children(second.snapshot, bytes(tree / "a"))] == [b"one"]


def test_a_file_that_moved_is_new_and_adds_no_data(repository: ResticRepository, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "data", {"a/large": os.urandom(400_000), "b/other": b"x"})
    keep(repository, tree)
    (tree / "a" / "large").rename(tree / "b" / "large")
    second = keep(repository, tree)
    assert counts(second) == (1, 0, 1)
    assert second.tally.bytes_added < 20_000


def test_a_file_that_became_a_directory_and_one_that_became_a_file(repository: ResticRepository, tree: Path) -> None:
    keep(repository, tree)
    (tree / "four").unlink()
    (tree / "four").mkdir()
    (tree / "four" / "inner").write_bytes(b"x")
    (tree / "b" / "three").unlink()
    (tree / "b").rmdir()
    (tree / "b").write_bytes(b"file")
    second = keep(repository, tree)
    kinds = {entry.path: entry.kind for entry in repository.entries(second.snapshot, bytes(tree))}
    assert kinds[bytes(tree / "four")] is EntryKind.DIR
    assert kinds[bytes(tree / "four" / "inner")] is EntryKind.FILE
    assert kinds[bytes(tree / "b")] is EntryKind.FILE


def change_mode(path: Path) -> None:
    path.chmod(0o640)


def change_attribute(path: Path) -> None:
    os.setxattr(path, "user.colour", b"blue")


def change_owner(path: Path) -> None:
    os.chown(path, 1234, 1235)


def add_link(path: Path) -> None:
    (path.parent.parent / "linked").hardlink_to(path)


@pytest.mark.requires("root")
@pytest.mark.parametrize("change", [change_mode, change_attribute, change_owner, add_link])
def test_new_metadata_is_kept_and_adds_no_data(
    repository: ResticRepository, tree: Path, change: Callable[[Path], None]
) -> None:
    first = keep(repository, tree)
    change(tree / "a" / "one")
    second = keep(repository, tree)
    before = node_at(repository, first.snapshot, tree / "a" / "one")
    after = node_at(repository, second.snapshot, tree / "a" / "one")
    status = (tree / "a" / "one").stat()
    assert after.content == before.content
    assert (after.mode, after.uid, after.links) == (stat.S_IMODE(status.st_mode), status.st_uid, status.st_nlink)
    assert [a.name for a in after.extended_attributes or []] == os.listxattr(tree / "a" / "one")
    assert subtree(repository, second, tree / "a") != subtree(repository, first, tree / "a")
    assert subtree(repository, second, tree / "b") == subtree(repository, first, tree / "b")


def test_attributes_of_a_directory_that_changed_are_kept(repository: ResticRepository, tree: Path) -> None:
    first = keep(repository, tree)
    change_attribute(tree / "a")
    second = keep(repository, tree)
    assert counts(second) == (0, 0, 4)
    assert node_at(repository, second.snapshot, tree / "a").extended_attributes
    assert subtree(repository, second, tree / "a") == subtree(repository, first, tree / "a")


def test_a_file_whose_data_is_lost_is_read_again(tree: Path) -> None:
    store = MemoryStore()
    keep(instant := instant_repository(store), tree)
    for found in store.objects("index/"):
        store.delete(found.key)
    assert counts(keep(instant, tree)) == (4, 0, 0)


def test_the_parent_is_the_newest_of_this_host_with_all_paths_that_is_not_in_the_future(
    repository: ResticRepository, tree: Path, tmp_path: Path
) -> None:
    start = now() - timedelta(hours=10)
    other = write_tree(tmp_path / "other", {"x": b"x"})
    source = FilesSource(paths=(str(tree), str(other)))

    def at(hours: int, **fields: str) -> Snapshot:
        return keep(repository, tree, time=start + timedelta(hours=hours), **fields).snapshot

    first = at(0)
    assert first.parent is None
    at(1, host="another")
    wider = back_up([source], repository, brief(tree, other, time=start + timedelta(hours=2)), Watch()).snapshot
    assert wider.parent is None
    assert at(3).parent == wider.id
    future = at(9)
    assert at(4).parent != future.id
    assert at(1).parent == first.id
    assert at(9, host="third").parent is None


def test_without_the_parents_trees_everything_is_read(tree: Path) -> None:
    store = MemoryStore()
    repository = instant_repository(store)
    first = keep(repository, tree)
    packs = {found.key for found in store.objects("data/")}
    for key in packs:
        if len(store.get(key)) > 1000:
            store.put(key, b"damaged" * 1000)
    second = keep(repository, tree)
    assert second.snapshot.parent == first.snapshot.id
    assert sum(counts(second)) == 4


BAD_NODES: list[dict[str, Any]] = [
    *(
        {"content": content}
        for content in (None, ..., [], ["ab"], [""], ["no id"], ["ab" * 32], ["ab" * 31, "ab" * 33])
    ),
    *({"mtime": text} for text in (None, "nonsense", "2026-02-30T00:00:00Z")),
    {"name": "\\s"},
    {"type": "door"},
    {"size": 5},
]


def test_a_parent_with_bad_nodes_costs_only_reading(store: MemoryStore, tmp_path: Path) -> None:
    files = {f"file-{number:02}": b"content %d" % number for number in range(len(BAD_NODES))}
    tree = write_tree(tmp_path / "data", files)
    handmade, nodes = Handmade(store), []
    for (name, content), bad in zip(files.items(), BAD_NODES, strict=True):
        status = (tree / name).stat()
        times = {"mtime": local_time(status.st_mtime_ns), "ctime": local_time(status.st_ctime_ns)}
        identity = {"inode": status.st_ino, "device_id": status.st_dev, "size": len(content)}
        nodes.append(node(**{"name": name, **times, **identity, **bad}))
    below = tree_of(*nodes)
    for name in reversed(tree.parts[1:]):
        handmade.index(handmade.pack(BlobType.TREE, below))
        below = tree_of(node(name, type="dir", subtree=id_of(below)))
    handmade.index(handmade.pack(BlobType.TREE, below))
    parent = handmade.snapshot(below, hostname="web1", paths=[str(tree)])
    repository = open_repository(store)
    kept = keep(repository, tree)
    found = repository.children(kept.snapshot, bytes(tree))
    assert kept.snapshot.parent == parent
    assert {entry.name.decode(): entry.origin.open(entry).read() for entry in found} == files


@pytest.mark.requires("root")
def test_everything_that_is_no_file_is_kept(
    repository: ResticRepository, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tree / "pipe", 0o600)
    (tree / "link").symlink_to(os.fsdecode(b"no/such/\xff"))
    os.mknod(tree / "block", stat.S_IFBLK | 0o640, os.makedev(8, 1))
    os.mknod(tree / "char", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(tree)
        listener.bind("socket")
    (tree / "a" / "again").hardlink_to(tree / "four")
    snapshot = keep(repository, tree).snapshot
    found = {entry.name: entry for entry in repository.children(snapshot, bytes(tree))}
    kinds = {name: entry.kind.value for name, entry in found.items()}
    assert kinds == {
        b"a": "dir", b"b": "dir", b"block": "dev", b"char": "chardev", b"four": "file",
        b"link": "symlink", b"pipe": "fifo", b"socket": "socket",
    }  # fmt: skip
    assert found[b"link"].target == b"no/such/\xff"
    assert (found[b"block"].device, found[b"char"].device) == (os.makedev(8, 1), os.makedev(1, 3))
    again = repository.entry(snapshot, bytes(tree / "a" / "again"))
    four = found[b"four"]
    assert (again.inode, again.device_id, again.links) == (four.inode, four.device_id, 2)
    assert four.inode != 0 != four.device_id


def test_odd_names_are_kept_in_the_order_of_their_bytes(repository: ResticRepository, tree: Path) -> None:
    names = [b"\xff", b"\n", b"a-b", b"a.b", b'"', b"\\", b"\x1b[2J", "\u00e9".encode(), b" ", b"~" * 255]
    for name in names:
        Path(os.fsdecode(bytes(tree) + b"/" + name)).write_bytes(name)
    for _time in range(2):
        kept = keep(repository, tree)
        found = [entry.name for entry in repository.children(kept.snapshot, bytes(tree))]
        assert found == sorted([*names, b"a", b"b", b"four"])
    assert counts(kept) == (0, 0, 14)


def test_files_deeper_than_a_path_can_be_long_are_kept(
    repository: ResticRepository, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    for _level in range(25):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    Path("small").write_bytes(b"deep down")
    Path("large").write_bytes(bytes(1_000_000))
    os.chdir(tree)
    kept = keep(repository, tree)
    assert kept.tally.unreadable == 0
    path = bytes(tree) + (b"/" + b"d" * 200) * 25
    assert len(path) > 4096
    sizes = {entry.name: entry.size for entry in repository.children(kept.snapshot, path)}
    assert sizes == {b"small": 9, b"large": 1_000_000}


def test_an_incomplete_parent_is_a_parent_all_the_same(repository: ResticRepository, tree: Path) -> None:
    with repository.begin(brief(tree), Watch()) as draft:
        for entry in FilesSource(paths=(str(tree),)).entries(Watch()):
            draft.add(entry)  # type: ignore[arg-type]  # all of them can be read
        draft.mark_incomplete()
        first = draft.commit()
    second = keep(repository, tree)
    assert (first.status, second.snapshot.status) == ("incomplete", "ok")
    assert counts(second) == (0, 0, 4)


def test_without_commit_there_is_no_snapshot_but_the_data_is_found_again(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "data", {"large": os.urandom(20_000_000)})
    store = FaultyStore(MemoryStore())
    repository = instant_repository(store)
    with repository.begin(brief(tree), Watch()) as draft:
        for entry in FilesSource(paths=(str(tree),)).entries(Watch()):
            draft.add(entry)  # type: ignore[arg-type]  # all of them can be read
        draft._reads.intake.settle(Watch())
    assert repository.snapshots() == []
    assert counts(second := keep(repository, tree)) == (1, 0, 0)
    assert second.tally.bytes_added < 10_000_000


def test_equal_files_are_stored_once(repository: ResticRepository, tmp_path: Path) -> None:
    content = os.urandom(300_000)
    tree = write_tree(tmp_path / "data", {f"copy-{number}": content for number in range(10)})
    assert keep(repository, tree).tally.bytes_added < 310_000


def test_a_path_that_is_not_utf_8_has_a_parent_too(repository: ResticRepository, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / os.fsdecode(b"caf\xe9"), {"file": b"1"})
    keep(repository, tree)
    assert counts(keep(repository, tree)) == (0, 0, 1)
