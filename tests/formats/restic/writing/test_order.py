"""What a backup stores in which order, and when an index file is written."""

import hashlib
import os
from pathlib import Path

import pytest

from tests.support.faulty import FaultyStore
from tests.support.instant import instant_repository, keep_alone
from tests.support.repositories import keep, new_repository, open_repository
from tests.support.trees import random_tree, write_tree
from tui_backup.errors import Locked
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.index import Index, load_index
from tui_backup.formats.restic.layout import FileKind, names
from tui_backup.formats.restic.pack import BlobType, PackedBlob, read_header
from tui_backup.formats.restic.writing.packlog import PackLog
from tui_backup.formats.restic.writing.sealing import Stored
from tui_backup.stores.local import LocalStore
from tui_backup.stores.memory import MemoryStore


def kinds_put(store: FaultyStore) -> list[str]:
    """Return the directories that were written to, in order, each once in a row."""
    written = [key.partition("/")[0] for name, key in store.log if name == "put"]
    return [kind for at, kind in enumerate(written) if kind != "locks" and kind not in written[at - 1 : at]]


def test_packs_come_first_then_their_index_and_the_snapshot_last(tmp_path: Path) -> None:
    store = FaultyStore(MemoryStore())
    tree = write_tree(tmp_path / "data", {"large": os.urandom(40_000_000), "small": b"x"})
    keep(instant_repository(store), tree)
    assert kinds_put(store) == ["data", "index", "snapshots"]


def test_nothing_new_writes_a_snapshot_and_nothing_else(tmp_path: Path) -> None:
    store = FaultyStore(MemoryStore())
    repository = instant_repository(store)
    tree = random_tree(tmp_path / "data", files=5)
    keep_alone(repository, tree)
    store.log.clear()
    keep_alone(repository, tree)
    assert kinds_put(store) == ["snapshots"]


@pytest.mark.parametrize("place", ["memory", "local"])
def test_trees_and_data_lie_in_packs_of_their_own_without_a_gap(tmp_path: Path, place: str) -> None:
    store = MemoryStore() if place == "memory" else LocalStore(str(tmp_path / "repository"))
    store.create()
    repository = instant_repository(store)
    keep(repository, random_tree(tmp_path / "data", files=300))
    cipher = repository.access.cipher
    packs = [store.get(f"data/{name[:2]}/{name}") for name in names(store, FileKind.DATA)]
    assert len(packs) >= 2
    for pack in packs:
        blobs = read_header(pack, cipher)
        assert len({blob.type for blob in blobs}) == 1
        assert len({blob.id for blob in blobs}) == len(blobs)
        assert blobs[-1].offset + blobs[-1].length + 36 + sum(41 if b.size else 37 for b in blobs) == len(pack)


def pack_of(number: int, blobs: int) -> Stored:
    pack = hashlib.sha256(b"%d" % number).digest()
    ids = [hashlib.sha256(b"%d %d" % (number, blob)).digest() for blob in range(blobs)]
    return Stored(pack, 1000, [PackedBlob(BlobType.DATA, id_, 40 * at, 40, 0) for at, id_ in enumerate(ids)])


def test_an_index_file_is_written_at_50_000_blobs_and_every_pack_is_whole_in_one(
    store: MemoryStore, cipher: Cipher
) -> None:
    log = PackLog(store, Index(), 2, cipher, lambda: None)
    for number in range(7):
        log.add(pack_of(number, 10_000))
        assert len(names(store, FileKind.INDEX)) == (number >= 4)
    log.save()
    log.save()
    index = load_index(store, 2, cipher)
    assert (len(names(store, FileKind.INDEX)), len(index), len(index.packs)) == (2, 70_000, 7)
    assert index.split == set()
    assert (log.blobs, log.content_added) == (70_000, 70_000 * 8)


def test_without_its_lock_a_backup_lists_no_packs(store: MemoryStore, cipher: Cipher) -> None:
    def lost() -> None:
        raise Locked("gone")

    log = PackLog(store, Index(), 2, cipher, lost)
    log.add(pack_of(1, 5))
    with pytest.raises(Locked):
        log.save()
    assert names(store, FileKind.INDEX) == {}


def test_no_two_seals_are_alike(cipher: Cipher) -> None:
    sealed = {cipher.seal(b"the same") for _time in range(100)}
    assert len({seal[:16] for seal in sealed}) == 100
    assert {cipher.open(seal) for seal in sealed} == {b"the same"}


def test_a_snapshot_that_is_younger_than_the_index_in_memory_is_read_all_the_same(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "data", {"file": b"first"})
    reader = new_repository(store := MemoryStore())
    first = keep(reader, tree).snapshot
    assert list(reader.entries(first))
    (tree / "file").write_bytes(b"second")
    second = keep(open_repository(store), tree).snapshot
    entry = reader.entry(second, bytes(tree / "file"))
    assert entry.origin.open(entry).read() == b"second"
