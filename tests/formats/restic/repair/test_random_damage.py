"""Whatever is damaged, however often: with a copy everything comes back, without one what is left is sound."""

import random

import pytest

from tests.support.aging import assert_whole, contents, hints
from tests.support.faulty import flipped
from tests.support.mending import Pair, keys_of, plan_packs, repair_packs, repair_snapshots
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.envelope import decode
from tui_backup.formats.restic.index import listed_packs, save_index
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.stores.memory import MemoryStore

SEEDS = 20


def damage(pair: Pair, chance: random.Random) -> MemoryStore:
    """Return the first with some of its packs and index files damaged in some ways."""
    store = pair.first.store()
    for _fault in range(chance.randrange(1, 8)):
        objects = contents(store)
        keys = [key for kind in ("data", "index") for key in keys_of(objects, kind)]
        key, other = chance.choice(keys), chance.choice(keys)
        content = objects[key]
        match chance.randrange(8):
            case 0 | 1:
                store.put(key, flipped(content, chance.randrange(8 * len(content))) if content else b"")
            case 2:
                store.put(key, content[: chance.randrange(len(content) + 1)])
            case 3:
                store.delete(key)
            case 4:
                store.put(key, content + chance.randbytes(chance.randrange(1, 99)))
            case 5:
                store.put(key, objects[other])
            case 6:
                store.put(key_of(FileKind.DATA, chance.randbytes(32).hex()), content)
            case 7:
                _list_wrongly(pair, store, chance)
    return store


def _list_wrongly(pair: Pair, store: MemoryStore, chance: random.Random) -> None:
    """Add an index file that describes packs whole, in part, or wrongly."""
    cipher = Cipher(pair.first.keys)
    packs = listed_packs(decode(pair.first.objects[chance.choice(keys_of(pair.first.objects, "index"))], 2, cipher))
    wrongly = [
        (chance.choice([pack, pack, chance.randbytes(32)]), chance.choice([blobs, blobs[::2]])) for pack, blobs in packs
    ]
    save_index(store, wrongly, 2, cipher)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_with_a_copy_everything_comes_back(seed: int, pair: Pair) -> None:
    store = damage(pair, random.Random(seed))
    done = repair_packs(pair.first.opened(store), pair.second.opened())
    assert done.problems == ()
    assert_whole(pair.first.opened(store), 3)
    assert hints(pair.first.opened(store)) == []
    assert plan_packs(pair.first.opened(store)).steps == ()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_without_one_what_is_left_is_sound(seed: int, pair: Pair) -> None:
    store = damage(pair, random.Random(seed))
    repair_packs(pair.first.opened(store))
    done = repair_snapshots(pair.first.opened(store))
    given_up = {step.object for step in done.done} | {id_ for problem in done.problems for id_ in problem.snapshots}
    for name in given_up:
        store.delete(f"snapshots/{name}")
    assert_whole(pair.first.opened(store))
    kept = {snapshot.id for snapshot in pair.first.opened(store).snapshots()}
    whole = {snapshot.id for snapshot in pair.first.opened().snapshots()} - given_up
    assert whole | {made.id for made in done.snapshots} == kept
