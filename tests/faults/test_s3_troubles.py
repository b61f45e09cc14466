"""Trouble between us and an S3 server: whatever happens, a life goes well, and nothing is left behind."""

import json
from pathlib import Path

import pytest

from tests.support.distant import Distant, install_on, new_place, restic_on_s3, s3_table
from tests.support.impatience import SILENCE_S
from tests.support.life import KEEPING_ONE, assert_sound, estate, live
from tests.support.servers.fault_proxy import FaultProxy, Rule
from tests.support.servers.s3 import S3Server
from tests.support.trees import traits_of

pytestmark = pytest.mark.requires("radosgw", "restic")

KINDS = ("data", "index", "snapshots", "keys", "locks")

TROUBLES = {
    "refused": [
        Rule(nth=5, count=2, status=503, retry_after=1),
        Rule(share=0.1, status=503),
        Rule(share=0.1, status=500, code="InternalError"),
    ],
    "cut": [
        Rule(share=0.05, reset=True),
        Rule(method="PUT|POST", share=0.2, cut_upload=500),
        Rule(method="GET", share=0.2, truncate=200),
    ],
    "answers lost": [Rule(method="PUT|POST|DELETE", share=0.3, lose_answer=True)],
}


@pytest.fixture
def bucket(radosgw: S3Server) -> str:
    return radosgw.new_bucket()


@pytest.fixture
def distant(radosgw: S3Server, proxy: FaultProxy, bucket: str, tmp_path: Path) -> Distant:
    table = s3_table(radosgw.through(proxy.url), bucket, new_place())
    restic = restic_on_s3(radosgw, bucket, table["prefix"])
    return install_on(tmp_path / "distant", estate(tmp_path / "source"), table, restic, KEEPING_ONE)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_life_goes_well_in_trouble(
    trouble: str, distant: Distant, proxy: FaultProxy, radosgw: S3Server, bucket: str
) -> None:
    proxy.set(*TROUBLES[trouble])
    live(distant)
    assert {seen.rule for seen in proxy.seen} >= set(range(len(TROUBLES[trouble])))
    assert radosgw.uploads(bucket) == []
    assert_sound(distant)


def test_a_bit_that_is_turned_over_once_harms_nothing(distant: Distant, proxy: FaultProxy) -> None:
    distant.back_up()
    (distant.source / "goes").unlink()

    def call(*arguments: str) -> None:
        proxy.set(*(Rule(method="GET", path=f"/{kind}/[0-9a-f]", flip=70, count=1) for kind in KINDS))
        said = distant.call(*arguments)
        assert said.code == 0, (arguments, said)
        assert any(seen.rule == KINDS.index("data") for seen in proxy.seen), arguments

    call("run", "site")
    call("restore", "latest", "--target", str(distant.directory / "target"), "--yes")
    call("verify", "--read-data")
    assert_sound(distant)


def test_a_server_that_is_300_ms_away_is_only_slower(distant: Distant, proxy: FaultProxy) -> None:
    proxy.set(Rule(delay=0.3))
    distant.back_up()
    assert distant.restore(distant.directory / "target").code == 0
    assert traits_of(distant.inside(distant.directory / "target")) == traits_of(distant.source)
    assert distant.call("prune", "--yes").code == 0
    assert_sound(distant)


def test_a_life_goes_well_with_pages_of_one_key(distant: Distant, proxy: FaultProxy, radosgw: S3Server) -> None:
    proxy.set(Rule(path="list-type=2", page=1, keys=(radosgw.access_key, radosgw.secret_key)))
    live(distant)
    assert any("continuation-token" in seen.path for seen in proxy.seen)
    assert_sound(distant)


def test_a_stall_that_lasts_longer_than_patience_is_tried_again(distant: Distant, proxy: FaultProxy) -> None:
    stalled = SILENCE_S * 2.0
    proxy.set(
        Rule(method="PUT", path="/data/", count=1, delay=stalled),
        Rule(method="GET", path="/data/", count=1, stall=stalled),
    )
    live(distant, distant.with_little_patience())
    assert {0, 1} <= {seen.rule for seen in proxy.seen}
    assert_sound(distant)


def largest_pack(server: S3Server, bucket: str) -> str:
    with server.client() as client:
        found = client.list_objects_v2(Bucket=bucket)["Contents"]
    return max(found, key=lambda each: each["Size"])["Key"].rpartition("/")[2]


def test_damage_on_the_way_that_does_not_end_is_named(
    distant: Distant, proxy: FaultProxy, radosgw: S3Server, bucket: str
) -> None:
    distant.back_up()
    pack = largest_pack(radosgw, bucket)
    proxy.set(Rule(method="GET", path=f"/data/.*{pack}", flip=70))
    verified = distant.call("--json", "verify", "--read-data")
    assert verified.code == 1, verified
    print("DBG", verified.out[:1500], [(s.method, s.path, s.status, s.rule) for s in proxy.seen if s.rule is not None])
    problems = json.loads(verified.out)["problems"]
    assert {problem["object"].rpartition("/")[2] for problem in problems if problem["kind"] == "pack-damaged"} == {pack}
    paths = {path for problem in problems for path in problem["paths"]}
    assert paths & {str(distant.source / name) for name in ("stays", "goes")}
    restored = distant.restore(distant.directory / "target")
    assert restored.code == 3, restored
    assert any(event["type"] == "warning" and event["path"] in paths for event in restored.events)
    proxy.set()
    assert distant.call("verify", "--read-data").code == 0
    assert_sound(distant)
