"""Several requests at once: bounded, in order, honest about what failed, and given up without delay."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faraway import TRAFFIC, FarawayStore
from tests.support.faulty import Fault, FaultyStore, unavailable
from tui_backup.errors import Cancelled, StoreUnavailable
from tui_backup.stores.memory import MemoryStore
from tui_backup.stores.parallel import Uploads, fetched


@pytest.fixture
def far(tmp_path: Path) -> FarawayStore:
    TRAFFIC.forget()
    return FarawayStore(str(tmp_path), delay_s=0.01, lines=4)


@pytest.fixture
def stalled(far: FarawayStore) -> Iterator[FaultyStore]:
    """A store that takes nothing until the test is over."""
    over = threading.Event()
    yield FaultyStore(far, Fault(on="put", stall=over))
    over.set()


def test_uploads_are_in_flight_together_but_no_more_than_there_are_connections(far: FarawayStore) -> None:
    uploads = Uploads[int](far)
    for number in range(20):
        uploads.put(f"data/{number}", b"content", number)
    assert sorted(uploads.settled()) == list(range(20))
    assert 2 <= TRAFFIC.most["put"] <= 4


def test_bytes_in_flight_are_bounded(stalled: FaultyStore) -> None:
    waits = 0

    def pulse() -> None:
        nonlocal waits
        waits += 1
        stall = stalled.faults[0].stall
        assert stall is not None
        stall.set()

    uploads = Uploads[int](stalled, pulse, most_bytes=250)
    uploads.put("data/1", b"x" * 100, 1)
    uploads.put("data/2", b"x" * 100, 2)
    assert not waits
    uploads.put("data/3", b"x" * 100, 3)
    assert waits
    assert sorted(uploads.settled()) == [1, 2, 3]


def test_one_that_is_larger_than_all_that_may_be_in_flight_goes_alone(far: FarawayStore) -> None:
    uploads = Uploads[int](far, most_bytes=10)
    for number in range(3):
        uploads.put(f"data/{number}", b"x" * 100, number)
    assert sorted(uploads.settled()) == [0, 1, 2]
    assert TRAFFIC.most["put"] == 1


def test_a_token_comes_only_once_its_object_is_there(far: FarawayStore) -> None:
    uploads = Uploads[str](far)
    for number in range(10):
        uploads.put(f"data/{number}", b"content", f"data/{number}")
        for token in uploads.durable():
            assert far.info(token).size == 7
    assert len([*uploads.settled()]) <= 10


def test_a_failure_is_raised_by_the_next_call_and_tokens_of_the_others_are_left(far: FarawayStore) -> None:
    uploads = Uploads[int](FaultyStore(far, Fault(on="put", prefix="data/2", error=unavailable())))
    for number in range(3):
        uploads.put(f"data/{number}", b"content", number)
    with pytest.raises(StoreUnavailable):
        list(uploads.settled())
    with pytest.raises(StoreUnavailable):
        uploads.put("data/4", b"content", 4)
    assert sorted(uploads.close()) == [0, 1]
    assert sorted(found.key for found in far.objects("data/")) == ["data/0", "data/1"]


def test_waiting_ends_when_the_pulse_says_so(stalled: FaultyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_backup.stores.parallel._PATIENCE_S", 0.1)

    def pulse() -> None:
        raise Cancelled("cancelled")

    uploads = Uploads[int](stalled, pulse)
    uploads.put("data/1", b"content", 1)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        list(uploads.settled())
    assert uploads.close() == []
    assert time.monotonic() - began < 5


def test_with_one_connection_everything_happens_in_the_thread_that_asks() -> None:
    class Watched(MemoryStore):
        def put(self, key: str, body: object) -> None:
            assert threading.current_thread() is threading.main_thread()
            super().put(key, b"content")

        def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
            assert threading.current_thread() is threading.main_thread()
            return super().get(key, start, length)

    store = Watched()
    uploads = Uploads[int](store)
    uploads.put("data/1", b"content", 1)
    assert not uploads.keeps_bodies
    assert list(uploads.durable()) == [1]
    assert [answer.take() for _key, answer in fetched(store, ["data/1"], store.get)] == [b"content"]


def test_answers_come_in_order_and_no_more_than_a_few_are_fetched_ahead(far: FarawayStore) -> None:
    for number in range(40):
        far.put(f"index/{number}", str(number).encode())
    TRAFFIC.forget()
    coming = fetched(far, [f"index/{number}" for number in range(40)], far.get)
    first, answer = next(coming)
    assert (first, answer.take()) == ("index/0", b"0")
    assert len(TRAFFIC.log) <= 17
    assert [answer.take() for _key, answer in coming] == [str(number).encode() for number in range(1, 40)]
    assert 2 <= TRAFFIC.most["get"] <= 4


def test_bytes_fetched_ahead_are_bounded(far: FarawayStore) -> None:
    for number in range(10):
        far.put(f"data/{number}", bytes(100))
    TRAFFIC.forget()
    coming = fetched(far, range(10), lambda number: far.get(f"data/{number}"), size=lambda _n: 100, most_bytes=200)
    next(coming)
    assert len(TRAFFIC.log) <= 3
    assert len([*coming]) == 9


def test_what_goes_wrong_with_one_answer_is_raised_by_it_alone(far: FarawayStore) -> None:
    far.put("index/1", b"1")
    answers = dict(fetched(far, ["index/0", "index/1"], far.get))
    assert answers["index/1"].take() == b"1"
    with pytest.raises(Exception, match="index/0"):
        answers["index/0"].take()


def test_a_fetch_that_never_ends_is_given_up(far: FarawayStore) -> None:
    over = threading.Event()
    store = FaultyStore(far, Fault(on="get", stall=over))
    looks = 0

    def pulse() -> None:
        nonlocal looks
        looks += 1
        if looks > 1:
            raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        list(fetched(store, ["index/0"], store.get, pulse=pulse))
    over.set()
