"""A server that says no is asked once, and one line says why, one what to do."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.distant import Distant, install_on, new_place, restic_on_s3, s3_table
from tests.support.programs import Said
from tests.support.servers.ceph import Ceph
from tests.support.servers.daemons import free_port
from tests.support.servers.fault_proxy import FaultProxy
from tests.support.servers.s3 import S3Server
from tests.support.trees import write_tree

pytestmark = pytest.mark.requires("radosgw")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "source", {"file": b"content"})


@pytest.fixture
def install(tmp_path: Path, source: Path) -> Callable[[S3Server, str], Distant]:
    """Return what writes a configuration for a bucket of a server."""

    def install(server: S3Server, bucket: str) -> Distant:
        table = s3_table(server, bucket, new_place())
        return install_on(tmp_path / "distant", source, table, restic_on_s3(server, bucket, table["prefix"]))

    return install


Install = Callable[[S3Server, str], Distant]


def assert_said(said: Said, sentence: str, hint: str, code: int = 1) -> None:
    """Both on a line of their own, and nothing else."""
    assert said.code == code, said
    first, second = said.err.splitlines()
    assert first.startswith("tui-backup: error: "), said
    assert sentence in first
    assert second.startswith("hint: "), said
    assert hint in second


def assert_asked_once(proxy: FaultProxy) -> None:
    """No request was repeated that was refused."""
    asked = Counter((seen.method, seen.path) for seen in proxy.seen if seen.status in {400, 401, 403})
    assert asked
    assert set(asked.values()) == {1}, asked


def test_a_wrong_secret_key(radosgw: S3Server, proxy: FaultProxy, install: Install) -> None:
    wrong = msgspec.structs.replace(radosgw.through(proxy.url), secret_key="of somebody else")
    said = install(wrong, radosgw.new_bucket()).call("run", "site")
    assert_said(said, "the secret key does not fit the access key", "check secret_key")
    assert "of somebody else" not in said.err
    assert_asked_once(proxy)


def test_an_unknown_access_key(radosgw: S3Server, proxy: FaultProxy, install: Install) -> None:
    wrong = msgspec.structs.replace(radosgw.through(proxy.url), access_key="NOBODYNOBODYNOBODY12")
    said = install(wrong, radosgw.new_bucket()).call("run", "site")
    assert_said(said, "does not know the access key", "check access_key")
    assert_asked_once(proxy)


def test_a_bucket_that_has_gone(radosgw: S3Server, proxy: FaultProxy, install: Install) -> None:
    bucket = radosgw.new_bucket()
    distant = install(radosgw.through(proxy.url), bucket)
    assert distant.call("run", "site").code == 0
    radosgw.remove_bucket(bucket)
    proxy.set()
    for arguments in (["run", "site"], ["list"]):
        assert_said(distant.call(*arguments), f"bucket {bucket} does not exist", "check its name", code=10)
    assert {seen.method for seen in proxy.seen} <= {"GET", "HEAD"}


def test_a_clock_that_is_wrong(radosgw: S3Server, proxy: FaultProxy, install: Install) -> None:
    distant = install(radosgw.through(proxy.url), radosgw.new_bucket())
    with distant.start("run", "site", environment=distant.with_a_wrong_clock()) as process:
        out, err = process.communicate(timeout=60)
    assert_said(Said(process.returncode, out, err), "refuses our clock: it is", "set the clock")
    assert_asked_once(proxy)


def _policy(bucket: str, *actions: str) -> str:
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    allowed: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": list(actions), "Resource": resources}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


def test_a_policy_that_lets_nobody_write(ceph: Ceph, radosgw: S3Server, proxy: FaultProxy, install: Install) -> None:
    bucket = radosgw.new_bucket()
    with radosgw.client() as client:
        client.put_bucket_policy(Bucket=bucket, Policy=_policy(bucket, "s3:ListBucket", "s3:GetObject"))
    said = install(ceph.new_user().through(proxy.url), bucket).call("run", "site")
    assert_said(said, "access denied (s3:PutObject)", f"must allow s3:PutObject in the bucket {bucket}")
    assert_asked_once(proxy)


def test_a_quota_that_is_used_up(ceph: Ceph, proxy: FaultProxy, install: Install, source: Path) -> None:
    user = ceph.new_user(quota_bytes=2_000_000)
    bucket = user.new_bucket()
    distant = install(user.through(proxy.url), bucket)
    assert distant.call("run", "site").code == 0
    (source / "large").write_bytes(os.urandom(4_000_000))
    assert_said(distant.call("run", "site"), "the quota of the account", "forget snapshots and prune")
    assert_asked_once(proxy)
    distant.restic.check()


def test_nobody_listens(radosgw: S3Server, install: Install) -> None:
    nowhere = radosgw.through(f"http://127.0.0.1:{free_port()}")
    distant = install(nowhere, "bucket")
    with distant.start("run", "site", environment=distant.with_little_patience()) as process:
        out, err = process.communicate(timeout=60)
    said = Said(process.returncode, out, err)
    assert_said(said, f"cannot connect to S3 at {nowhere.endpoint}: Connection refused", "that the server runs")


def test_a_certificate_of_an_unknown_authority(radosgw_tls: S3Server, install: Install) -> None:
    doubting = msgspec.structs.replace(radosgw_tls, authority="")
    said = install(doubting, "bucket").call("run", "site")
    assert_said(said, f"cannot connect to S3 at {radosgw_tls.endpoint}: ", "name its file as ca_file")
