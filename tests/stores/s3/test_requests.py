"""How many requests things take, and which are made again."""

import hashlib
import io
import os
import time
from collections import Counter
from collections.abc import Callable

import msgspec
import pytest

from tests.support.servers.fault_proxy import FaultProxy, Rule
from tests.support.servers.s3 import S3Server
from tui_backup.errors import NotFound, StoreError, StoreUnavailable
from tui_backup.stores.s3 import reading
from tui_backup.stores.s3.store import S3Store

pytestmark = pytest.mark.requires("radosgw")

KEY = "data/3f/pack"
MEBIBYTE = 1024 * 1024


def methods(proxy: FaultProxy) -> Counter[str]:
    return Counter(seen.method for seen in proxy.seen)


@pytest.mark.parametrize(
    ("use", "requests"),
    [
        (lambda store: store.put(KEY, b"content"), {"PUT": 1}),
        (lambda store: store.put(KEY, os.urandom(20 * MEBIBYTE)), {"PUT": 1}),
        (lambda store: store.put(KEY, io.BytesIO(b"content")), {"PUT": 1}),
        (lambda store: store.get("config"), {"GET": 1}),
        (lambda store: store.get("config", 2, 3), {"GET": 1}),
        (lambda store: store.info("config"), {"HEAD": 1}),
        (lambda store: list(store.objects()), {"GET": 1}),
        (lambda store: store.delete("config"), {"DELETE": 1}),
        (lambda store: store.delete_all(f"data/{number}" for number in range(900)), {"POST": 1}),
        (lambda store: store.create(), {"GET": 1}),
        (lambda store: store.tidy(), {"GET": 1}),
    ],
)
def test_nothing_takes_more_requests_than_it_must(
    watched: S3Store, proxy: FaultProxy, use: Callable[[S3Store], object], requests: dict[str, int]
) -> None:
    watched.put("config", b"content")
    proxy.set()
    use(watched)
    assert methods(proxy) == requests


def test_a_small_object_comes_at_once(watched: S3Store, radosgw: S3Server) -> None:
    """40 ms is what a server waits that is not told at once what has arrived."""
    direct = S3Store(
        **{name: getattr(watched, name) for name in watched.__struct_fields__} | {"endpoint": radosgw.endpoint}
    )
    direct.put(KEY, b"content")
    took = []
    for _number in range(20):
        began = time.perf_counter()
        direct.get(KEY)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.035


def test_a_body_that_breaks_off_is_gone_on_with(watched: S3Store, proxy: FaultProxy) -> None:
    content = os.urandom(5 * MEBIBYTE)
    watched.put(KEY, content)
    proxy.set(Rule(method="GET", truncate=2 * MEBIBYTE + 5, count=2))
    assert watched.get(KEY) == content
    assert methods(proxy)["GET"] == 3


def test_an_object_that_is_replaced_meanwhile_is_read_anew(
    watched: S3Store, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SPAN", MEBIBYTE)
    old, new = (os.urandom(3 * MEBIBYTE + 10) for _number in range(2))
    watched.put(KEY, old)
    fetch, fetched = reading._Stretch.fetch, []

    def replace_after_the_first(stretch: reading._Stretch) -> None:
        fetch(stretch)
        fetched.append(stretch)
        if len(fetched) == 1:
            watched.put(KEY, new)

    monkeypatch.setattr(reading._Stretch, "fetch", replace_after_the_first)
    assert watched.get(KEY) == new
    assert watched.get(KEY, MEBIBYTE - 1, MEBIBYTE + 2) == new[MEBIBYTE - 1 :][: MEBIBYTE + 2]


@pytest.mark.parametrize("rule", [Rule(status=503), Rule(status=500, code="InternalError"), Rule(reset=True)], ids=str)
def test_what_passes_is_tried_again(watched: S3Store, proxy: FaultProxy, rule: Rule) -> None:
    proxy.set(msgspec.structs.replace(rule, count=2))
    watched.put(KEY, b"content")
    assert methods(proxy) == {"PUT": 3}
    assert watched.get(KEY) == b"content"


def test_an_upload_whose_answer_is_lost_is_made_again(watched: S3Store, proxy: FaultProxy) -> None:
    proxy.set(Rule(method="PUT", lose_answer=True, count=1))
    watched.put(KEY, b"content")
    assert watched.get(KEY) == b"content"
    proxy.set(Rule(method="DELETE", lose_answer=True, count=1))
    watched.delete(KEY)
    assert list(watched.objects()) == []


@pytest.mark.parametrize("size", [7, 3 * MEBIBYTE])
def test_what_is_named_by_its_digest_is_checked_by_it(watched: S3Store, proxy: FaultProxy, size: int) -> None:
    content = os.urandom(size)
    key = f"data/{hashlib.sha256(content).hexdigest()}"
    watched.put(key, content)
    assert methods(proxy) == {"PUT": 1}
    watched.put(key, b"something else")
    assert methods(proxy) == {"PUT": 3}, "by the wrong digest, and by its own"
    assert watched.get(key) == b"something else"


def test_a_bucket_that_insists_on_an_md5_gets_it(watched: S3Store, proxy: FaultProxy) -> None:
    key = f"data/{hashlib.sha256(b'content').hexdigest()}"
    proxy.set(Rule(method="PUT", status=400, code="InvalidRequest", count=1))
    watched.put(key, b"content")
    assert methods(proxy) == {"PUT": 2}
    watched.put(key, b"content")
    assert methods(proxy) == {"PUT": 3}
    assert watched.get(key) == b"content"


def test_a_server_may_say_how_long_to_wait(watched: S3Store, proxy: FaultProxy) -> None:
    proxy.set(Rule(status=503, retry_after=2, count=1))
    began = time.monotonic()
    watched.put(KEY, b"content")
    assert time.monotonic() - began >= 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 501])
def test_what_is_refused_is_not_tried_again(watched: S3Store, proxy: FaultProxy, status: int) -> None:
    proxy.set(Rule(status=status, code="Refused"))
    with pytest.raises(StoreError) as raised:
        watched.put(KEY, b"content")
    assert not raised.value.transient
    assert len(proxy.seen) == 1


@pytest.mark.usefixtures("impatient")
def test_what_does_not_pass_is_given_up(watched: S3Store, proxy: FaultProxy) -> None:
    proxy.set(Rule(status=503))
    with pytest.raises(StoreUnavailable, match="too busy"):
        watched.put(KEY, b"content")
    assert len(proxy.seen) > 1


def test_a_server_that_deletes_one_by_one_is_asked_so(watched: S3Store, proxy: FaultProxy) -> None:
    keys = [f"data/{number}" for number in range(5)]
    for key in keys:
        watched.put(key, b"")
    proxy.set(Rule(method="POST", status=501, code="NotImplemented"))
    watched.delete_all(keys)
    assert methods(proxy) == {"POST": 1, "DELETE": 5}
    assert list(watched.objects()) == []


def test_what_is_no_key_is_passed_over(watched: S3Store, radosgw: S3Server) -> None:
    names = ["place/config", "place//x", "place/.hidden", "place/a\nb", "place/", "placebo", "place/ü b"]
    with radosgw.client() as client:
        for name in names:
            client.put_object(Bucket=watched.bucket, Key=name, Body=b"")
    assert sorted(found.key for found in watched.objects()) == ["config", "ü b"]
    with pytest.raises(NotFound):
        watched.get("bo")
