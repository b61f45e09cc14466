"""Lost blobs are taken from the files they came from, and only where these hold the same bytes."""

import os
import random
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.support.aging import assert_whole, contents
from tests.support.instant import instant_repository
from tests.support.mending import keys_of, plan_packs, repair_packs, words
from tests.support.repositories import keep
from tests.support.trees import write_tree
from tui_backup.formats.restic.pack import BlobType, PackedBlob, read_header
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.problem import ProblemKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.stores.memory import MemoryStore


class Home:
    """A directory that was backed up and is still there, and its repository."""

    def __init__(self, directory: Path) -> None:
        self.store = MemoryStore()
        self.repository: ResticRepository = instant_repository(self.store)
        self.tree = write_tree(
            directory / "tree",
            {"big": random.Random(5).randbytes(6 << 20), "small": b"small", "deep/text": b"the same words " * 3000},
        )
        keep(self.repository, self.tree)

    @property
    def big(self) -> Path:
        """The file of several blobs."""
        return self.tree / "big"

    def blobs(self) -> list[PackedBlob]:
        """Return the blobs of the one pack of data."""
        return read_header(self.store.get(self.pack), self.repository.access.cipher)

    @property
    def pack(self) -> str:
        """The key of the one pack of data."""
        (key,) = (key for key in keys_of(contents(self.store), "data") if self._type(key) is BlobType.DATA)
        return key

    def _type(self, key: str) -> BlobType:
        return read_header(self.store.get(key), self.repository.access.cipher)[0].type

    def lose(self, *numbers: int) -> None:
        """Overwrite some blobs of the pack."""
        content = bytearray(self.store.get(self.pack))
        for blob in (self.blobs()[number] for number in numbers):
            content[blob.offset : blob.offset + blob.length] = bytes(blob.length)
        self.store.put(self.pack, bytes(content))

    def lose_all(self) -> None:
        """Remove the pack and every index file: nobody knows the length of any blob."""
        for key in (self.pack, *keys_of(contents(self.store), "index")):
            self.store.delete(key)


def live(_snapshot: Snapshot, path: bytes) -> BinaryIO | None:
    return open(path, "rb") if os.path.isfile(path) else None


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_blobs_in_the_middle_of_a_file_are_read_from_there(home: Home) -> None:
    home.lose(0, 2, 3)
    done = repair_packs(home.repository, live=live)
    assert done.problems == ()
    assert words(done) == ["replace-index", "replace-pack", "read-file"]
    assert_whole(home.repository, 1)


def test_every_blob_is_found_where_nobody_knows_their_lengths(home: Home) -> None:
    home.lose_all()
    done = repair_packs(home.repository, live=live)
    assert done.problems == ()
    assert {step.object for step in done.done if step.what == "read-file"} == {
        str(home.tree / name) for name in ("big", "small", "deep/text")
    }
    assert_whole(home.repository, 1)


def test_bytes_put_in_before_do_not_matter(home: Home) -> None:
    home.lose(3)
    home.big.write_bytes(b"something new" + home.big.read_bytes())
    assert repair_packs(home.repository, live=live).problems == ()
    assert_whole(home.repository, 1)


def test_a_file_that_holds_other_bytes_is_not_taken(home: Home) -> None:
    home.lose_all()
    (home.tree / "small").write_bytes(b"SMALL")
    done = repair_packs(home.repository, live=live)
    assert [(problem.kind, problem.paths) for problem in done.problems] == [
        (ProblemKind.BLOB_MISSING, (os.fsencode(home.tree / "small"),))
    ]


def test_a_file_that_changes_after_the_plan_is_not_taken(home: Home) -> None:
    home.lose_all()
    plan = plan_packs(home.repository, live=live)
    assert plan.problems == ()
    (home.tree / "small").write_bytes(b"SMALL")
    done = home.repository.upkeep.repairs.execute(plan, Watch())
    assert [problem.paths for problem in done.problems] == [(os.fsencode(home.tree / "small"),)]
    assert "small has changed meanwhile" in done.problems[0].message


def test_the_next_backup_stores_what_was_lost_anew(home: Home) -> None:
    home.lose_all()
    assert repair_packs(home.repository).problems != ()
    keep(home.repository, home.tree)
    assert repair_packs(home.repository).problems == ()
    assert_whole(home.repository, 2)


def test_nobody_is_asked_where_nothing_is_lost(home: Home) -> None:
    def never(_snapshot: Snapshot, _path: bytes) -> BinaryIO | None:
        raise AssertionError

    assert plan_packs(home.repository, live=never).steps == ()
