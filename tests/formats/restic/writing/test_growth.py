"""The tree of a snapshot while it grows: very deep, very much in motion, on a repository that has lost something."""

import inspect
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from tests.support.given import GivenOrigin, given, given_dir
from tests.support.handmade import Handmade, node, tree_of
from tests.support.instant import instant_repository
from tests.support.repositories import brief, opening
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.entry import Entry
from tui_backup.model.watch import Watch
from tui_backup.stores.local import LocalStore


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    return path


@pytest.fixture
def little_stack() -> Iterator[None]:
    """Leave room for two hundred calls inside one another."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 200)
    yield
    sys.setrecursionlimit(limit)


def entry_of(path: str, file: Path) -> Entry:
    """Return an entry whose content is that of a real file."""
    status = file.stat()
    entry = given(path, content=file.read_bytes(), inode=status.st_ino, device_id=status.st_dev)
    entry.origin = GivenOrigin(real=bytes(file))
    entry.ctime_ns = status.st_ctime_ns
    return entry


def test_directories_may_lie_deeper_than_calls_may_nest(file: Path) -> None:
    repository = instant_repository()
    directories = ["/d" * depth for depth in range(1, 1200)]
    with repository.begin(brief("/d"), Watch()) as draft:
        for path in directories:
            draft.add(given_dir(path))
        draft.add(entry_of(f"{directories[-1]}/file", file))
        draft.add(entry_of("/e", file))
        snapshot = draft.commit()
    assert [entry.path for entry in repository.children(snapshot, b"/")] == [b"/d", b"/e"]
    assert len(list(repository.entries(snapshot))) == len(directories) + 2


def test_any_number_of_files_may_change_while_they_are_read(tmp_path: Path, file: Path, little_stack: None) -> None:
    (tmp_path / "repository").mkdir()
    repository = instant_repository(LocalStore(str(tmp_path / "repository")))
    changed = msgspec.structs.replace(entry_of("/", file), ctime_ns=1)
    with repository.begin(brief("/"), Watch()) as draft:
        for number in range(30_000):
            draft.add(msgspec.structs.replace(changed, path=b"/%06d" % number))
        draft.commit()
    assert draft.tally.files_new == 30_000


def test_a_tree_that_the_repository_lost_is_written_anew(tmp_path: Path) -> None:
    handmade = Handmade(LocalStore(str(tmp_path)))
    lost = {"type": "dir", "content": None, "subtree": sha256(tree_of()).hexdigest()}
    root = tree_of(node("one", **lost), node("two", **lost))
    handmade.index(handmade.pack(BlobType.TREE, root))
    handmade.snapshot(root, hostname="web1", paths=["/"])
    repository = ResticRepository(opening(handmade.store), handmade.config, handmade.keys)
    with repository.begin(brief("/", time=datetime(2100, 1, 1, tzinfo=UTC)), Watch()) as draft:
        draft.add(given_dir("/one"))
        draft.add(given_dir("/two"))
        snapshot = draft.commit()
    assert snapshot.parent
    assert repository.children(snapshot, b"/two") == []
