"""What cannot be healed is left out of a second snapshot, which says so; restic agrees, and the first one stays."""

import hashlib
from pathlib import Path

import msgspec
import pytest

from tests.support.aging import as_directory, assert_whole, contents, deaths
from tests.support.components import restic, restic_current
from tests.support.faulty import FaultyStore
from tests.support.handmade import TIME, Handmade, node, tree_of
from tests.support.mending import Pair, keys_of, repair_packs, repair_snapshots, words
from tests.support.repositories import open_repository
from tests.support.restic import Restic
from tui_backup.errors import Corrupted
from tui_backup.formats.restic.envelope import load_unpacked
from tui_backup.formats.restic.layout import FileKind
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.entry import EntryKind
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.model.watch import Watch
from tui_backup.stores.memory import MemoryStore


def crippled(pair: Pair, *keys: str) -> MemoryStore:
    """Return the first without some packs, as it is when they are given up."""
    store = pair.damaged(dict.fromkeys(keys))
    repair_packs(pair.first.opened(store))
    return store


def files(repository: ResticRepository, snapshot: Snapshot) -> dict[bytes, int]:
    found = repository.entries(snapshot)
    return {entry.path: entry.size for entry in found if entry.kind is EntryKind.FILE}


def test_files_with_a_lost_blob_are_left_out_whole_and_named(pair: Pair) -> None:
    store = crippled(pair, pair.packs(BlobType.DATA)[0])
    repository = pair.first.opened(store)
    before = repository.snapshots()
    done = repair_snapshots(repository)
    assert {step.object for step in done.done} <= {snapshot.id for snapshot in before}
    for step, made in zip(done.done, done.snapshots, strict=True):
        (old,) = (each for each in before if each.id == step.object)
        left, whole = files(repository, made), files(pair.first.opened(), old)
        assert set(whole) - set(left) == set(step.paths)
        assert left.items() <= whole.items()
    for made in done.snapshots:
        assert repository.verify([made], None, Watch()).problems == ()
    assert {snapshot.id for snapshot in before} < {snapshot.id for snapshot in repository.snapshots()}


def test_a_repaired_snapshot_says_what_it_is(pair: Pair) -> None:
    repository = pair.first.opened(crippled(pair, pair.packs(BlobType.DATA)[0]))
    done = repair_snapshots(repository)
    for step, made in zip(done.done, done.snapshots, strict=True):
        (old,) = (each for each in repository.snapshots() if each.id == step.object)
        assert made.original == old.id
        assert made.tags == (*old.tags, "incomplete", "repaired")
        assert made.status is SnapshotStatus.INCOMPLETE
        kept = ("time", "host", "paths", "username", "job", "kind", "parent", "excludes")
        assert [getattr(made, name) for name in kept] == [getattr(old, name) for name in kept]


def test_a_lost_directory_is_left_out_and_named(pair: Pair) -> None:
    trees = pair.packs(BlobType.TREE)
    repository = pair.first.opened(crippled(pair, trees[0]))
    done = repair_snapshots(repository)
    assert done.done or done.problems
    for made in done.snapshots:
        assert repository.verify([made], None, Watch()).problems == ()


def test_twice_makes_no_second_one(pair: Pair) -> None:
    repository = pair.first.opened(crippled(pair, pair.packs(BlobType.DATA)[0]))
    first = repair_snapshots(repository)
    plan = repository.upkeep.repairs.plan_snapshots(Watch())
    assert plan.steps == ()
    assert {step.object for step in plan.skipped} == {step.object for step in first.done}
    assert all("tui-backup forget" in step.detail for step in plan.skipped)


def test_one_that_got_other_tags_since_is_still_known(pair: Pair) -> None:
    repository = pair.first.opened(crippled(pair, pair.packs(BlobType.DATA)[0]))
    done = repair_snapshots(repository)
    (old,) = (each for each in repository.snapshots() if each.id == done.done[0].object)
    repository.retag(old, [*old.tags, "pin"])
    repository.retag(done.snapshots[0], [*done.snapshots[0].tags, "pin"])
    assert repair_snapshots(repository).done == ()


def test_a_repaired_one_that_loses_more_is_repaired_again(pair: Pair) -> None:
    data = pair.packs(BlobType.DATA)
    store = crippled(pair, data[0])
    first = repair_snapshots(pair.first.opened(store))
    for key in data[1:]:
        store.delete(key)
    repair_packs(pair.first.opened(store))
    again = repair_snapshots(pair.first.opened(store))
    assert {made.id for made in first.snapshots} & {step.object for step in again.done}


def test_without_damage_nothing_is_done(pair: Pair) -> None:
    store = pair.first.store()
    assert words(repair_snapshots(pair.first.opened(store))) == []
    assert contents(store) == pair.first.objects


def test_nothing_is_given_up_that_the_packs_still_have(pair: Pair) -> None:
    store = pair.damaged(dict.fromkeys(keys_of(pair.first.objects, "index")))
    before = contents(store)
    assert words(repair_snapshots(pair.first.opened(store))) == []
    assert contents(store) == before


def test_what_stays_is_listed_first(pair: Pair) -> None:
    store = crippled(pair, pair.packs(BlobType.DATA)[0])
    for key in keys_of(contents(store), "index"):
        store.delete(key)
    done = repair_snapshots(pair.first.opened(store))
    assert set(words(done)) == {"list-pack", "rewrite-snapshot"}
    assert pair.first.opened(store).verify(done.snapshots, None, Watch()).problems == ()


def test_packs_that_are_missing_are_to_be_healed_first(pair: Pair) -> None:
    store = pair.damaged({pair.packs(BlobType.DATA)[0]: None})
    with pytest.raises(Corrupted, match="packs are missing") as caught:
        repair_snapshots(pair.first.opened(store))
    assert "tui-backup repair packs -r main" in (caught.value.hint or "")


def test_a_damaged_snapshot_file_is_named(pair: Pair) -> None:
    key = keys_of(pair.first.objects, "snapshots")[0]
    plan = pair.first.opened(pair.damaged({key: b"damaged"})).upkeep.repairs.plan_snapshots(Watch())
    assert [problem.object for problem in plan.problems] == [key]


def test_what_other_programs_wrote_stays_byte_for_byte(store: MemoryStore) -> None:
    """Unknown fields, their order and spaces survive; an untouched directory keeps its id."""
    made = Handmade(store)
    lost = hashlib.sha256(b"lost").hexdigest()
    same = b'{"nodes": [{"later":1, "type":"symlink","name":"link","linktarget":"x"}]}\n'
    good = msgspec.json.encode(node("good", b"good") | {"from_the_future": {"b": 1, "a": 2}})
    bad = msgspec.json.encode(node("bad", content=[lost]))
    below = b'{"nodes":[%s,%s]}\n' % (bad, good)
    dirs = [
        b'{ "name":"%s", "type":"dir","subtree":"%s","mode":2147484141}' % (name, _id(tree))
        for name, tree in ((b"below", below), (b"same", same))
    ]
    root = b'{"nodes":[%s]}\n' % b",".join(dirs)
    made.index(made.pack(BlobType.TREE, root, below, same), made.pack(BlobType.DATA, b"good"))
    old = made.snapshot(root, hostname="web1", tags=["kind=mine", "weekly"], label="theirs")
    repository = open_repository(store)
    done = repair_snapshots(repository)
    assert [step.paths for step in done.done] == [(b"/below/bad",)]
    rewritten = b'{"nodes":[%s]}\n' % good
    new = root.replace(_id(below), _id(rewritten))
    assert done.snapshots[0].root == hashlib.sha256(new).hexdigest()
    document = msgspec.json.decode(
        load_unpacked(store, FileKind.SNAPSHOT, done.snapshots[0].id, 2, repository.access.cipher)
    )
    assert document == {
        "time": TIME, "tree": _id(new).decode(), "hostname": "web1", "label": "theirs", "original": old,
        "tags": ["weekly", "tui-backup", "incomplete", "repaired"],
    }  # fmt: skip
    assert done.snapshots[0].job is done.snapshots[0].kind is None


def test_a_snapshot_of_which_nothing_is_left_is_a_problem(store: MemoryStore) -> None:
    made = Handmade(store)
    old = made.snapshot(tree_of())
    done = repair_snapshots(open_repository(store))
    assert [problem.snapshots for problem in done.problems] == [(old,)]
    assert done.done == ()


def test_trees_that_multiply_do_no_harm(store: MemoryStore) -> None:
    """A directory that holds another one twice, thirty levels deep: a thousand million paths to one lost file."""
    made = Handmade(store)
    trees = [tree_of(node("bad", content=["ab" * 32]))]
    for _level in range(30):
        subtree = hashlib.sha256(trees[-1]).hexdigest()
        trees.append(tree_of(*({"name": name, "type": "dir", "subtree": subtree} for name in "ab")))
    made.index(made.pack(BlobType.TREE, *trees))
    made.snapshot(trees[-1])
    (step,) = repair_snapshots(open_repository(store)).done
    assert len(step.paths) == 100
    assert "100 entries or more" in step.detail


def test_killed_anywhere_nothing_is_lost_and_the_next_repair_finishes(pair: Pair) -> None:
    base = contents(crippled(pair, pair.packs(BlobType.DATA)[0]))
    wanted = len(repair_snapshots(pair.first.opened(_filled(base))).snapshots)

    def die(dying: FaultyStore) -> None:
        plan = pair.first.opened(dying.beneath).upkeep.repairs.plan_snapshots(Watch())
        pair.first.opened(dying).upkeep.repairs.execute(plan, Watch())

    count = 0
    for left in deaths(die, lambda: _filled(base)):
        assert base.items() <= contents(left).items()
        repair_snapshots(pair.first.opened(left))
        repaired = [each for each in pair.first.opened(left).snapshots() if "repaired" in each.tags]
        assert len(repaired) == wanted
        assert pair.first.opened(left).verify(repaired, None, Watch()).problems == ()
        count += 1
    assert count > 20


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(restic(), marks=pytest.mark.requires("restic")),
        pytest.param(restic_current(), marks=pytest.mark.requires("restic-current")),
    ],
)
def test_restic_agrees_once_the_damaged_ones_are_forgotten(program: str | None, pair: Pair, tmp_path: Path) -> None:
    directory = as_directory(crippled(pair, pair.packs(BlobType.DATA)[0]), tmp_path / "repository")
    repository = open_repository(directory)
    done = repair_snapshots(repository)
    real = Restic(directory, program=program)
    assert real.attempt("check").returncode != 0
    real.run("forget", *(step.object for step in done.done))
    real.check()
    tags = {snapshot["id"]: snapshot["tags"] for snapshot in real.json("snapshots")}
    assert all("repaired" in tags[made.id] for made in done.snapshots)
    real.run("restore", done.snapshots[0].id, "--target", str(tmp_path / "restored"))
    assert_whole(open_repository(directory))


def _filled(objects: dict[str, bytes]) -> MemoryStore:
    store = MemoryStore()
    for key, content in objects.items():
        store.put(key, content)
    return store


def _id(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
