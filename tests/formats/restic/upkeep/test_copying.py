"""Copies: the same snapshots in another repository, each blob read once, and restic knows them for what they are."""

import random
from pathlib import Path

import msgspec
import pytest

from tests.support.aging import Aged, aged, as_directory, assert_whole, contents, deaths, filled, hints
from tests.support.faulty import Fault, FaultyStore, unavailable
from tests.support.instant import instant_repository
from tests.support.repositories import keep, new_repository, open_repository, put_back
from tests.support.restic import Restic
from tests.support.samples import SAMPLES, sample_store
from tests.support.trees import random_tree, traits_of, write_tree
from tui_backup.errors import Corrupted, Locked, StoreError, StoreUnavailable
from tui_backup.formats.restic.index import PACKED
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.upkeep import CopyResult
from tui_backup.model.watch import Watch
from tui_backup.stores.local import LocalStore
from tui_backup.stores.memory import MemoryStore


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Aged:
    return aged(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Aged:
    """Another repository without snapshots, under another password."""
    return aged(tmp_path_factory.mktemp("second"), snapshots=0, password="another")


def copied(
    source: ResticRepository,
    target: ResticRepository,
    snapshots: list[Snapshot] | None = None,
    *,
    rehearse: bool = False,
) -> CopyResult:
    chosen = source.snapshots() if snapshots is None else snapshots
    return target.upkeep.copies.copy(source, chosen, Watch(), rehearse=rehearse)


def facts(snapshot: Snapshot) -> dict[str, object]:
    """Return what a copy shares with its source."""
    names = ("root", "time", "host", "paths", "tags", "excludes", "job", "kind", "status", "files", "size", "program")
    return {name: getattr(snapshot, name) for name in names}


def test_a_copy_is_the_same_snapshot_under_another_password(first: Aged, empty: Aged) -> None:
    store = empty.store()
    source = first.opened()
    done = copied(source, empty.opened(store))
    copies = assert_whole(empty.opened(store), 4)
    assert hints(empty.opened(store)) == []
    assert [facts(copy) for copy in copies] == [facts(each) for each in source.snapshots()]
    assert [copy.copy_of for copy in copies] == [each.id for each in source.snapshots()]
    assert [copy.original for copy in copies] == [each.id for each in source.snapshots()]
    assert [copy.parent for copy in copies] == [None] * 4
    assert [each.is_new for each in done.copied] == [True] * 4
    assert [each.snapshot for each in done.copied] == copies


def test_a_copy_restores_like_its_source(tmp_path: Path) -> None:
    source, target = instant_repository(), instant_repository(MemoryStore())
    tree = write_tree(tmp_path / "tree", {"directory/file": b"content", "large": bytes(range(256)) * 9000})
    keep(source, tree)
    (copy,) = copied(source, target).copied
    assert copy.snapshot is not None
    assert traits_of(put_back(target, copy.snapshot, tmp_path / "restored")) == traits_of(tree)


def test_what_is_there_is_not_read_again(first: Aged, empty: Aged) -> None:
    store = empty.store()
    watched = FaultyStore(first.store())
    source = first.opened(watched)
    *early, latest = source.snapshots()
    copied(source, empty.opened(store), early)
    watched.log.clear()
    again = copied(source, empty.opened(store), early)
    assert (again.blobs, again.read_bytes, again.added_bytes) == (0, 0, 0)
    assert [each.is_new for each in again.copied] == [False] * 3
    assert not [key for name, key in watched.log if name == "get" and key.startswith("data/")]
    delta = copied(source, empty.opened(store))
    whole = copied(source, empty.opened(empty.store()))
    assert 0 < delta.blobs < whole.blobs
    assert [each.is_new for each in delta.copied] == [False] * 3 + [True]
    assert latest.id in {each.copy_of for each in assert_whole(empty.opened(store), 4)}


def test_each_blob_is_read_once(first: Aged, empty: Aged) -> None:
    source = first.opened()
    done = copied(source, empty.opened(empty.store()))
    index = source.access.load().index
    assert done.blobs == len(index)
    assert done.read_bytes == sum(length for table in index.tables.values() for _id, _p, _o, length, _s in table)


def test_a_copy_is_whole_although_an_earlier_one_of_the_same_tree_is_not(tmp_path: Path) -> None:
    source, store = instant_repository(), MemoryStore()
    target = instant_repository(store)
    tree = write_tree(tmp_path / "tree", {"directory/file": b"content", "large": bytes(range(256)) * 9000})
    first, second = keep(source, tree).snapshot, keep(source, tree).snapshot
    assert first.root == second.root
    copied(source, target, [first])
    for pack in [key for key in contents(store) if key.startswith("data/")]:
        store.delete(pack)
    repairs = target.upkeep.repairs
    repairs.execute(repairs.plan_packs(None, None, Watch()), Watch())
    copied(source, target, [second])
    assert_whole(target, 2)


def test_a_damaged_source_does_not_matter_where_everything_is_there(tmp_path: Path) -> None:
    source_store = MemoryStore()
    source, target = instant_repository(source_store), instant_repository(MemoryStore())
    tree = write_tree(tmp_path / "tree", {"directory/file": b"content"})
    first, second = keep(source, tree).snapshot, keep(source, tree).snapshot
    copied(source, target, [first])
    for pack in [key for key in contents(source_store) if key.startswith("data/")]:
        source_store.delete(pack)
    copied(source, target, [second])
    assert_whole(target, 2)


def test_a_rehearsal_writes_nothing(first: Aged, empty: Aged) -> None:
    store = empty.store()
    source = first.opened()
    done = copied(source, empty.opened(store), rehearse=True)
    assert contents(store) == empty.objects
    assert done.blobs == len(source.access.load().index)
    assert [(each.is_new, each.snapshot) for each in done.copied] == [(True, None)] * 4


def local_repository(directory: Path) -> ResticRepository:
    directory.mkdir()
    return instant_repository(LocalStore(str(directory)))


def test_much_is_copied_by_workers(tmp_path: Path) -> None:
    source = local_repository(tmp_path / "source")
    target = local_repository(tmp_path / "target")
    random_tree(tmp_path / "tree", files=40, largest=1_000_000)
    (tmp_path / "tree" / "large").write_bytes(random.Random(4).randbytes(20_000_000))
    keep(source, tmp_path / "tree")
    done = copied(source, target)
    assert done.read_bytes > 20_000_000
    assert_whole(target, 1)
    blobs = target.access.load().index.by_pack()
    assert sum(len(records) for records in blobs.values()) == done.blobs * PACKED.size


def test_a_worker_that_cannot_store_says_why(tmp_path: Path) -> None:
    source = local_repository(tmp_path / "source")
    target = local_repository(tmp_path / "target")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "large").write_bytes(random.Random(4).randbytes(20_000_000))
    keep(source, tmp_path / "tree")
    (tmp_path / "target" / "data").write_bytes(b"in the way")
    with pytest.raises(StoreError, match="data"):
        copied(source, target)
    assert target.snapshots() == []


def test_a_copy_of_a_copy_is_the_same_still(first: Aged, empty: Aged) -> None:
    second, third = empty.store(), empty.store()
    copied(first.opened(), empty.opened(second))
    copied(empty.opened(second), empty.opened(third))
    originals = [each.id for each in first.opened().snapshots()]
    assert [each.original for each in empty.opened(third).snapshots()] == originals
    back = copied(empty.opened(third), first.opened(first.store()))
    assert [each.is_new for each in back.copied] == [False] * 4


def test_a_tagged_snapshot_is_known_again(first: Aged, empty: Aged) -> None:
    mine, store = first.store(), empty.store()
    source = first.opened(mine)
    copied(source, empty.opened(store))
    renewed = source.retag(source.snapshots()[0], (*source.snapshots()[0].tags, "pin"))
    assert [each.is_new for each in copied(source, empty.opened(store), [renewed]).copied] == [False]


def test_asked_twice_for_the_same_it_is_copied_once(first: Aged, empty: Aged) -> None:
    store = empty.store()
    source = first.opened()
    copied(source, empty.opened(store), source.snapshots()[:1] * 2)
    assert_whole(empty.opened(store), 1)


def test_a_damaged_snapshot_does_not_keep_the_others_from_being_copied(first: Aged, empty: Aged) -> None:
    mine, store = first.store(), empty.store()
    source = first.opened(mine)
    *_early, latest = source.snapshots()
    needed_by = {each.id: set(packs) for each, (_id, packs) in zip(source.snapshots(), _needs(source), strict=True)}
    only_latest = needed_by[latest.id] - set().union(*(packs for id_, packs in needed_by.items() if id_ != latest.id))
    assert only_latest
    for pack in only_latest:
        key = f"data/{pack[:2]}/{pack}"
        mine.put(key, bytes(len(first.objects[key])))
    with pytest.raises(Corrupted, match=latest.short_id):
        copied(first.opened(mine), empty.opened(store))
    assert latest.id not in {each.copy_of for each in assert_whole(empty.opened(store), 3)}


def _needs(repository: ResticRepository) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return repository.verify(repository.snapshots(), None, Watch()).needs


def test_a_lost_index_is_told_for_every_snapshot_that_needs_it(first: Aged, empty: Aged) -> None:
    mine, store = first.store(), empty.store()
    mine.delete(next(key for key in first.objects if key.startswith("index/")))
    with pytest.raises(Corrupted, match="cannot be copied"):
        copied(first.opened(mine), empty.opened(store))
    assert_whole(empty.opened(store))


def test_who_holds_the_target_is_left_alone(first: Aged, empty: Aged) -> None:
    store = empty.store()
    with empty.opened(store).access.exclusive(Watch()), pytest.raises(Locked):
        copied(first.opened(), empty.opened(store))


@pytest.mark.parametrize("name", SAMPLES)
def test_what_restic_made_can_be_copied(name: str, empty: Aged, tmp_path: Path) -> None:
    store = empty.store()
    source = open_repository(sample_store(name), "test")
    done = copied(source, empty.opened(store))
    copies = assert_whole(empty.opened(store), len(source.snapshots()))
    assert [facts(copy) for copy in copies] == [facts(each) for each in source.snapshots()]
    assert done.blobs > 0


def test_a_repository_of_version_1_takes_copies_that_are_not_compressed(tmp_path: Path) -> None:
    source, target = instant_repository(), instant_repository(MemoryStore(), version=1)
    keep(source, write_tree(tmp_path, {"file": b"compressible " * 1000}))
    copied(source, target)
    assert_whole(target, 1)
    assert {size for table in target.access.load().index.tables.values() for *_place, size in table} == {0}


def test_what_was_never_compressed_is_when_it_comes_to_version_2(tmp_path: Path) -> None:
    source, target = instant_repository(MemoryStore(), version=1), instant_repository()
    keep(source, write_tree(tmp_path, {"file": b"compressible " * 1000}))
    copied(source, target)
    assert_whole(target, 1)
    assert 0 not in {size for table in target.access.load().index.tables.values() for *_place, size in table}


def test_a_source_that_goes_away_leaves_what_was_copied_to_be_found_again(first: Aged, empty: Aged) -> None:
    store = empty.store()
    source = first.opened(FaultyStore(first.store(), Fault(on="get", prefix="data/", at=9, error=unavailable())))
    with pytest.raises(StoreUnavailable):
        copied(source, empty.opened(store))
    assert_whole(empty.opened(store), 0)
    copied(first.opened(), empty.opened(store))
    assert_whole(empty.opened(store), 4)


@pytest.mark.requires("restic")
def test_dying_at_any_operation_leaves_a_clean_repository(first: Aged, empty: Aged, tmp_path: Path) -> None:
    shapes: set[tuple[int, ...]] = set()
    left = 0
    for store in deaths(lambda dying: copied(first.opened(), empty.opened(dying)), empty.store):
        left += 1
        assert_whole(empty.opened(store))
        shape = tuple(sum(key.startswith(kind) for key in contents(store)) for kind in ("snap", "index", "data"))
        if shape not in shapes:
            shapes.add(shape)
            Restic(as_directory(store, tmp_path / str(left)), "another").check()
        copied(first.opened(), empty.opened(store))
        assert_whole(empty.opened(store), 4)
    assert left > 20
    assert len(shapes) > 5


@pytest.mark.requires("restic")
def test_restic_and_we_know_each_others_copies(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    source, target = new_repository(mine), new_repository(theirs, "another")
    keep(source, write_tree(tmp_path / "tree", {"file": b"content"}))
    copied(source, target)
    restic = Restic(theirs, "another")
    restic.check()
    assert [each["original"] for each in restic.json("snapshots")] == [each.id for each in source.snapshots()]
    password = tmp_path / "password"
    password.write_text("correct horse")
    keep(source, write_tree(tmp_path / "tree", {"more": b"more"}))
    restic.run(*_copy_from(restic, mine, password))
    assert len(restic.json("snapshots")) == 2
    assert [each.is_new for each in copied(source, open_repository(theirs, "another")).copied] == [False, False]
    restic.check()


def _copy_from(restic: Restic, source: Path, password: Path) -> tuple[str, ...]:
    """Return restic's command line for a copy; its options were renamed once."""
    if "--from-repo" in restic.run("copy", "--help"):
        return ("copy", "--from-repo", str(source), "--from-password-file", str(password))
    return ("copy", "--repo2", str(source), "--password-file2", str(password))


def test_a_snapshot_says_where_it_came_from_only_if_that_is_an_id(first: Aged, empty: Aged) -> None:
    store = filled(empty.objects)
    copied(first.opened(), empty.opened(store))
    repository = empty.opened(store)
    file = repository.access.snapshots.file(repository.snapshots()[0].id)
    odd = msgspec.json.encode(file.fields | {"copy_of": ["strange"]})
    assert repository.access.snapshots.add(odd).copy_of is None
