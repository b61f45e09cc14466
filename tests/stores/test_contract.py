"""What holds for every store."""

import io
import itertools
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stores.conftest import MAKERS, UNLIKE
from tui_backup.errors import Corrupted, NotFound
from tui_backup.stores.base import Body, Store
from tui_backup.stores.registry import STORES

KEY = "data/3f/" + "3f08" * 16
MEBIBYTE = 1024 * 1024


def keys(store: Store, prefix: str = "") -> list[str]:
    return sorted(found.key for found in store.objects(prefix))


def test_every_registered_kind_is_here() -> None:
    assert set(STORES) <= set(MAKERS) | UNLIKE


@pytest.mark.parametrize(
    "body",
    [b"content", bytearray(b"content"), memoryview(b"content"), memoryview(b"_content")[1:], io.BytesIO(b"content")],
    ids=["bytes", "bytearray", "memoryview", "part", "file"],
)
def test_what_is_put_comes_back(store: Store, body: Body) -> None:
    store.put(KEY, body)
    assert store.get(KEY) == b"content"


def test_a_view_of_numbers_is_kept_as_its_bytes(store: Store) -> None:
    numbers = memoryview(bytes(range(8))).cast("I")
    store.put(KEY, numbers)
    assert store.get(KEY) == bytes(range(8))


def test_a_real_file_is_read_from_its_start(store: Store, tmp_path: Path) -> None:
    with (tmp_path / "body").open("w+b") as body:
        body.write(b"content" * MEBIBYTE)
        store.put(KEY, body)
    assert store.get(KEY) == b"content" * MEBIBYTE


def test_an_empty_object_is_an_object(store: Store) -> None:
    store.put(KEY, b"")
    assert store.get(KEY) == b""
    assert [(found.key, found.size) for found in store.objects()] == [(KEY, 0)]


def test_twenty_mebibytes_come_back(store: Store) -> None:
    content = os.urandom(20 * MEBIBYTE)
    store.put(KEY, content)
    assert store.get(KEY) == content
    assert store.get(KEY, 19 * MEBIBYTE, 100) == content[19 * MEBIBYTE :][:100]


def test_a_second_put_replaces_the_first(store: Store) -> None:
    store.put(KEY, b"a longer first content")
    store.put(KEY, b"second")
    assert store.get(KEY) == b"second"
    assert [(found.key, found.size) for found in store.objects()] == [(KEY, 6)]


@pytest.mark.parametrize(
    ("start", "length", "part"),
    [(0, 3, b"abc"), (2, 4, b"cdef"), (5, None, b"f"), (6, None, b""), (6, 0, b""), (0, 0, b""), (0, None, b"abcdef")],
)
def test_a_range_is_exactly_what_was_asked_for(store: Store, start: int, length: int | None, part: bytes) -> None:
    store.put(KEY, b"abcdef")
    assert store.get(KEY, start, length) == part


@pytest.mark.parametrize(("start", "length"), [(0, 7), (6, 1), (7, None), (7, 0), (0, 2**62)])
def test_a_range_beyond_the_end_is_damage(store: Store, start: int, length: int | None) -> None:
    store.put(KEY, b"abcdef")
    with pytest.raises(Corrupted):
        store.get(KEY, start, length)


def test_an_object_that_is_not_there_is_not_found(store: Store) -> None:
    store.put("data/aa/other", b"")
    for key in ("config", "data", "data/aa", "data/aa/none", "data/aa/other/below"):
        with pytest.raises(NotFound):
            store.get(key)


def test_deleting_twice_is_no_error(store: Store) -> None:
    store.put(KEY, b"content")
    store.delete(KEY)
    store.delete(KEY)
    assert keys(store) == []


def test_deleting_what_is_no_object_is_no_error(store: Store) -> None:
    store.put(KEY, b"content")
    store.delete("data")
    store.delete(f"{KEY}/below")
    assert keys(store) == [KEY]


def test_a_prefix_selects_whole_directories(store: Store) -> None:
    everything = ["config", "data/00/a", "data/ff/b", "database", "index/c", "a/b/c/d"]
    for key in everything:
        store.put(key, b"")
    assert keys(store) == sorted(everything)
    assert keys(store, "data/") == ["data/00/a", "data/ff/b"]
    assert keys(store, "data/00/") == ["data/00/a"]
    assert keys(store, "locks/") == []


def test_an_empty_store_lists_nothing(store: Store) -> None:
    assert keys(store) == []
    assert keys(store, "snapshots/") == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/etc/passwd",
        "..",
        "a/../b",
        "a//b",
        "a/",
        "./a",
        ".hidden",
        "a/.b",
        "a\0b",
        "a\n",
        "a\u202eb",
        "a\udcff",
    ],
)
def test_a_key_with_tricks_is_refused(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        store.put(key, b"")
    with pytest.raises(ValueError, match="not a key"):
        store.get(key)
    with pytest.raises(ValueError, match="not a key"):
        store.delete(key)


def test_any_good_key_can_be_used(store: Store) -> None:
    part = st.from_regex(r"[A-Za-z0-9é-][A-Za-z0-9._:@+ é-]{0,40}", fullmatch=True)
    number = itertools.count()

    @settings(deadline=None, max_examples=40)
    @given(st.lists(part, min_size=1, max_size=3).map("/".join))
    def can_be_used(path: str) -> None:
        key = f"{next(number)}/{path}"
        store.put(key, key.encode())
        assert key in keys(store)
        assert store.get(key) == key.encode()
        store.delete(key)
        assert key not in keys(store)

    can_be_used()


def test_what_is_written_piece_by_piece_appears_at_the_end(store: Store) -> None:
    with store.writing(KEY) as sink:
        assert keys(store) == []
        buffer = bytearray(b"con")
        sink.write(buffer)
        buffer[:] = b"xxx"
        for piece in (b"", b"te", memoryview(b"_nt")[1:]):
            sink.write(piece)
    assert store.get(KEY) == b"content"


def test_many_mebibytes_are_written_piece_by_piece(store: Store) -> None:
    piece = os.urandom(MEBIBYTE)
    with store.writing(KEY) as sink:
        for _number in range(37):
            sink.write(piece)
        sink.write(b"end")
    assert store.info(KEY).size == 37 * MEBIBYTE + 3
    assert store.get(KEY, 36 * MEBIBYTE) == piece + b"end"


def test_an_object_without_a_byte_is_written(store: Store) -> None:
    with store.writing(KEY):
        pass
    assert store.get(KEY) == b""


def test_nothing_appears_of_what_is_not_written_to_its_end(store: Store) -> None:
    store.put(KEY, b"before")
    trouble = OSError("of the source")

    def write() -> None:
        with store.writing(KEY) as sink:
            sink.write(b"content" * MEBIBYTE)
            raise trouble

    with pytest.raises(OSError, match="of the source") as raised:
        write()
    assert raised.value is trouble
    assert store.get(KEY) == b"before"
    assert keys(store) == [KEY]


def test_one_object_is_told_of_as_in_a_listing(store: Store) -> None:
    before = time.time()
    store.put(KEY, b"content")
    (listed,) = store.objects()
    assert store.info(KEY) == listed
    assert abs(listed.modified - before) < 60
    for missing in ("data", f"{KEY}0"):
        with pytest.raises(NotFound):
            store.info(missing)


def test_many_are_deleted_at_once(store: Store) -> None:
    everything = [f"data/{number:04}" for number in range(1100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put(key, b""), everything))
    store.delete_all(key for key in ["data/none", *everything[1:]])
    assert keys(store) == everything[:1]
    store.delete_all([])


def test_a_reader_never_sees_half_a_write(store: Store) -> None:
    contents = [bytes([number]) * MEBIBYTE for number in range(4)]
    store.put(KEY, contents[0])
    done = threading.Event()

    def read() -> set[bytes]:
        seen = set()
        while not done.is_set():
            seen.add(store.get(KEY))
            assert {found.size for found in store.objects("data/")} <= {MEBIBYTE}  # by rclone twice, or not at all
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for content in contents * 5:
            store.put(KEY, content)
        done.set()
    assert set().union(*(reader.result() for reader in readers)) <= set(contents)


def test_eight_threads_get_on_with_each_other(store: Store) -> None:
    def work(worker: int) -> None:
        for number in range(20):
            key = f"data/{number:02}/{worker}"
            store.put(key, key.encode())
            assert store.get(key) == key.encode()
            if number % 2:
                store.delete(key)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(keys(store, "data/")) == 80


def test_making_the_place_twice_changes_nothing(store: Store) -> None:
    store.put(KEY, b"content")
    store.create()
    assert store.get(KEY) == b"content"


def test_tidying_keeps_every_object(store: Store) -> None:
    store.put(KEY, b"content")
    store.tidy()
    assert keys(store) == [KEY]


def test_what_is_free_is_part_of_the_whole(store: Store) -> None:
    space = store.space()
    assert space is None or 0 <= space.free <= space.total


def test_people_are_told_where_it_is(store: Store) -> None:
    assert store.describe()
