"""Trees, packs and indexes that no honest writer makes: what is wrong is named, the rest is read and restored."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.handmade import Handmade, node, tree_of
from tests.support.repositories import opening
from tests.support.trees import traits_of
from tui_backup.engine.restore import execute
from tui_backup.engine.restore_plan import plan_restore
from tui_backup.engine.restore_request import RestoreRequest
from tui_backup.errors import Corrupted
from tui_backup.formats.base import Subset
from tui_backup.formats.restic.layout import FileKind, id_of, key_of
from tui_backup.formats.restic.pack import BlobType, PackedBlob, encode_header
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.problem import ProblemKind
from tui_backup.model.run import RunStatus
from tui_backup.model.watch import Watch
from tui_backup.stores.local import LocalStore
from tui_backup.stores.memory import MemoryStore

GOOD = b"good " * 50
OTHER = b"other " * 50
NOWHERE = "ef" * 32


@pytest.fixture
def handmade(store: MemoryStore) -> Handmade:
    return Handmade(store)


def opened(handmade: Handmade) -> ResticRepository:
    return ResticRepository(opening(handmade.store), handmade.config, handmade.keys)


class Restored:
    """What comes of a restore of the newest snapshot."""

    def __init__(self, handmade: Handmade, target: Path) -> None:
        self.warnings: list[tuple[bytes | None, str]] = []
        watch = Watch(on_warning=lambda path, message: self.warnings.append((path, message)))
        repository = opened(handmade)
        request = RestoreRequest(target=bytes(target), trusted=True)
        snapshot = repository.snapshots()[-1]
        self.listed = [entry.path for entry in repository.entries(snapshot, b"/", Watch())]
        result = execute(plan_restore(repository, snapshot, request, watch), repository, watch)
        self.status = result.status
        self.files = {path: found.content for path, found in traits_of(target).items() if found.kind == 0o100000}

    @property
    def named(self) -> set[bytes | None]:
        return {path for path, _message in self.warnings}


def problems(handmade: Handmade) -> set[ProblemKind]:
    proof = opened(handmade).verify([], Subset(), Watch())
    return {problem.kind for problem in proof.problems if not problem.hint}


def directory(name: str, **fields: Any) -> dict[str, Any]:
    return node(name, **{"type": "dir", "content": ..., "size": ..., "links": ..., **fields})


BAD = {
    "a file without content": (node("bad", content=None), ProblemKind.TREE),
    "a file that says nothing of content": (node("bad", content=...), ProblemKind.TREE),
    "a blob that nobody has": (node("bad", content=[NOWHERE], size=5), ProblemKind.BLOB_MISSING),
    "a short id": (node("bad", content=["ab"], size=5), ProblemKind.BLOB_MISSING),
    "an empty id": (node("bad", content=[""], size=5), ProblemKind.BLOB_MISSING),
    "no id": (node("bad", content=["no id"], size=5), ProblemKind.BLOB_MISSING),
    "the null id": (node("bad", content=["00" * 32], size=5), ProblemKind.BLOB_MISSING),
    "a directory without a tree": (directory("bad"), ProblemKind.TREE),
    "a directory with the null tree": (directory("bad", subtree=None), ProblemKind.TREE),
    "a directory whose tree nobody has": (directory("bad", subtree=NOWHERE), ProblemKind.TREE),
    "a directory whose tree has a short id": (directory("bad", subtree="ab"), ProblemKind.TREE),
    "a directory whose tree has no id": (directory("bad", subtree="zz"), ProblemKind.TREE),
    "an unknown type": (node("bad", type="door"), ProblemKind.TREE),
    "the type that restic calls an error": (node("bad", type="irregular"), ProblemKind.TREE),
    "an unknown escape": (node("bad\\s"), ProblemKind.TREE),
    "a name that leads up": (node(".."), ProblemKind.TREE),
    "a name that leads down": (node("bad/worse", GOOD), ProblemKind.TREE),
    "no name": (node(""), ProblemKind.TREE),
}


@pytest.mark.parametrize(("bad", "kind"), BAD.values(), ids=BAD)
def test_a_bad_node_is_named_and_the_others_are_restored(
    handmade: Handmade, tmp_path: Path, bad: dict[str, Any], kind: ProblemKind
) -> None:
    handmade.keep(tree_of(bad, node("good", GOOD), node("last", OTHER)), GOOD, OTHER)
    assert kind in problems(handmade)
    restored = Restored(handmade, tmp_path / "back")
    assert restored.files == {b"good": GOOD, b"last": OTHER}
    assert restored.status is RunStatus.INCOMPLETE
    assert restored.named == {b"/" + bad["name"].encode()}


LIES = {
    "too large": node("bad", OTHER, size=len(OTHER) + 1),
    "too small": node("bad", OTHER, size=len(OTHER) - 1),
    "missing": node("bad", OTHER, size=...),
    "an exabyte": node("bad", OTHER, size=1 << 60),
    "more than 64 bits": node("bad", OTHER, size=1 << 70),
    "negative": node("bad", OTHER, size=-1),
}


@pytest.mark.parametrize("bad", LIES.values(), ids=LIES)
def test_a_size_that_lies_is_never_restored_silently(handmade: Handmade, tmp_path: Path, bad: dict[str, Any]) -> None:
    handmade.keep(tree_of(bad, node("good", GOOD)), GOOD, OTHER)
    try:
        restored = Restored(handmade, tmp_path / "back")
    except Corrupted:
        return
    if restored.files:
        assert restored.files == {b"good": GOOD}
        assert restored.named == {b"/bad"}
    assert restored.status is RunStatus.INCOMPLETE


@pytest.mark.parametrize("change", [-1, 1, 1000])
def test_a_wrong_uncompressed_length_never_moves_what_lies_behind(
    handmade: Handmade, tmp_path: Path, change: int
) -> None:
    tree = tree_of(node("both", GOOD, OTHER), node("good", OTHER))
    data = handmade.pack(BlobType.DATA, GOOD, OTHER)
    data["blobs"][0]["uncompressed_length"] += change
    handmade.index(handmade.pack(BlobType.TREE, tree), data)
    handmade.snapshot(tree)
    restored = Restored(handmade, tmp_path / "back")
    assert (restored.files, restored.named) == ({b"good": OTHER}, {b"/both"})
    assert problems(handmade) != set()


def test_hard_links_without_inode_and_device_capture_nothing(handmade: Handmade, tmp_path: Path) -> None:
    nowhere = {"inode": ..., "device_id": ...}
    names = [node("a", GOOD, links=2, **nowhere), node("b", GOOD, links=2, **nowhere), node("c", OTHER, **nowhere)]
    handmade.keep(tree_of(*names), GOOD, OTHER)
    restored = Restored(handmade, tmp_path / "back")
    assert restored.files == {b"a": GOOD, b"b": GOOD, b"c": OTHER}
    assert not (tmp_path / "back" / "c").samefile(tmp_path / "back" / "a")


def test_a_lone_file_with_the_inode_of_linked_ones_is_not_captured(handmade: Handmade, tmp_path: Path) -> None:
    linked = [node(name, GOOD, links=2, inode=7, device_id=1) for name in "ab"]
    handmade.keep(tree_of(*linked, node("c", OTHER, links=1, inode=7, device_id=1)), GOOD, OTHER)
    restored = Restored(handmade, tmp_path / "back")
    assert restored.files == {b"a": GOOD, b"b": GOOD, b"c": OTHER}
    assert (tmp_path / "back" / "a").samefile(tmp_path / "back" / "b")


def test_one_of_several_links_is_a_file(handmade: Handmade, tmp_path: Path) -> None:
    handmade.keep(tree_of(node("a", GOOD, links=5)), GOOD)
    assert Restored(handmade, tmp_path / "back").files == {b"a": GOOD}


@pytest.mark.parametrize("mode", [0o104755, 0o4755, 0o7755])
def test_suid_bits_where_unix_has_them_mean_nothing(handmade: Handmade, tmp_path: Path, mode: int) -> None:
    handmade.keep(tree_of(node("file", GOOD, mode=mode)), GOOD)
    Restored(handmade, tmp_path / "back")
    assert (tmp_path / "back" / "file").stat().st_mode & 0o7777 == 0o755


def test_names_in_any_order_are_listed_by_their_bytes_and_of_two_alike_one_counts(
    handmade: Handmade, tmp_path: Path
) -> None:
    handmade.keep(tree_of(node("z", GOOD), node("a", GOOD), node("z", OTHER), node("a-b", OTHER)), GOOD, OTHER)
    restored = Restored(handmade, tmp_path / "back")
    assert restored.listed == [b"/a", b"/a-b", b"/z"]
    assert restored.files == {b"a": GOOD, b"a-b": OTHER, b"z": GOOD}
    assert restored.named == {b"/z"}


def test_names_with_raw_control_characters_are_names(handmade: Handmade, tmp_path: Path) -> None:
    handmade.keep(tree_of(node("\x01\x1b[31m\u200b", GOOD), node("raw\nline\ttab", OTHER)), GOOD, OTHER)
    restored = Restored(handmade, tmp_path / "back")
    assert restored.files == {"\x01\x1b[31m\u200b".encode(): GOOD, b"raw\nline\ttab": OTHER}


@pytest.mark.parametrize("text", [b'{"nodes":[{"name":"a"', b"nothing", b'{"nodes":[{"name":"a\x01","type":"file"}]}'])
def test_a_directory_that_cannot_be_read_is_named_and_the_others_are_restored(
    handmade: Handmade, tmp_path: Path, text: bytes
) -> None:
    tree = tree_of(directory("bad", subtree=id_of(text)), node("good", GOOD))
    handmade.index(handmade.pack(BlobType.TREE, tree, text), handmade.pack(BlobType.DATA, GOOD))
    handmade.snapshot(tree)
    restored = Restored(handmade, tmp_path / "back")
    assert (restored.files, restored.named) == ({b"good": GOOD}, {b"/bad"})
    assert ProblemKind.TREE in problems(handmade)


def test_an_empty_directory_may_be_null(handmade: Handmade, tmp_path: Path) -> None:
    inner = b'{"nodes":null}\n'
    tree = tree_of(directory("empty", subtree=id_of(inner)))
    handmade.index(handmade.pack(BlobType.TREE, tree, inner))
    handmade.snapshot(tree)
    assert Restored(handmade, tmp_path / "back").status is RunStatus.OK
    assert os.listdir(tmp_path / "back" / "empty") == []
    assert problems(handmade) == set()


def test_trees_and_data_may_lie_in_one_pack(handmade: Handmade, tmp_path: Path) -> None:
    tree = tree_of(node("file", GOOD))
    blobs, body = [], b""
    for type_, content in ((BlobType.DATA, GOOD), (BlobType.TREE, tree)):
        sealed = handmade.cipher.seal(content)
        blobs.append(PackedBlob(type_, hashlib.sha256(content).digest(), len(body), len(sealed), 0))
        body += sealed
    header = handmade.cipher.seal(encode_header(blobs))
    pack = body + header + len(header).to_bytes(4, "little")
    handmade.store.put(key_of(FileKind.DATA, id_of(pack)), pack)
    listed = [{"id": b.id.hex(), "type": b.type.word, "offset": b.offset, "length": b.length} for b in blobs]
    handmade.index({"id": id_of(pack), "blobs": listed})
    handmade.snapshot(tree)
    assert Restored(handmade, tmp_path / "back").files == {b"file": GOOD}
    assert problems(handmade) == set()


def test_the_copy_in_another_pack_is_used_where_one_is_damaged(handmade: Handmade, tmp_path: Path) -> None:
    tree = tree_of(node("file", GOOD))
    packs = [handmade.pack(type_, content) for type_, content in [(BlobType.DATA, GOOD), (BlobType.TREE, tree)] * 2]
    assert len({pack["id"] for pack in packs}) == 4
    handmade.index(*packs)
    handmade.snapshot(tree)
    for pack in packs[:2]:
        key = key_of(FileKind.DATA, pack["id"])
        handmade.store.put(key, bytes(len(handmade.store.get(key))))
    assert Restored(handmade, tmp_path / "back").files == {b"file": GOOD}
    handmade.store.delete(key_of(FileKind.DATA, packs[0]["id"]))
    assert Restored(handmade, tmp_path / "again").files == {b"file": GOOD}


def test_large_blobs_and_thousands_of_tiny_ones_come_back(handmade: Handmade, tmp_path: Path) -> None:
    large = os.urandom(1 << 20) * 40
    tiny = [bytes([number % 251]) for number in range(10_000)]
    handmade.keep(tree_of(node("large", large), node("tiny", *tiny)), large, *sorted(set(tiny)))
    assert Restored(handmade, tmp_path / "back").files == {b"large": large, b"tiny": b"".join(tiny)}
    assert problems(handmade) == set()


def test_a_snapshot_whose_tree_is_nowhere_is_told(handmade: Handmade) -> None:
    handmade.snapshot(b"nowhere")
    assert problems(handmade) == {ProblemKind.TREE}
    repository = opened(handmade)
    with pytest.raises(Corrupted, match="in no index"):
        list(repository.entries(repository.snapshots()[0]))


@pytest.mark.requires("root")
def test_metadata_beyond_all_bounds_does_not_stop_the_others(tmp_path: Path) -> None:
    handmade = Handmade(LocalStore(str(tmp_path / "repository")))
    beyond: list[dict[str, Any]] = [
        {"mtime": "3000-01-01T00:00:00Z", "atime": "9999-12-31T23:59:59.999999999Z"},
        {"mtime": "0000-01-01T00:00:00Z", "ctime": "0001-01-01T00:00:00Z"},
        {"uid": 1 << 32},
        {"uid": 1 << 70, "gid": -(1 << 70)},
        {"inode": 1 << 70, "device_id": (1 << 64) - 1, "links": 1 << 65},
        {"mode": (1 << 64) - 1},
        {"extended_attributes": [{"name": "user." + "x" * 300, "value": "AA=="}]},
        {"user": "x" * 10_000},
    ]
    odd = [node(f"odd-{number}", GOOD, **fields) for number, fields in enumerate(beyond)]
    good = [node(f"plain-{number:03}", OTHER) for number in range(400)]
    handmade.keep(tree_of(*odd, *good), GOOD, OTHER)
    restored = Restored(handmade, tmp_path / "back")
    assert len(restored.files) == len(odd) + len(good)
    assert all(content in (GOOD, OTHER) for content in restored.files.values())


def test_a_repository_without_its_empty_directories_is_read_and_written(tmp_path: Path) -> None:
    handmade = Handmade(LocalStore(str(tmp_path / "repository")))
    for path in sorted((tmp_path / "repository").rglob("*"), reverse=True):
        if path.is_dir() and not os.listdir(path):
            path.rmdir()
    handmade.keep(tree_of(node("file", GOOD)), GOOD)
    assert problems(handmade) == set()
    assert Restored(handmade, tmp_path / "back").files == {b"file": GOOD}


def test_damage_below_trees_that_unfold_without_end_is_told_all_the_same(handmade: Handmade) -> None:
    trees = [tree_of(node("file", GOOD))]
    for _level in range(40):
        below = hashlib.sha256(trees[-1]).hexdigest()
        trees.append(tree_of(directory("left", subtree=below), directory("right", subtree=below)))
    handmade.index(handmade.pack(BlobType.TREE, *trees))
    snapshot = handmade.snapshot(trees[-1])
    (problem,) = opened(handmade).verify([], None, Watch()).problems
    assert problem.kind is ProblemKind.BLOB_MISSING
    assert problem.snapshots == (snapshot,)
    assert len(problem.paths) == 100


def test_a_pack_without_end_is_told_and_not_read(tmp_path: Path) -> None:
    handmade = Handmade(LocalStore(str(tmp_path)))
    handmade.keep(tree_of(node("file", GOOD)), GOOD)
    for pack in (tmp_path / "data").rglob("?" * 64):
        pack.chmod(0o600)
        os.truncate(pack, 1 << 42)
    assert problems(handmade) == {ProblemKind.PACK_SIZE}
