"""Copies at hand: what is fetched once, what never is, and what becomes of copies."""

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.faulty import Fault, FaultyStore, flipped, unavailable
from tests.support.mounts import tmpfs
from tui_backup.errors import Corrupted, NotFound, StoreUnavailable
from tui_backup.stores import cache_files
from tui_backup.stores.at_hand import direct, keep_at_hand
from tui_backup.stores.cached import CachedStore, _known
from tui_backup.stores.guarded import GuardedStore
from tui_backup.stores.local import LocalStore
from tui_backup.stores.recipes import opened

CONTENT = os.urandom(100_000)
NAME = sha256(CONTENT).hexdigest()
INDEX = f"index/{NAME}"
PACK = f"data/{NAME[:2]}/{NAME}"
DAY = 86_400


class Nearby:
    """A store with copies, as a new process meets it each time it is `opened`."""

    def __init__(self, directory: Path) -> None:
        self.faulty = FaultyStore(LocalStore(str(directory / "store")))
        self.faulty.create()
        self.directory = directory / "caches" / ("ab" * 32)

    def opened(self, *keys: str) -> CachedStore:
        _known.pop(str(self.directory), None)
        store = CachedStore(beneath=self.faulty, directory=str(self.directory))
        keep_at_hand(store, keys or ("index/", PACK))
        self.faulty.log.clear()
        return store

    def copies(self) -> list[str]:
        return sorted(str(path.relative_to(self.directory)) for path in self.directory.rglob("*") if path.is_file())

    @property
    def asked(self) -> list[str]:
        """What was asked of the store since it was opened."""
        return [name for name, _key in self.faulty.log]


@pytest.fixture
def nearby(tmp_path: Path) -> Iterator[Nearby]:
    made = Nearby(tmp_path)
    yield made
    _known.pop(str(made.directory), None)


def test_what_was_fetched_whole_is_not_fetched_again(nearby: Nearby) -> None:
    nearby.faulty.beneath.put(INDEX, CONTENT)
    assert nearby.opened().get(INDEX, 0, len(CONTENT)) == CONTENT
    assert nearby.asked == ["get"]
    store = nearby.opened()
    assert store.get(INDEX, 0, len(CONTENT)) == CONTENT
    assert store.get(INDEX) == CONTENT
    assert store.get(INDEX, 10, 20) == CONTENT[10:30]
    assert nearby.asked == []


def test_a_part_of_a_pack_that_is_named_fetches_it_whole(nearby: Nearby) -> None:
    nearby.faulty.beneath.put(PACK, CONTENT)
    store = nearby.opened()
    assert store.get(PACK, 10, 20) == CONTENT[10:30]
    assert store.get(PACK, 99_990, 10) == CONTENT[-10:]
    assert nearby.asked == ["get"]
    assert nearby.opened().get(PACK, 5, 5) == CONTENT[5:10]
    assert nearby.asked == []


def test_others_are_left_where_they_are(nearby: Nearby) -> None:
    other = f"data/ff/{sha256(b'x').hexdigest()}"
    for key in (other, "config", "locks/" + "0" * 64, "keys/" + sha256(b"x").hexdigest()):
        nearby.faulty.beneath.put(key, b"x")
        store = nearby.opened()
        assert [store.get(key), store.get(key, 0, 1)] == [b"x", b"x"]
        assert nearby.asked == ["get", "get"]
    assert nearby.copies() == []


def test_what_is_not_what_its_name_says_is_not_kept(nearby: Nearby) -> None:
    for key in (INDEX, PACK):
        nearby.faulty.beneath.put(key, flipped(CONTENT))
        store = nearby.opened()
        assert store.get(key, 0, 100) == flipped(CONTENT)[:100]
        assert store.get(key, 0, len(CONTENT)) == flipped(CONTENT)
    assert nearby.copies() == []


@pytest.mark.parametrize(
    "damaged", [flipped(CONTENT, 77), CONTENT[:-1], b"", CONTENT + b"x"], ids=["flipped", "cut", "empty", "longer"]
)
def test_a_damaged_copy_is_replaced(nearby: Nearby, damaged: bytes) -> None:
    nearby.opened().put(INDEX, CONTENT)
    nearby.directory.joinpath(INDEX).write_bytes(damaged)
    assert nearby.opened().get(INDEX, 0, len(CONTENT)) == CONTENT
    assert nearby.asked == ["get"]
    assert nearby.opened().get(INDEX, 0, len(CONTENT)) == CONTENT
    assert nearby.asked == []


def test_what_is_put_is_at_hand(nearby: Nearby) -> None:
    nearby.opened().put(PACK, memoryview(CONTENT))
    assert nearby.opened().get(PACK, 1, 1) == CONTENT[1:2]
    assert nearby.asked == []


def test_what_could_not_be_put_is_not(nearby: Nearby) -> None:
    store = nearby.opened()
    nearby.faulty.faults = [Fault(on="put", error=unavailable())]
    with pytest.raises(StoreUnavailable):
        store.put(INDEX, CONTENT)
    assert nearby.copies() == []


def test_a_listing_is_the_store_s_and_takes_copies_along(nearby: Nearby) -> None:
    store = nearby.opened()
    for key in (INDEX, PACK):
        store.put(key, CONTENT)
    nearby.faulty.beneath.delete(INDEX)
    time.sleep(0.02)
    assert [found.key for found in store.objects("data/")] == [PACK]
    assert nearby.copies() == [PACK, INDEX]
    assert list(store.objects("index/")) == []
    assert nearby.copies() == [PACK]
    with pytest.raises(NotFound):
        store.get(INDEX)


def test_a_listing_that_fails_takes_nothing(nearby: Nearby) -> None:
    store = nearby.opened()
    store.put(INDEX, CONTENT)
    nearby.faulty.beneath.delete(INDEX)
    nearby.faulty.faults = [Fault(on="objects", error=unavailable())]
    with pytest.raises(StoreUnavailable):
        list(store.objects("index/"))
    assert nearby.copies() == [INDEX]


def test_what_is_put_during_a_listing_stays(nearby: Nearby) -> None:
    store = nearby.opened()
    listing = store.objects("index/")
    assert next(listing, None) is None
    store.put(INDEX, CONTENT)
    assert nearby.copies() == [INDEX]


@pytest.mark.parametrize("batch", [True, False])
def test_what_is_deleted_goes_from_both(nearby: Nearby, batch: bool) -> None:
    store = nearby.opened()
    store.put(INDEX, CONTENT)
    store.delete_all([INDEX]) if batch else store.delete(INDEX)
    assert nearby.copies() == []
    with pytest.raises(NotFound):
        store.get(INDEX)


def test_the_direct_way_reads_the_store(nearby: Nearby) -> None:
    store = nearby.opened()
    store.put(INDEX, CONTENT)
    nearby.faulty.log.clear()
    guarded = GuardedStore(beneath=store)
    assert direct(guarded).get(INDEX) == CONTENT
    assert nearby.asked == ["get"]
    assert isinstance(direct(guarded), GuardedStore)
    assert direct(nearby.faulty) is nearby.faulty


def test_too_short_is_too_short(nearby: Nearby) -> None:
    store = nearby.opened()
    store.put(INDEX, CONTENT)
    with pytest.raises(Corrupted):
        store.get(INDEX, 0, len(CONTENT) + 1)


def test_copies_are_their_owner_s_alone_and_marked(nearby: Nearby) -> None:
    before = os.umask(0)
    try:
        nearby.opened().put(PACK, CONTENT)
    finally:
        os.umask(before)
    modes = {
        stat.S_IMODE(path.stat().st_mode) for path in (nearby.directory.parent, *nearby.directory.parent.rglob("*"))
    }
    assert modes == {0o700, 0o600}
    tag = nearby.directory.parent / "CACHEDIR.TAG"
    assert tag.read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n")


def test_eight_threads_fetch_a_pack_once(nearby: Nearby) -> None:
    nearby.faulty.beneath.put(PACK, CONTENT)
    store = nearby.opened()
    start = threading.Barrier(8)

    def read(at: int) -> bytes:
        start.wait()
        return store.get(PACK, at, 100)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(8))) == [CONTENT[at : at + 100] for at in range(8)]
    assert nearby.asked == ["get"]


def test_what_another_process_removes_is_fetched_again(nearby: Nearby) -> None:
    store = nearby.opened()
    store.put(INDEX, CONTENT)
    nearby.directory.joinpath(INDEX).unlink()
    assert store.get(INDEX) == CONTENT
    assert nearby.copies() == [INDEX]


def test_a_cache_that_nobody_uses_goes_after_thirty_days(nearby: Nearby) -> None:
    above = nearby.directory.parent
    for name, age in (("cd" * 32, 31), ("ef" * 32, 29), ("other", 99)):
        above.joinpath(name, "index").mkdir(parents=True)
        above.joinpath(name, "index", "x").write_bytes(b"x")
        os.utime(above / name, (time.time() - age * DAY,) * 2)
    nearby.opened()
    assert sorted(os.listdir(above)) == sorted(["CACHEDIR.TAG", "ab" * 32, "ef" * 32, "other"])


def test_what_a_killed_writer_left_is_tidied(nearby: Nearby) -> None:
    nearby.opened().put(INDEX, CONTENT)
    leftover = nearby.directory / "index" / f"{NAME}-tmp-123"
    leftover.write_bytes(b"half")
    os.utime(leftover, (time.time() - 2 * DAY,) * 2)
    nearby.opened()
    assert nearby.copies() == [INDEX]


def test_the_least_used_goes_where_there_is_too_much(nearby: Nearby, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_files, "_MOST_BYTES", 350_000)
    bodies = [bytes([number]) * 100_000 for number in range(4)]
    keys = [f"index/{sha256(body).hexdigest()}" for body in bodies]
    store = nearby.opened()
    for age, key, body in zip((3, 9, 2), keys, bodies, strict=False):
        store.put(key, body)
        os.utime(nearby.directory / key, (time.time() - age * DAY,) * 2)
    store.put(keys[3], bodies[3])
    assert nearby.copies() == sorted([keys[0], keys[2], keys[3]])


@pytest.mark.requires("tmpfs")
def test_a_full_disk_fails_nobody(nearby: Nearby, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_files, "_SPARE_BYTES", 0)
    monkeypatch.setattr(cache_files.CacheFiles, "_has_room", lambda _self, _size: True)
    with tmpfs(tmp_path / "caches", size="64k"):
        store = nearby.opened()
        store.put(INDEX, CONTENT)
        assert store.get(INDEX) == CONTENT
        assert nearby.copies() == []
        _known.clear()


def test_a_disk_with_little_room_is_left_alone(nearby: Nearby, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_files, "_SPARE_BYTES", 1 << 60)
    nearby.opened().put(INDEX, CONTENT)
    assert nearby.copies() == []


def test_a_directory_that_cannot_be_made_fails_nobody(nearby: Nearby) -> None:
    nearby.directory.parent.write_bytes(b"a file")
    store = nearby.opened()
    store.put(INDEX, CONTENT)
    assert store.get(INDEX, 0, 10) == CONTENT[:10]
    assert [found.key for found in store.objects()] == [INDEX]
    store.delete(INDEX)


def test_workers_open_the_same_and_keep_nothing_by_themselves(tmp_path: Path) -> None:
    local = LocalStore(str(tmp_path / "store"))
    local.create()
    local.put(INDEX, CONTENT)
    store = GuardedStore(beneath=CachedStore(beneath=local, directory=str(tmp_path / "caches" / ("ab" * 32))))
    recipe = store.recipe()
    assert recipe is not None
    again = opened(recipe)
    assert again == store
    assert again.get(INDEX) == CONTENT
    assert not (tmp_path / "caches").exists()


READER = """
import os, random, sys
from hashlib import sha256
from pathlib import Path
from tui_backup.stores import cache_files
from tui_backup.stores.cached import CachedStore
from tui_backup.stores.local import LocalStore

cache_files._MOST_BYTES = 400_000
chance = random.Random(int(sys.argv[3]))
local = LocalStore(sys.argv[1])
keys = [found.key for found in local.objects()]
store = CachedStore(beneath=local, directory=sys.argv[2])
store.keep_at_hand(keys)
for _number in range(300):
    key = chance.choice(keys)
    assert sha256(store.get(key, 0, 50_000)).hexdigest() == key[-64:]
    match chance.randrange(10):
        case 0:
            Path(sys.argv[2], chance.choice(keys)).unlink(missing_ok=True)
        case 1:
            list(store.objects("index/"))
        case 2:
            store.put(key, store.get(key))
"""


def test_processes_share_a_cache_that_is_too_small(tmp_path: Path) -> None:
    local = LocalStore(str(tmp_path / "store"))
    local.create()
    for number in range(20):
        body = bytes([number]) * 50_000
        local.put(f"index/{sha256(body).hexdigest()}", body)
    directory = tmp_path / "caches" / ("ab" * 32)
    command = [sys.executable, "-c", READER, local.path, str(directory)]
    readers = [subprocess.Popen([*command, str(seed)]) for seed in range(4)]
    assert [reader.wait() for reader in readers] == [0] * 4
    kept = [path for path in directory.rglob("*") if path.is_file()]
    assert all(sha256(path.read_bytes()).hexdigest() == path.name for path in kept)
