"""A repository with copies at hand: what is asked of the store, and what never comes from a copy."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faulty import FaultyStore, flipped
from tests.support.instant import instant_repository
from tests.support.repositories import keep, opening
from tui_backup.formats.base import Subset
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.upkeep import ReclaimLimits
from tui_backup.model.watch import Watch
from tui_backup.stores.cached import CachedStore, _known
from tui_backup.stores.local import LocalStore


class Distant:
    """A repository with two snapshots in a store that is best asked for nothing twice."""

    def __init__(self, directory: Path) -> None:
        self.local = LocalStore(str(directory / "store"))
        self.local.create()
        self.faulty = FaultyStore(self.local)
        self.directory = directory / "caches" / ("ab" * 32)
        self._made = instant_repository(self.local)
        self.tree = directory / "tree"
        for text in ("one", "two"):
            for name in ("a", "b/c", "b/d"):
                (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
                (self.tree / name).write_text(name + text)
            keep(self._made, self.tree)

    def opened(self) -> ResticRepository:
        """Open it as a new process does, and begin to count."""
        _known.pop(str(self.directory), None)
        self.faulty.log.clear()
        access = self._made.access
        store = CachedStore(beneath=self.faulty, directory=str(self.directory))
        return ResticRepository(opening(store), access.config, access.keys)

    @property
    def read(self) -> Counter[str]:
        """How often something was read since it was opened, by directory."""
        return Counter(key.partition("/")[0] for name, key in self.faulty.log if name == "get")

    def packs(self, type_: BlobType) -> set[str]:
        """Return the packs with blobs of one type."""
        index = self._made.access.index()
        return {index.packs[number].hex() for _id, number, *_place in index.tables[type_]}

    def copies(self) -> set[str]:
        """Return the names of the packs that are at hand."""
        return {path.name for path in (self.directory / "data").rglob("*") if path.is_file()}


@pytest.fixture
def distant(tmp_path: Path) -> Iterator[Distant]:
    made = Distant(tmp_path)
    yield made
    _known.pop(str(made.directory), None)


def look(repository: ResticRepository) -> list[Snapshot]:
    snapshots = repository.snapshots()
    for snapshot in snapshots:
        assert len(list(repository.entries(snapshot))) >= 4
    return snapshots


def test_who_looks_twice_asks_once(distant: Distant) -> None:
    look(distant.opened())
    assert distant.read == {"snapshots": 2, "index": 2, "data": 2}
    assert distant.copies() == distant.packs(BlobType.TREE)
    look(distant.opened())
    assert distant.read == {}


def test_files_are_read_from_the_store(distant: Distant) -> None:
    snapshot = look(distant.opened())[-1]
    repository = distant.opened()
    entry = repository.entry(snapshot, str(distant.tree / "a").encode())
    assert distant.read == {}
    with entry.origin.open(entry) as content:
        assert content.read() == b"atwo"
    assert distant.read == {"data": 1}
    assert distant.copies() == distant.packs(BlobType.TREE)


def test_what_a_backup_writes_is_at_hand(distant: Distant) -> None:
    repository = distant.opened()
    look(repository)
    (distant.tree / "b" / "e").write_text("new")
    keep(repository, distant.tree)
    look(distant.opened())
    assert distant.read["snapshots"] == distant.read["index"] == 0
    assert distant.copies() == distant.packs(BlobType.TREE)


@pytest.mark.parametrize("subset", [None, Subset()], ids=["structure", "data"])
@pytest.mark.parametrize("prefix", ["data/", "index/", "snapshots/"])
def test_a_verification_sees_the_store(distant: Distant, subset: Subset | None, prefix: str) -> None:
    repository = distant.opened()
    look(repository)
    for found in list(distant.local.objects(prefix)):
        content = distant.local.get(found.key)
        distant.local.put(found.key, flipped(content, 8 * 20 + 1))
    assert distant.opened().verify([], subset, Watch()).problems
    assert look(distant.opened())


def test_a_verification_without_damage_finds_none(distant: Distant) -> None:
    repository = distant.opened()
    look(repository)
    proof = repository.verify([], Subset(), Watch())
    assert proof.problems == ()
    assert len(proof.read) == len(distant.packs(BlobType.TREE) | distant.packs(BlobType.DATA))


def test_an_index_that_is_damaged_in_the_store_is_mended_there(distant: Distant) -> None:
    repository = distant.opened()
    look(repository)
    (first, *_others) = [found.key for found in distant.local.objects("index/")]
    distant.local.put(first, flipped(distant.local.get(first), 500))
    repairs = repository.upkeep.repairs
    plan = repairs.plan_index(Watch())
    assert plan.steps
    repairs.execute(plan, Watch())
    assert first not in {found.key for found in distant.local.objects("index/")}
    assert distant.opened().verify([], Subset(), Watch()).problems == ()
    assert len(look(distant.opened())) == 2


def test_a_prune_by_us_or_others_takes_copies_along(distant: Distant) -> None:
    repository = distant.opened()
    (old, _new) = look(repository)
    space = repository.upkeep.space
    space.execute(space.plan([old], ReclaimLimits(max_unused_percent=0), Watch()), Watch())
    assert len(look(distant.opened())) == 1
    assert {found.key.rpartition("/")[2] for found in distant.local.objects("data/")} >= distant.copies()
    (index, *_others) = [found.key for found in distant.local.objects("index/")]
    distant.local.delete(index)
    distant.opened().access.index()
    assert not (distant.directory / index).exists()
