"""Space is given back, nothing that a snapshot needs is, and restic agrees."""

import random
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from tests.support.aging import Aged, aged, as_directory, assert_whole, contents, deaths, hints
from tests.support.faulty import Fault, FaultyStore, flipped, unavailable
from tests.support.handmade import Handmade, node, tree_of
from tests.support.instant import instant_repository
from tests.support.repositories import keep, open_repository
from tests.support.restic import Restic
from tests.support.trees import write_tree
from tui_backup.errors import BackupError, Corrupted, Locked, StoreUnavailable
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.formats.restic.upkeep.reclaim_work import ReclaimWork
from tui_backup.formats.restic.upkeep.survey import Seen
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.upkeep import Reclaimed, ReclaimLimits, ReclaimPlan
from tui_backup.model.watch import Watch
from tui_backup.stores.base import Space
from tui_backup.stores.memory import MemoryStore

NOTHING_UNUSED = ReclaimLimits(max_unused_percent=0)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Aged:
    return aged(tmp_path_factory.mktemp("old"))


def planned(repository: ResticRepository, gone: list[Snapshot], limits: ReclaimLimits = NOTHING_UNUSED) -> ReclaimPlan:
    return repository.upkeep.space.plan(gone, limits, Watch())


def reclaimed(repository: ResticRepository, gone: list[Snapshot], limits: ReclaimLimits = NOTHING_UNUSED) -> Reclaimed:
    return repository.upkeep.space.execute(planned(repository, gone, limits), Watch())


def pack_bytes(store: MemoryStore) -> int:
    return sum(len(content) for key, content in contents(store).items() if key.startswith("data/"))


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_forgotten_the_rest_stays_whole(seed: int, old: Aged) -> None:
    store = old.store()
    repository = old.opened(store)
    chance = random.Random(seed)
    snapshots = repository.snapshots()
    gone = chance.sample(snapshots, chance.randrange(1, len(snapshots) + 1))
    before = pack_bytes(store)
    plan = planned(repository, gone)
    done = repository.upkeep.space.execute(plan, Watch())
    assert_whole(old.opened(store), len(snapshots) - len(gone))
    assert hints(old.opened(store)) == []
    assert done.forgotten == len(gone)
    assert done.freed_bytes == before - pack_bytes(store)
    assert abs(done.freed_bytes - plan.freed_bytes) < 400
    assert planned(old.opened(store), []).unused_bytes == 0


def test_nothing_is_left_of_a_repository_without_snapshots(old: Aged) -> None:
    store = old.store()
    repository = old.opened(store)
    reclaimed(repository, repository.snapshots())
    assert {key.partition("/")[0] for key in contents(store)} == {"config", "keys"}


def test_a_plan_writes_nothing(old: Aged) -> None:
    store = old.store()
    repository = old.opened(store)
    plan = planned(repository, repository.snapshots()[:2])
    assert plan.freed_bytes > 0
    assert not plan.is_idle
    assert contents(store) == old.objects


def test_what_nobody_has_forgotten_stays_as_it_is(old: Aged) -> None:
    store = old.store()
    plan = planned(old.opened(store), [])
    assert plan.is_idle
    assert plan.freed_bytes == 0
    old.opened(store).upkeep.space.execute(plan, Watch())
    assert contents(store) == old.objects


@pytest.mark.parametrize("percent", [0, 5, 30, 90, None])
def test_no_more_stays_unused_than_is_tolerated(percent: float | None, old: Aged) -> None:
    store = old.store()
    repository = old.opened(store)
    reclaimed(repository, repository.snapshots()[:-1], ReclaimLimits(max_unused_percent=percent))
    left = planned(old.opened(store), [], ReclaimLimits(max_unused_percent=percent))
    assert left.is_idle
    if percent is not None:
        assert left.unused_bytes <= (left.used_bytes + left.unused_bytes) * percent / 100
    assert_whole(old.opened(store), 1)


def test_only_what_is_unused_as_a_whole_goes_when_any_waste_is_tolerated(old: Aged) -> None:
    repository = old.opened()
    lenient = planned(repository, repository.snapshots()[:-1], ReclaimLimits(max_unused_percent=100))
    assert lenient.unused_bytes > 0
    strict = planned(repository, repository.snapshots()[:-1])
    assert strict.repacked > lenient.repacked
    assert strict.freed_bytes > lenient.freed_bytes


def test_bytes_can_be_tolerated_too(old: Aged) -> None:
    repository = old.opened()
    limits = ReclaimLimits(max_unused_percent=None, max_unused_bytes=10)
    assert planned(repository, repository.snapshots()[:-1], limits).unused_bytes <= 10


def test_no_more_is_written_than_is_allowed(old: Aged) -> None:
    repository = old.opened()
    gone = repository.snapshots()[:-1]
    most = planned(repository, gone).repacked_bytes // 2
    plan = planned(repository, gone, ReclaimLimits(max_unused_percent=0, max_repack_bytes=most))
    assert 0 < plan.repacked_bytes <= most
    assert planned(repository, gone, ReclaimLimits(max_repack_bytes=0)).repacked == 0


class SmallStore(MemoryStore):
    """Has room for a few bytes only."""

    def space(self) -> Space:
        return Space(free=(64 << 20) + 30_000, total=1 << 30)


def test_no_more_is_written_than_there_is_room_for(old: Aged) -> None:
    store = SmallStore()
    for key, content in old.objects.items():
        store.put(key, content)
    repository = old.opened(store)
    plan = planned(repository, repository.snapshots()[:-1])
    assert plan.repacked_bytes <= 30_000
    assert plan.repacked < planned(old.opened(), repository.snapshots()[:-1]).repacked
    repository.upkeep.space.execute(plan, Watch())
    assert_whole(old.opened(store), 1)


def test_many_small_packs_are_merged(tmp_path: Path) -> None:
    repository = instant_repository()
    for number in range(10):
        keep(repository, write_tree(tmp_path / "tree", {f"file-{number}": b"%d" % number * 100}))
    few = planned(repository, [], ReclaimLimits())
    assert few.repacked == 20
    repository.upkeep.space.execute(few, Watch())
    after = planned(repository, [], ReclaimLimits())
    assert (after.kept, after.is_idle) == (2, True)
    assert_whole(repository, 10)


def test_packs_that_no_index_lists_go(old: Aged) -> None:
    store = old.store()
    for key in [key for key in old.objects if key.startswith("index/")][-1:]:
        store.delete(key)
    repository = old.opened(store)
    snapshots = repository.snapshots()
    with pytest.raises(Corrupted):
        planned(repository, [])
    plan = planned(repository, snapshots[-1:])
    assert plan.unlisted == 2
    repository.upkeep.space.execute(plan, Watch())
    assert hints(old.opened(store)) == []
    assert_whole(old.opened(store), len(snapshots) - 1)


def test_a_plan_is_refused_once_the_repository_has_changed(old: Aged, tmp_path: Path) -> None:
    store = old.store()
    repository = old.opened(store)
    plan = planned(repository, repository.snapshots()[:1])
    keep(repository, write_tree(tmp_path, {"new": b"content"}))
    before = contents(store)
    with pytest.raises(BackupError, match="has changed since"):
        repository.upkeep.space.execute(plan, Watch())
    assert contents(store) == before


@pytest.mark.parametrize("kind", ["snapshots", "index", "data"])
def test_every_kind_of_change_is_seen(kind: str, old: Aged) -> None:
    store = old.store()
    seen = Seen.of(old.opened(store).access)
    key = next(key for key in old.objects if key.startswith(kind))
    store.delete(key)
    assert Seen.of(old.opened(store).access).digest != seen.digest


def test_nothing_is_removed_while_a_snapshot_cannot_be_read(old: Aged) -> None:
    store = old.store()
    repository = old.opened(store)
    first, *others = repository.snapshots()
    store.put(f"snapshots/{first.id}", b"damaged")
    with pytest.raises(Corrupted, match=r"snapshots/"):
        planned(old.opened(store), others)
    assert reclaimed(old.opened(store), [first, *others]).forgotten == 4


def test_nothing_is_removed_while_a_needed_pack_is_missing_or_short(old: Aged) -> None:
    for change in ("missing", "short"):
        store = old.store()
        key = next(key for key in old.objects if key.startswith("data/"))
        store.delete(key)
        if change == "short":
            store.put(key, old.objects[key][:-1])
        left = contents(store)
        with pytest.raises(Corrupted):
            planned(old.opened(store), [])
        assert contents(store) == left


def test_a_damaged_blob_stops_the_work_before_anything_needed_goes(old: Aged) -> None:
    store = old.store()
    repository = old.opened(store)
    plan = planned(repository, repository.snapshots()[:-1])
    needed = set(contents(store))
    for key in needed:
        if key.startswith("data/"):
            store.put(key, flipped(store.get(key), bit=400))
    with pytest.raises(Corrupted, match="which snapshots need"):
        repository.upkeep.space.execute(plan, Watch())
    gone = {f"snapshots/{snapshot.id}" for snapshot in plan.gone}
    assert needed - gone <= set(contents(store))


def test_another_copy_serves_where_one_is_damaged(old: Aged) -> None:
    store = old.store()
    gone = old.opened(store).snapshots()[:-1]
    plan = planned(old.opened(store), gone)
    assert isinstance(plan.work, ReclaimWork)
    assert plan.work.moves
    doomed = FaultyStore(store, Fault(on="delete", prefix="index/", error=unavailable()))
    with pytest.raises(StoreUnavailable):
        reclaimed(old.opened(doomed), gone)
    for name in plan.work.obsolete:
        key = f"data/{name[:2]}/{name}"
        store.put(key, bytes(len(old.objects[key])))
    reclaimed(old.opened(store), [])
    assert_whole(old.opened(store), 1)


def test_whoever_works_there_is_left_alone(old: Aged) -> None:
    store = old.store()
    repository = old.opened(store)
    plan = planned(repository, [])
    with old.opened(store).access.shared(Watch()), pytest.raises(Locked):
        repository.upkeep.space.execute(plan, Watch())


def test_an_append_only_repository_loses_nothing(old: Aged) -> None:
    guarded = old._replace(config=msgspec.structs.replace(old.config, others={"append_only": True}))
    repository = guarded.opened()
    with pytest.raises(BackupError, match="append-only"):
        reclaimed(repository, repository.snapshots()[:1])


class Judge:
    """Looks at what dead reclaimings leave, each kind of it once with restic's eyes too."""

    def __init__(self, old: Aged, directory: Path) -> None:
        self._old = old
        self._directory = directory
        self._seen: set[tuple[int, ...]] = set()

    def judge(self, store: MemoryStore, kept: int) -> None:
        found = assert_whole(self._old.opened(store))
        assert len(found) >= kept
        shape = tuple(sum(key.startswith(kind) for key in contents(store)) for kind in ("snap", "index", "data"))
        if shape not in self._seen:
            self._seen.add(shape)
            Restic(as_directory(store, self._directory / str(len(self._seen)))).check()
        again = self._old.opened(store)
        reclaimed(again, found[:-1])
        assert_whole(self._old.opened(store), 1)
        assert hints(self._old.opened(store)) == []


@pytest.mark.requires("restic")
def test_dying_at_any_operation_leaves_a_clean_repository(old: Aged, tmp_path: Path) -> None:
    judge = Judge(old, tmp_path)
    plans: list[int] = []

    def die(store: FaultyStore) -> None:
        repository = old.opened(store)
        gone = repository.snapshots()[:-1]
        plans.append(planned(repository, gone).repacked)
        reclaimed(repository, gone)

    left = 0
    for store in deaths(die, old.store):
        judge.judge(store, 1)
        left += 1
    assert left > 60
    assert max(plans) > 2


@pytest.mark.requires("restic")
def test_restic_agrees_and_goes_on(tmp_path: Path) -> None:
    old = aged(tmp_path / "old")
    directory = as_directory(old.store(), tmp_path / "repository")
    restic = Restic(directory)
    repository = open_repository(directory)
    reclaimed(repository, repository.snapshots()[:2])
    restic.check()
    assert len(restic.json("snapshots")) == 2
    restic.run("forget", "--keep-last", "1", "--prune", "--group-by", "host")
    restic.check()
    again = open_repository(directory)
    assert_whole(again, 1)
    assert planned(again, []).unlisted == 0
    reclaimed(again, [])
    restic.check()


@pytest.mark.parametrize("damaged", [0, 1])
def test_the_last_whole_copy_of_a_blob_is_never_given_up(damaged: int) -> None:
    """An interrupted prune, or two backups at once, leave blobs twice; what of it is kept may have decayed."""
    store = MemoryStore()
    made = Handmade(store)
    content = bytes(range(256)) * 40
    tree = tree_of(node("file", content))
    packs = [made.pack(BlobType.DATA, content), made.pack(BlobType.DATA, content)]
    made.index(made.pack(BlobType.TREE, tree), *packs)
    made.snapshot(tree)
    key = key_of(FileKind.DATA, packs[damaged]["id"])
    bad = flipped(store.get(key), 999)
    store.delete(key)
    store.put(key, bad)
    repository = open_repository(store)
    with suppress(Corrupted):
        reclaimed(repository, [])
    repairs = repository.upkeep.repairs
    repairs.execute(repairs.plan_packs(None, None, Watch()), Watch())
    assert_whole(repository, 1)
