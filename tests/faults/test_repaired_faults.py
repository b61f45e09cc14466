"""Two hundred single bits turned over in packs and index files: each is healed from the second copy."""

import random
from pathlib import Path

import pytest

from tests.support.aging import as_directory, assert_whole, contents
from tests.support.components import restic, restic_current
from tests.support.faulty import flipped
from tests.support.mending import Pair, make_pair, repair_packs
from tests.support.restic import Restic
from tui_backup.stores.memory import MemoryStore

FAULTS = 200
AT_ONCE = 25
"""Faults, one after the other, between two checks by restic."""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_pair(tmp_path_factory.mktemp("pair"))


def turn_a_bit_over(store: MemoryStore, chance: random.Random) -> str:
    """Damage a pack or an index file, two packs for each index file, larger ones more often."""
    objects = contents(store)
    kind = chance.choice(("data/", "data/", "index/"))
    keys = [key for key in sorted(objects) if key.startswith(kind)]
    key = chance.choices(keys, [len(objects[key]) for key in keys])[0]
    store.put(key, flipped(objects[key], chance.randrange(8 * len(objects[key]))))
    return key


@pytest.mark.requires("restic")
@pytest.mark.parametrize("group", range(FAULTS // AT_ONCE))
def test_every_bit_is_healed_and_restic_finds_nothing(group: int, pair: Pair, tmp_path: Path) -> None:
    store, chance = pair.first.store(), random.Random(group)
    for _fault in range(AT_ONCE):
        key = turn_a_bit_over(store, chance)
        done = repair_packs(pair.first.opened(store), pair.second.opened())
        assert done.problems == ()
        assert key not in contents(store)
        assert_whole(pair.first.opened(store), 3)
    program = restic_current() if group % 2 else restic()
    Restic(as_directory(store, tmp_path / "repository"), program=program or restic()).check()
