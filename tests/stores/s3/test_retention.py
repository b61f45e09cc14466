"""Object lock, on a server that has it."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.s3_stores import s3_store
from tests.support.servers.ceph import Ceph
from tests.support.servers.s3 import S3Server
from tui_backup.errors import NotFound, StoreError
from tui_backup.stores.base import Retention
from tui_backup.stores.s3.store import S3Store

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

pytestmark = pytest.mark.requires("radosgw")

KEY = "data/3f/pack"


@pytest.fixture
def locking(radosgw: S3Server) -> S3Store:
    return s3_store(radosgw, radosgw.new_bucket(ObjectLockEnabledForBucket=True), prefix="place")


def retention(store: S3Store) -> Retention:
    found = store.retention
    assert found is not None
    return found


def soon(seconds: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


def delete_versions(server: S3Server, store: S3Store) -> list[str]:
    """Try to remove every version of everything; return what the server says."""
    with server.client() as client:
        found = client.list_object_versions(Bucket=store.bucket)
        versions: list[ObjectIdentifierTypeDef] = [
            {"Key": each["Key"], "VersionId": each["VersionId"]} for each in found.get("Versions", [])
        ]
        told = client.delete_objects(Bucket=store.bucket, Delete={"Objects": versions})
        return [error["Key"] for error in told.get("Errors", [])]


def test_a_bucket_without_it_has_none(radosgw: S3Server) -> None:
    assert s3_store(radosgw, radosgw.new_bucket()).retention is None


def test_what_is_kept_stays_until_its_time(radosgw: S3Server, locking: S3Store) -> None:
    locking.put(KEY, b"content")
    kept = retention(locking)
    assert kept.until(KEY) is None
    until = soon(60)
    kept.extend([KEY], until)
    assert kept.until(KEY) == until
    assert delete_versions(radosgw, locking) == [f"place/{KEY}"]
    kept.extend([KEY], soon(10))
    assert kept.until(KEY) == until, "what is kept for longer stays so"
    kept.extend([KEY], soon(120))
    assert kept.until(KEY) != until


def test_many_are_kept_at_once_and_one_that_cannot_be_hinders_no_other(locking: S3Store) -> None:
    keys = [f"data/{number}" for number in range(40)]
    for key in keys:
        locking.put(key, b"")
    until = soon(60)
    with pytest.raises(NotFound):
        retention(locking).extend([*keys[:20], "data/none", *keys[20:]], until)
    assert {retention(locking).until(key) for key in keys} == {until}


def test_new_objects_are_kept_from_the_first_moment(radosgw: S3Server, locking: S3Store) -> None:
    store = locking.locking(2)
    store.put(KEY, b"content")
    with store.writing("data/large") as sink:
        sink.write(bytes(9 << 20))
    store.put("locks/3f", b"lock")
    for key in (KEY, "data/large"):
        until = retention(store).until(key)
        assert until is not None
        assert timedelta(days=1.9) < until - datetime.now(UTC) < timedelta(days=2.1)
    assert retention(store).until("locks/3f") is None
    assert sorted(delete_versions(radosgw, locking)) == [f"place/{KEY}", "place/data/large"]


def test_reading_goes_on_as_ever_where_old_versions_stay(locking: S3Store) -> None:
    store = locking.locking(1)
    store.put("config", b"first")
    store.put("config", b"second one")
    assert store.get("config") == b"second one"
    assert [(found.key, found.size) for found in store.objects()] == [("config", 10)]
    store.delete("config")
    store.delete_all(["config", "none"])
    assert list(store.objects()) == []
    with pytest.raises(NotFound):
        store.get("config")
    with pytest.raises(NotFound):
        store.info("config")
    store.put("config", b"third")
    assert store.get("config") == b"third"


def test_a_bucket_may_keep_whatever_is_put_into_it(radosgw: S3Server, locking: S3Store) -> None:
    assert not retention(locking).by_default()
    other = s3_store(radosgw, radosgw.new_bucket(ObjectLockEnabledForBucket=True))
    with radosgw.client() as client:
        client.put_object_lock_configuration(
            Bucket=other.bucket,
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
            },
        )
    assert retention(other).by_default()


def test_a_new_bucket_can_lock_if_that_is_wished(radosgw: S3Server) -> None:
    store = s3_store(radosgw).locking(1)
    store.create()
    assert store.retention is not None


def test_a_bucket_that_cannot_lock_says_so(radosgw: S3Server) -> None:
    with pytest.raises(StoreError):
        s3_store(radosgw, radosgw.new_bucket()).locking(1).put(KEY, b"content")


def test_who_may_not_ask_for_it_does_without(ceph: Ceph, radosgw: S3Server, locking: S3Store) -> None:
    actions = ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = [f"arn:aws:s3:::{locking.bucket}", f"arn:aws:s3:::{locking.bucket}/*"]
    allowed = {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resources}
    with radosgw.client() as client:
        policy = {"Version": "2012-10-17", "Statement": [allowed]}
        client.put_bucket_policy(Bucket=locking.bucket, Policy=json.dumps(policy))
    store = s3_store(ceph.new_user(), locking.bucket)
    assert store.retention is None
    store.put(KEY, b"content")
    store.delete(KEY)
    with pytest.raises(StoreError, match="GetBucketObjectLockConfiguration"):
        _retention = store.locking(1).retention
