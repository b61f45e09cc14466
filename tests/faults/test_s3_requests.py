"""What an S3 store asks again, and what it does not, as the server saw it."""

import os
from collections import Counter

import pytest

from tests.support.s3_stores import s3_store
from tests.support.servers.fault_proxy import FaultProxy, Rule
from tests.support.servers.s3 import S3Server
from tui_backup.errors import NotFound, StoreUnavailable
from tui_backup.stores.base import Store
from tui_backup.stores.s3 import retrying

pytestmark = pytest.mark.requires("radosgw")

KEY = "data/3f/" + "3f08" * 16
MEBIBYTE = 1024 * 1024


@pytest.fixture
def store(radosgw: S3Server, proxy: FaultProxy) -> Store:
    made = s3_store(radosgw.through(proxy.url), radosgw.new_bucket())
    made.put("one", b"there is an answer")
    proxy.set()
    return made


def asked(proxy: FaultProxy) -> Counter[str]:
    """Return how often requests of each method came."""
    return Counter(seen.method for seen in proxy.seen)


def test_only_the_part_that_was_cut_is_sent_again(store: Store, proxy: FaultProxy) -> None:
    content = os.urandom(20 * MEBIBYTE)
    proxy.set(Rule(path="partNumber=2", cut_upload=MEBIBYTE, count=1))
    with store.writing(KEY) as sink:
        sink.write(content)
    parts = Counter(seen.path.partition("partNumber=")[2].partition("&")[0] for seen in proxy.seen)
    assert {number: parts[number] for number in "123"} == {"1": 1, "2": 2, "3": 1}
    assert store.get(KEY) == content


def test_deletes_whose_answer_was_lost_are_done(store: Store, proxy: FaultProxy) -> None:
    for number in range(5):
        store.put(f"data/{number}", b"")
    proxy.set(Rule(method="POST|DELETE", lose_answer=True, count=1))
    store.delete_all(f"data/{number}" for number in range(5))
    assert sorted(found.key for found in store.objects()) == ["one"]
    proxy.set(Rule(method="DELETE", lose_answer=True, count=1))
    store.delete("one")
    assert asked(proxy) == {"DELETE": 2}


@pytest.mark.parametrize("key", [KEY, "one"])
def test_what_is_not_there_is_asked_once(store: Store, proxy: FaultProxy, key: str) -> None:
    store.delete("one")
    proxy.set()
    with pytest.raises(NotFound):
        store.get(key)
    assert len(proxy.seen) == 1


def test_half_of_an_answer_is_none(store: Store, proxy: FaultProxy) -> None:
    proxy.set(Rule(path="list-type", truncate=150, count=1))
    assert [found.key for found in store.objects()] == ["one"]
    assert len(proxy.seen) == 2
    proxy.set(Rule(truncate=100, count=1))
    with pytest.raises(NotFound):
        store.get(KEY)
    assert len(proxy.seen) == 2


def test_a_server_that_was_given_up_is_not_waited_for_each_time(
    store: Store, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "PATIENCE_S", 1.5)
    monkeypatch.setattr(retrying, "FIRST_PATIENCE_S", 0.0)
    proxy.set(Rule(reset=True))
    with pytest.raises(StoreUnavailable):
        store.put(KEY, b"content")
    assert len(proxy.seen) > 2
    proxy.set(Rule(reset=True))
    with pytest.raises(StoreUnavailable):
        store.delete("one")
    assert len(proxy.seen) <= 2
    proxy.set()
    store.delete("one")
