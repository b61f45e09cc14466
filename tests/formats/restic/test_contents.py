"""Blobs and trees of an open repository."""

from pathlib import Path

from tests.support.instant import instant_repository
from tests.support.repositories import keep
from tests.support.trees import write_tree
from tui_backup.stores.memory import MemoryStore


def test_trees_at_hand_are_bounded_by_their_nodes(tmp_path: Path) -> None:
    repository = instant_repository(MemoryStore())
    write_tree(tmp_path, {f"directory-{number}/file-{name}": b"" for number in range(4) for name in range(2500)})
    made = keep(repository, tmp_path)
    contents = repository.access.contents(made.snapshot)
    assert sum(1 for _entry in repository.entries(made.snapshot)) > 10_000
    assert 0 < contents._nodes <= 8192


def test_a_tree_at_hand_is_not_read_again(tmp_path: Path) -> None:
    repository = instant_repository(MemoryStore())
    write_tree(tmp_path, {"file": b"content"})
    snapshot = keep(repository, tmp_path).snapshot
    contents = repository.access.contents(snapshot)
    assert contents.tree(snapshot.root) is contents.tree(snapshot.root)
