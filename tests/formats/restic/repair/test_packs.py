"""Damaged packs: what is whole is kept, what is lost is found elsewhere, what is found nowhere is named."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.aging import as_directory, assert_whole, contents, deaths, hints
from tests.support.components import restic, restic_current
from tests.support.faulty import BadSector, Fault, FaultyStore, flipped, unavailable
from tests.support.handmade import Handmade, node, tree_of
from tests.support.instant import instant_repository
from tests.support.mending import Pair, keys_of, plan_packs, repair_packs, words
from tests.support.repositories import keep, open_repository
from tests.support.restic import Restic
from tests.support.trees import random_tree, write_tree
from tui_backup.engine.restore import execute
from tui_backup.engine.restore_plan import plan_restore
from tui_backup.engine.restore_request import RestoreRequest
from tui_backup.errors import BackupError, StoreUnavailable
from tui_backup.formats.restic.browse import NodeOrigin
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.repair.inventory import take_inventory
from tui_backup.formats.restic.upkeep.survey import Seen
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.problem import ProblemKind
from tui_backup.model.watch import Watch
from tui_backup.stores.memory import MemoryStore


def assert_healed(pair: Pair, store: MemoryStore) -> None:
    assert_whole(pair.first.opened(store), 3)
    assert hints(pair.first.opened(store)) == []
    assert words(plan_packs(pair.first.opened(store))) == []


def healed(pair: Pair, store: MemoryStore) -> list[str]:
    done = repair_packs(pair.first.opened(store), pair.second.opened())
    assert done.problems == ()
    assert_healed(pair, store)
    return words(done)


def in_the_middle(content: bytes) -> bytes:
    return flipped(content, len(content) * 4)


def in_the_header(content: bytes) -> bytes:
    return flipped(content, len(content) * 8 - 200)


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def lengthened(content: bytes) -> bytes:
    return content + b"more"


def emptied(_content: bytes) -> bytes:
    return b""


def gone(_content: bytes) -> None:
    return None


DAMAGES = [in_the_middle, in_the_header, truncated, lengthened, emptied, gone]


@pytest.mark.parametrize("type_", BlobType)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_pack_is_healed_from_a_copy(
    damage: Callable[[bytes], bytes | None], type_: BlobType, pair: Pair
) -> None:
    key = pair.packs(type_)[0]
    healed(pair, pair.damaged({key: damage(pair.first.objects[key])}))


@pytest.mark.parametrize("damage", DAMAGES)
def test_index_data_and_trees_may_be_damaged_at_once(damage: Callable[[bytes], bytes | None], pair: Pair) -> None:
    keys = [pair.packs(BlobType.DATA)[0], pair.packs(BlobType.TREE)[1], keys_of(pair.first.objects, "index")[2]]
    healed(pair, pair.damaged({key: damage(pair.first.objects[key]) for key in keys}))


def test_everything_but_the_snapshots_may_be_gone(pair: Pair) -> None:
    lost = [*keys_of(pair.first.objects, "data"), *keys_of(pair.first.objects, "index")]
    assert "fetch-blobs" in healed(pair, pair.damaged(dict.fromkeys(lost)))


def test_what_is_whole_in_a_damaged_pack_moves_as_it_is(pair: Pair) -> None:
    key = pair.packs(BlobType.DATA)[0]
    store = pair.damaged({key: in_the_header(pair.first.objects[key])})
    done = repair_packs(pair.first.opened(store))
    assert done.problems == ()
    assert words(done) == ["replace-index", "replace-pack"]
    assert_healed(pair, store)
    blobs = pair.blobs_of(key)
    (new,) = set(keys_of(contents(store), "data")) - set(keys_of(pair.first.objects, "data"))
    assert all(
        pair.first.objects[key][blob.offset : blob.offset + blob.length] in contents(store)[new] for blob in blobs
    )


def test_another_pack_that_has_the_blobs_is_enough(pair: Pair) -> None:
    """An interrupted prune leaves packs twice."""
    key = pair.packs(BlobType.DATA)[0]
    store = pair.damaged({key: in_the_header(pair.first.objects[key])})
    repair_packs(pair.first.opened(store))
    for index in keys_of(pair.first.objects, "index"):
        store.put(index, pair.first.objects[index])
    store.put(key, in_the_middle(pair.first.objects[key]))
    packs = len(keys_of(contents(store), "data"))
    done = repair_packs(pair.first.opened(store))
    assert done.problems == ()
    assert "remove-pack" in words(done)
    assert len(keys_of(contents(store), "data")) == packs - 1
    assert_healed(pair, store)


def on_a_bad_sector(pair: Pair, key: str) -> BadSector:
    """Return the first where the disk does not give back the first blob of a pack."""
    store = BadSector(key, pair.blobs_of(key)[0].offset + 20)
    for each, content in pair.first.objects.items():
        store.put(each, content)
    return store


@pytest.mark.parametrize("type_", BlobType)
def test_what_a_bad_sector_took_is_healed_from_a_copy(type_: BlobType, pair: Pair) -> None:
    key = pair.packs(type_)[0]
    store = on_a_bad_sector(pair, key)
    healed(pair, store)
    assert key not in contents(store)


def test_what_lies_beside_a_bad_sector_is_saved_and_the_pack_stays_for_another_day(pair: Pair) -> None:
    key = pair.packs(BlobType.DATA)[0]
    first, *others = pair.blobs_of(key)
    assert others
    store = on_a_bad_sector(pair, key)
    done = repair_packs(pair.first.opened(store))
    assert {problem.object for problem in done.problems} == {first.id.hex()}
    assert "drop-pack" in words(done)
    assert key in {found.key for found in store.objects("data/")}
    index = pair.first.opened(store).access.load().index
    assert [(blob.type, blob.id) in index for blob in (first, *others)] == [False] + [True] * len(others)


def test_a_restore_reads_around_a_bad_sector(pair: Pair, tmp_path: Path) -> None:
    key = pair.packs(BlobType.DATA)[0]
    lost = pair.blobs_of(key)[0].id.hex()
    repository = pair.first.opened(on_a_bad_sector(pair, key))
    newest = repository.snapshots()[-1]
    request = RestoreRequest(target=bytes(tmp_path / "target"), trusted=True)
    watch = Watch()
    execute(plan_restore(repository, newest, request, watch), repository, watch)
    files = [entry for entry in repository.entries(newest) if entry.kind is EntryKind.FILE]
    there = {os.fsdecode(entry.path) for entry in files if (tmp_path / "target" / os.fsdecode(entry.path)[1:]).exists()}
    whole = {os.fsdecode(entry.path) for entry in files if lost not in blobs_of(entry)}
    assert there == whole
    assert len(whole) < len(files)


def blobs_of(entry: Entry) -> list[str]:
    assert isinstance(entry.origin, NodeOrigin)
    return entry.origin.node.blobs()


def test_a_pack_under_another_name_is_stored_anew(pair: Pair) -> None:
    key = pair.packs(BlobType.DATA)[0]
    other = key_of(FileKind.DATA, "ab" * 32)
    store = pair.damaged({key: None, other: pair.first.objects[key]})
    healed(pair, store)
    assert other not in contents(store)


def test_without_a_copy_what_is_lost_is_named_and_leaves_the_index(pair: Pair) -> None:
    key = pair.packs(BlobType.DATA)[0]
    lost = pair.blobs_of(key)[0]
    store = pair.damaged({key: flipped(pair.first.objects[key], 8 * lost.offset + 200)})
    plan = plan_packs(pair.first.opened(store))
    done = pair.first.opened(store).upkeep.repairs.execute(plan, Watch())
    (problem,) = done.problems
    assert (problem.kind, problem.object) == (ProblemKind.BLOB_MISSING, lost.id.hex())
    assert problem.paths
    assert problem.snapshots
    index = pair.first.opened(store).access.index()
    assert (BlobType.DATA, lost.id) not in index
    assert all((BlobType.DATA, blob.id) in index for blob in pair.blobs_of(key)[1:])
    later = repair_packs(pair.first.opened(store), pair.second.opened())
    assert words(later) == ["fetch-blobs"]
    assert_healed(pair, store)


def test_a_lost_tree_is_named_with_its_path(pair: Pair) -> None:
    key = pair.packs(BlobType.TREE)[0]
    done = repair_packs(pair.first.opened(pair.damaged({key: None})))
    assert {problem.kind for problem in done.problems} == {ProblemKind.TREE}
    assert all(problem.snapshots for problem in done.problems)


def test_what_no_snapshot_needs_is_no_problem(store: MemoryStore) -> None:
    made = Handmade(store)
    tree = tree_of(node("file", b"content"))
    made.keep(tree, b"content")
    unused = made.pack(BlobType.DATA, b"unused")
    made.index(unused)
    key = key_of(FileKind.DATA, unused["id"])
    store.put(key, flipped(store.get(key), 100))
    done = repair_packs(open_repository(store))
    assert done.problems == ()
    assert key not in contents(store)


def test_a_pack_of_unknown_content_stays_while_something_is_missing(pair: Pair) -> None:
    key, index = pair.packs(BlobType.DATA)[0], keys_of(pair.first.objects, "index")
    store = pair.damaged({key: in_the_header(pair.first.objects[key]), **dict.fromkeys(index)})
    done = repair_packs(pair.first.opened(store))
    assert key in {problem.object for problem in done.problems}
    assert key in contents(store)
    assert "remove-pack" in healed(pair, store)
    assert key not in contents(store)


def test_a_copy_that_is_damaged_too_heals_what_it_can(pair: Pair) -> None:
    key = pair.packs(BlobType.DATA)[0]
    store = pair.damaged({key: None})
    other = pair.second.store()
    (theirs, *_others) = keys_of(pair.second.objects, "data")
    other.put(theirs, in_the_middle(pair.second.objects[theirs]))
    done = repair_packs(pair.first.opened(store), pair.second.opened(other))
    assert len(done.problems) <= 1
    later = repair_packs(pair.first.opened(store), pair.second.opened())
    assert later.problems == ()
    assert_healed(pair, store)


def test_a_repository_is_not_healed_from_itself(pair: Pair) -> None:
    store = pair.first.store()
    with pytest.raises(BackupError, match="from itself"):
        plan_packs(pair.first.opened(store), pair.first.opened(store))


def test_a_passing_fault_is_no_damage(pair: Pair) -> None:
    """A pack that was bad at the first reading and is whole at the second stays."""
    key = pair.packs(BlobType.DATA)[0]
    store = FaultyStore(pair.first.store(), Fault(on="get", prefix=key, times=1, damage=in_the_middle))
    assert words(plan_packs(pair.first.opened(store))) == []


def test_what_decays_meanwhile_stops_everything(pair: Pair) -> None:
    key = pair.packs(BlobType.DATA)[0]
    store = pair.damaged({key: in_the_header(pair.first.objects[key])})
    repairs = pair.first.opened(store).upkeep.repairs
    plan = repairs.plan_packs(None, None, Watch())
    store.put(key, flipped(store.get(key), 300))
    before = contents(store)
    with pytest.raises(BackupError, match="whole a moment ago"):
        repairs.execute(plan, Watch())
    assert before.items() <= contents(store).items()


def test_a_full_disk_removes_nothing(pair: Pair) -> None:
    key = pair.packs(BlobType.DATA)[0]
    store = pair.damaged({key: in_the_middle(pair.first.objects[key])})
    before = contents(store)
    dying = FaultyStore(store, Fault(on="put", prefix="data/", error=unavailable()))
    with pytest.raises(StoreUnavailable):
        repair_packs(pair.first.opened(dying), pair.second.opened())
    assert contents(store) == before
    healed(pair, store)


def test_killed_anywhere_it_is_no_worse_and_the_next_repair_finishes(pair: Pair) -> None:
    keys = [pair.packs(BlobType.DATA)[0], pair.packs(BlobType.TREE)[1], _indexes(pair)[2]]
    damage = {key: in_the_middle(pair.first.objects[key]) for key in keys}
    lost = _lost(pair, pair.damaged(damage))

    def die(dying: FaultyStore) -> None:
        plan = plan_packs(pair.first.opened(dying.beneath), pair.second.opened())
        pair.first.opened(dying).upkeep.repairs.execute(plan, Watch())

    count = 0
    for left in deaths(die, lambda: pair.damaged(damage)):
        assert _lost(pair, left) <= lost
        assert _missing(pair, left) == set()
        healed(pair, left)
        count += 1
    assert count > 40


def _lost(pair: Pair, store: MemoryStore) -> set[str]:
    return {problem.object for problem in plan_packs(pair.first.opened(store)).problems}


def _missing(pair: Pair, store: MemoryStore) -> set[bytes]:
    """Return the packs that are listed and gone."""
    access = pair.first.opened(store).access
    return take_inventory(access, Seen.of(access).packs, Watch()).missing


def test_each_half_of_a_split_index_and_a_lost_header_are_put_together(pair: Pair) -> None:
    """Nothing but the union of what was said of a pack tells where its blobs lie."""
    key = pair.packs(BlobType.DATA)[0]
    store = pair.damaged({key: in_the_header(pair.first.objects[key]), **dict.fromkeys(_indexes(pair))})
    made = Handmade.__new__(Handmade)
    made.store, made.cipher = store, pair.first.opened().access.cipher
    blobs = [
        {"id": blob.id.hex(), "type": "data", "offset": blob.offset, "length": blob.length}
        | ({"uncompressed_length": blob.size} if blob.size else {})
        for blob in pair.blobs_of(key)
    ]
    for half in (blobs[::2], blobs[1::2]):
        made.index({"id": key.rpartition("/")[2], "blobs": half})
    done = repair_packs(pair.first.opened(store))
    assert done.problems == ()
    assert_healed(pair, store)


def _indexes(pair: Pair) -> list[str]:
    return keys_of(pair.first.objects, "index")


@pytest.mark.parametrize(("version", "theirs"), [(1, 1), (1, 2), (2, 1)])
def test_repositories_of_either_version_heal_each_other(version: int, theirs: int, tmp_path: Path) -> None:
    tree = random_tree(tmp_path / "tree", files=20, largest=5000)
    first, second = instant_repository(version=version), instant_repository(version=theirs)
    keep(first, tree)
    second.upkeep.copies.copy(first, first.snapshots(), Watch())
    for key in keys_of(contents(first.access.store), "data"):
        first.access.store.delete(key)
    assert repair_packs(first, second).problems == ()
    assert_whole(first, 1)


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(restic(), marks=pytest.mark.requires("restic")),
        pytest.param(restic_current(), marks=pytest.mark.requires("restic-current")),
    ],
)
def test_restic_agrees(program: str | None, pair: Pair, tmp_path: Path) -> None:
    keys = [pair.packs(BlobType.DATA)[1], pair.packs(BlobType.TREE)[0], _indexes(pair)[0]]
    store = pair.damaged({key: in_the_middle(pair.first.objects[key]) for key in keys})
    directory = as_directory(store, tmp_path / "repository")
    real = Restic(directory, program=program)
    assert real.attempt("check", "--read-data").returncode != 0
    done = repair_packs(open_repository(directory), pair.second.opened())
    assert done.problems == ()
    real.check()
    assert "additional files" not in real.run("check")


def test_a_pack_of_unknown_content_stays_while_nobody_knows_what_a_snapshot_needs(tmp_path: Path) -> None:
    store = MemoryStore()
    repository = instant_repository(store)
    keep(repository, write_tree(tmp_path / "one", {"file": b"the first"}))
    before = contents(store)
    keep(repository, write_tree(tmp_path / "two", {"file": b"the second"}))
    added = contents(store).keys() - before.keys()
    (snapshot,) = (key for key in added if key.startswith("snapshots/"))
    packs = [key for key in added if key.startswith("data/")]
    for key in [key for key in contents(store) if key.startswith("index/")]:
        store.delete(key)
    for key, damage in [(snapshot, in_the_middle), *((pack, in_the_header) for pack in packs)]:
        content = damage(store.get(key))
        store.delete(key)
        store.put(key, content)
    done = repair_packs(repository)
    assert {snapshot, *packs} <= {problem.object for problem in done.problems}
    assert set(packs) <= contents(store).keys()


def test_what_a_bad_sector_took_stays_where_the_copy_turns_out_to_be_damaged(pair: Pair) -> None:
    key = pair.packs(BlobType.DATA)[0]
    store = on_a_bad_sector(pair, key)
    other = pair.second.store()
    for theirs in keys_of(pair.second.objects, "data"):
        other.delete(theirs)
        other.put(theirs, bytes(len(pair.second.objects[theirs])))
    done = repair_packs(pair.first.opened(store), pair.second.opened(other))
    assert done.problems
    assert key in {found.key for found in store.objects("data/")}
