"""Several threads that look into one open repository at once."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.instant import instant_repository
from tests.support.repositories import keep
from tests.support.trees import write_tree
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.formats.restic.tree import Node, decode_tree, encode_tree
from tui_backup.model.snapshot import Snapshot
from tui_backup.stores.memory import MemoryStore

THREADS = 8


def test_each_gets_what_it_asked_for(tmp_path: Path) -> None:
    repository = instant_repository(MemoryStore())
    write_tree(tmp_path, {f"d{number % 40}/f{number}": os.urandom(3000) for number in range(400)})
    snapshot = keep(repository, tmp_path).snapshot
    repository.close()

    def look(thread: int) -> int:
        if thread % 2:
            return sum(each.id == snapshot.id for each in [*repository.access.snapshots.read(anew=True)[0]] * 20)
        return _read_all(repository, snapshot, tmp_path)

    with ThreadPoolExecutor(THREADS) as threads:
        assert set(threads.map(look, range(THREADS * 3))) <= {20, 400}


def _read_all(repository: ResticRepository, snapshot: Snapshot, tree: Path) -> int:
    """Read every file through its directory; return how many there are."""
    files = 0
    for number in range(40):
        above = bytes(tree / f"d{number}")
        for entry in repository.children(snapshot, above):
            with entry.origin.open(entry) as content:
                assert content.read() == Path(os.fsdecode(entry.path)).read_bytes()
            files += 1
    return files


def test_a_cipher_serves_several_threads(keys: Keys) -> None:
    cipher = Cipher(keys)

    def turn(number: int) -> bool:
        plaintext = bytes([number % 256]) * 100_000
        return cipher.open(cipher.seal(plaintext)) == plaintext

    with ThreadPoolExecutor(THREADS) as threads:
        assert all(threads.map(turn, range(400)))


def test_a_large_tree_is_read_as_a_small_one() -> None:
    nodes = [Node(name=f"file-{number:06}", type="file", content=["ab" * 32]) for number in range(12_000)]
    plaintext = encode_tree(nodes)
    assert len(plaintext) > 1 << 20
    assert decode_tree(plaintext) == nodes
