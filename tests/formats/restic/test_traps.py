"""What other programs may write and restic reads, or must refuse: the fact sheet's measured edge cases."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from tests.support.handmade import TIME, Handmade, node, tree_of
from tests.support.repositories import open_repository
from tests.support.restic import Restic
from tui_backup.errors import Corrupted
from tui_backup.formats.base import Subset
from tui_backup.formats.restic.layout import FileKind, id_of
from tui_backup.formats.restic.pack import BlobType
from tui_backup.model.problem import ProblemKind
from tui_backup.model.watch import Watch
from tui_backup.stores.local import LocalStore
from tui_backup.stores.memory import MemoryStore

ONE, TWO = b"one " * 100, b"two"
PLAIN = tree_of(node("file", ONE, TWO))


@pytest.fixture
def handmade(store: MemoryStore) -> Handmade:
    return Handmade(store)


def contents(handmade: Handmade) -> list[dict[bytes, bytes]]:
    """Return path -> content of the files of each snapshot."""
    repository = open_repository(handmade.store)
    return [
        {entry.path: entry.origin.open(entry).read() for entry in repository.entries(snapshot) if entry.kind == "file"}
        for snapshot in repository.snapshots()
    ]


def problems(handmade: Handmade) -> set[ProblemKind]:
    """Return the kinds of problems that matter."""
    proof = open_repository(handmade.store).verify([], Subset(), Watch())
    return {problem.kind for problem in proof.problems if not problem.hint}


def test_plain_json_in_version_2_is_read(handmade: Handmade) -> None:
    handmade.keep(PLAIN, ONE, TWO)
    assert contents(handmade) == [{b"/file": ONE + TWO}]
    assert problems(handmade) == set()


@pytest.mark.parametrize("document", [b"{}", b'{"packs":null}', b'{"packs":[]}', b'{"packs":[],"odd":{"a":[1]}}'])
def test_index_files_that_say_nothing_do_no_harm(handmade: Handmade, document: bytes) -> None:
    handmade.put(FileKind.INDEX, document)
    handmade.keep(PLAIN, ONE, TWO)
    assert contents(handmade) == [{b"/file": ONE + TWO}]
    assert problems(handmade) == set()


def test_packs_that_rustic_wants_to_delete_are_no_data(handmade: Handmade) -> None:
    gone = {"id": "ab" * 32, "time": TIME, "blobs": [{"id": "cd" * 32, "type": "data", "offset": 0, "length": 40}]}
    handmade.keep(PLAIN, ONE, TWO)
    handmade.index(packs_to_delete=[gone], supersedes=["ef" * 32])
    assert problems(handmade) == set()


@pytest.mark.parametrize("type_", ["Data", "DATA", "blob", "", None])
def test_an_unknown_type_of_blob_makes_an_index_unreadable(handmade: Handmade, type_: str | None) -> None:
    pack = handmade.pack(BlobType.DATA, ONE)
    pack["blobs"][0]["type"] = type_
    handmade.index(pack)
    assert ProblemKind.INDEX in problems(handmade)


def test_entries_of_an_index_may_come_in_any_order(handmade: Handmade) -> None:
    data, tree = handmade.pack(BlobType.DATA, ONE, TWO, b"three"), handmade.pack(BlobType.TREE, PLAIN)
    data["blobs"].reverse()
    handmade.index(tree, data)
    handmade.snapshot(PLAIN)
    assert contents(handmade) == [{b"/file": ONE + TWO}]
    assert problems(handmade) == set()


def test_a_pack_listed_twice_alike_is_no_problem(handmade: Handmade) -> None:
    handmade.keep(PLAIN, ONE, TWO)
    extra = handmade.pack(BlobType.DATA, b"three")
    handmade.index(extra)
    handmade.index(extra, odd=True)
    assert problems(handmade) == set()


def test_a_pack_split_over_two_index_files_is_read_and_told(handmade: Handmade) -> None:
    data, tree = handmade.pack(BlobType.DATA, ONE, TWO), handmade.pack(BlobType.TREE, PLAIN)
    handmade.index(tree, data | {"blobs": data["blobs"][:1]})
    handmade.index(data | {"blobs": data["blobs"][1:]})
    handmade.snapshot(PLAIN)
    assert contents(handmade) == [{b"/file": ONE + TWO}]
    assert ProblemKind.INDEX in problems(handmade)


def test_a_pack_listed_in_part_is_told(handmade: Handmade) -> None:
    data, tree = handmade.pack(BlobType.DATA, ONE, TWO), handmade.pack(BlobType.TREE, tree_of(node("file", ONE)))
    handmade.index(tree, data | {"blobs": data["blobs"][:1]})
    assert ProblemKind.PACK_SIZE in problems(handmade)


def test_a_wrong_uncompressed_length_is_found_where_restic_finds_nothing(handmade: Handmade) -> None:
    data, tree = handmade.pack(BlobType.DATA, ONE, TWO), handmade.pack(BlobType.TREE, PLAIN)
    data["blobs"][0]["uncompressed_length"] += 1
    handmade.index(tree, data)
    handmade.snapshot(PLAIN)
    assert problems(handmade) != set()


@pytest.mark.parametrize("compression", ["off", "max"])
def test_blobs_are_read_compressed_or_not(handmade: Handmade, compression: str) -> None:
    handmade.index(handmade.pack(BlobType.TREE, PLAIN), handmade.pack(BlobType.DATA, ONE, TWO, compression=compression))
    handmade.snapshot(PLAIN)
    assert contents(handmade) == [{b"/file": ONE + TWO}]
    assert problems(handmade) == set()


def test_a_blob_of_no_bytes_is_read(handmade: Handmade) -> None:
    tree = tree_of(node("file", b"", TWO, b""))
    handmade.keep(tree, b"", TWO)
    assert contents(handmade) == [{b"/file": TWO}]
    assert problems(handmade) == set()


def test_many_tiny_blobs_are_a_file_too(handmade: Handmade) -> None:
    pieces = [bytes([number]) for number in range(256)]
    handmade.keep(tree_of(node("file", *pieces * 4)), *pieces)
    assert contents(handmade) == [{b"/file": bytes(range(256)) * 4}]


def test_the_content_decides_where_the_size_is_wrong(handmade: Handmade) -> None:
    handmade.keep(tree_of(node("large", ONE, size=1 << 40), node("none", ONE, size=...)), ONE)
    assert contents(handmade) == [{b"/large": ONE, b"/none": ONE}]


@pytest.mark.parametrize(
    "fields",
    [
        {"atime": ..., "ctime": ...},
        {"mtime": None},
        {"user": "", "odd": {"a": 1}},
        {"mode": ...},
        {"inode": ..., "device_id": ..., "links": ...},
        {"extended_attributes": None},
        {"error": "lstat"},
    ],
    ids=repr,
)
def test_nodes_may_say_little(handmade: Handmade, fields: dict[str, Any]) -> None:
    handmade.keep(tree_of(node("file", ONE, **fields)), ONE)
    assert contents(handmade) == [{b"/file": ONE}]
    assert problems(handmade) == set()


@pytest.mark.parametrize(
    "tree",
    [b'{"nodes":[]}', b'{"nodes":[]}\n', b' {"odd":[1],"nodes":[],"more":null}\n'],
    ids=["no newline", "usual", "other keys"],
)
def test_an_empty_root_is_legal(handmade: Handmade, tree: bytes) -> None:
    handmade.keep(tree)
    assert contents(handmade) == [{}]
    assert problems(handmade) == set()


def test_a_directory_without_its_bit_and_a_socket_are_legal(handmade: Handmade) -> None:
    inner = tree_of()
    directory = node("directory", type="dir", mode=0o755, content=..., size=..., subtree=id_of(inner))
    socket = node("socket", type="socket", content=..., size=...)
    tree = tree_of(directory, socket)
    handmade.index(handmade.pack(BlobType.TREE, tree, inner))
    handmade.snapshot(tree)
    assert problems(handmade) == set()


@pytest.mark.parametrize("lists", [{}, {"paths": None, "tags": None, "excludes": None}, {"label": "x", "delete": {}}])
def test_a_snapshot_may_say_little(handmade: Handmade, lists: dict[str, Any]) -> None:
    handmade.index(handmade.pack(BlobType.TREE, tree_of()))
    handmade.snapshot(tree_of(), **lists)
    assert contents(handmade) == [{}]


def test_a_damaged_snapshot_is_told_and_the_others_are_listed(handmade: Handmade) -> None:
    handmade.keep(PLAIN, ONE, TWO)
    handmade.put(FileKind.SNAPSHOT, b"{}")
    handmade.store.put("snapshots/" + "0" * 64, b"")
    assert contents(handmade) == [{b"/file": ONE + TWO}]
    assert problems(handmade) == {ProblemKind.SNAPSHOT}


def test_strangers_anywhere_do_no_harm(handmade: Handmade) -> None:
    handmade.keep(PLAIN, ONE, TWO)
    for directory in ("keys", "index", "snapshots", "locks", "data", "data/ab"):
        for name in ("README", "AB" * 32, "ab" * 32 + "-tmp-17", "ab" * 31):
            handmade.store.put(f"{directory}/{name}", b"something")
    assert contents(handmade) == [{b"/file": ONE + TWO}]
    assert problems(handmade) == set()


def test_a_misplaced_pack_is_told(handmade: Handmade) -> None:
    handmade.keep(PLAIN, ONE, TWO)
    handmade.store.put("data/00/" + "ab" * 32, b"something")
    assert problems(handmade) == {ProblemKind.PACK_DAMAGED}


def test_a_compressed_config_does_not_open(handmade: Handmade) -> None:
    plain = handmade.cipher.open(handmade.store.get("config"))
    compressed = b"\x02" + zstandard.ZstdCompressor().compress(plain)
    handmade.store.put("config", handmade.cipher.seal(compressed))
    with pytest.raises(Corrupted, match="config"):
        open_repository(handmade.store)


def test_unknown_fields_of_the_config_do_no_harm(handmade: Handmade) -> None:
    fields = msgspec.json.decode(handmade.cipher.open(handmade.store.get("config")), type=dict[str, Any])
    handmade.store.put("config", handmade.cipher.seal(msgspec.json.encode(fields | {"append_only": True})))
    assert open_repository(handmade.store).id == fields["id"]


@pytest.mark.requires("restic")
def test_restic_finds_no_fault_with_what_we_read(tmp_path: Path) -> None:
    handmade = Handmade(LocalStore(str(tmp_path / "repository")))
    handmade.keep(PLAIN, ONE, TWO)
    handmade.keep(tree_of(node("file", b"", TWO)), b"")
    handmade.keep(b'{"odd":1,"nodes":[]}')
    handmade.keep(tree_of(node("file", b"five", atime=..., ctime=..., mtime=None, odd=1)), b"five")
    for document in (b"{}", b'{"packs":null}'):
        handmade.put(FileKind.INDEX, document)
    reversed_pack = handmade.pack(BlobType.DATA, b"six", b"seven")
    reversed_pack["blobs"].reverse()
    handmade.index(reversed_pack, odd=True)
    handmade.store.put("snapshots/README", b"something")
    assert problems(handmade) == set()
    Restic(tmp_path / "repository").check()
