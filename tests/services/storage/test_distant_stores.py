"""What lies around a store, with a real S3 server beneath: locks that hold, copies at hand, a pace that is kept."""

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from tests.support.estate import Estate, Ran, build_estate, cheap_repository, password_of, run_in
from tests.support.histories import with_keep
from tests.support.restic import Restic
from tests.support.s3_stores import s3_store
from tests.support.servers.fault_proxy import FaultProxy
from tests.support.servers.s3 import S3Server
from tui_backup.config.check import check
from tui_backup.config.settings import RepositoryConfig
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.services.storage.lock_memory import load_memory, save_memory
from tui_backup.services.storage.snapshots import open_shelf
from tui_backup.services.storage.stores import store_of
from tui_backup.services.upkeep import pruning
from tui_backup.services.workspace import Workspace
from tui_backup.stores.base import Store
from tui_backup.stores.cached import _known
from tui_backup.stores.memory import MemoryStore

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectLockRuleTypeDef

pytestmark = pytest.mark.requires("radosgw")

DAYS = 30
DAY = timedelta(days=1)


class Offsite:
    """An estate whose one repository lies in a bucket."""

    def __init__(self, directory: Path, server: S3Server, **bucket: bool) -> None:
        self.estate: Estate = build_estate(directory, ("local",), made=False)
        self.server = server
        self.bucket = server.new_bucket(**bucket)
        self.days: int | None = None
        cheap_repository(self.store(server), password_of("local"))
        key = directory / "local.key"
        key.touch(0o600)
        key.write_text(password_of("local"))

    def store(self, server: S3Server) -> Store:
        return s3_store(server, self.bucket, prefix="web1")

    def open(self, server: S3Server | None = None) -> Workspace:
        """Open the configuration as a new process would, by way of a proxy where one is given."""
        _known.clear()
        workspace = self.estate.open(local=self.store(server or self.server))
        config = msgspec.structs.replace(workspace.config.repositories["local"], object_lock_days=self.days)
        return Workspace(msgspec.structs.replace(workspace.config, repositories={"local": config}))

    def change(self, content: bytes) -> Ran:
        """Write something into the one file, then back up."""
        (self.estate.source / "a").write_bytes(content)
        with self.open() as workspace:
            return run_in(workspace)

    def age(self, time: timedelta) -> None:
        """Have everything that is known of locks be older."""
        state = self.estate.directory / "state"
        memory = load_memory(state, "local")
        memory.complete -= time.total_seconds()
        memory.objects = {key: end - time.total_seconds() for key, end in memory.objects.items()}
        save_memory(state, "local", memory)

    def ends(self) -> dict[str, datetime | None]:
        """Return until when the server keeps the current version of every object."""
        retention = self.store(self.server).retention
        assert retention is not None
        return {found.key: retention.until(found.key) for found in self.store(self.server).objects()}

    def restic(self) -> Restic:
        place = f"s3:{self.server.endpoint}/{self.bucket}/web1"
        variables = tuple(self.server.environment.items())
        return Restic(place, password_of("local"), environment=variables, options=("--no-cache",))


def test_nobody_can_delete_what_a_run_has_locked(radosgw: S3Server, tmp_path: Path) -> None:
    offsite = Offsite(tmp_path, radosgw, ObjectLockEnabledForBucket=True)
    offsite.days = DAYS
    assert offsite.change(b"one").errors == []
    with radosgw.client() as client:
        versions = client.list_object_versions(Bucket=offsite.bucket)["Versions"]
        for version in versions:
            is_lock = "/locks/" in version["Key"]
            key, version_id = version["Key"], version["VersionId"]
            if is_lock:
                client.delete_object(Bucket=offsite.bucket, Key=key, VersionId=version_id)
                continue
            with pytest.raises(ClientError, match="object lock"):
                client.delete_object(Bucket=offsite.bucket, Key=key, VersionId=version_id)
    assert len({version["Key"].split("/")[1] for version in versions}) == 6


@pytest.mark.requires("restic")
def test_a_later_run_extends_and_a_prune_leaves_what_is_locked(radosgw: S3Server, tmp_path: Path) -> None:
    offsite = Offsite(tmp_path, radosgw, ObjectLockEnabledForBucket=True)
    offsite.days = DAYS
    with_keep(offsite.estate, "{ last = 1 }")
    offsite.change(os.urandom(100_000))
    first = offsite.ends()
    assert all(end is not None and end >= now() + DAYS * DAY for end in first.values())
    offsite.age(2 * DAY)
    assert offsite.change(os.urandom(100_000)).errors == []
    second = offsite.ends()
    kept = {key for key in first if key.startswith(("config", "keys/", "index/"))}
    assert all((second[key] or now()) > (first[key] or now()) for key in kept)
    assert any(second[key] == end for key, end in first.items() if key.startswith("data/"))
    with offsite.open() as workspace:
        old, _new = open_shelf(workspace, "local").snapshots
        offsite.store(radosgw).delete(f"snapshots/{old.id}")
        workspace.repository("local").renew()
        plan = pruning.plan(workspace, [], "local", Watch())
        assert plan.reclaim is not None
        assert {each.key for each in plan.reclaim.locked} <= set(first)
        assert sum(each.size for each in plan.reclaim.locked) > 100_000
        pruning.prune(workspace, plan)
    assert {each.key for each in plan.reclaim.locked} <= set(offsite.ends())
    offsite.restic().check()


def test_a_bucket_says_whether_it_can_lock(radosgw: S3Server, tmp_path: Path) -> None:
    plain, default = (
        Offsite(tmp_path / "plain", radosgw),
        Offsite(tmp_path / "default", radosgw, ObjectLockEnabledForBucket=True),
    )
    with radosgw.client() as client:
        rule: ObjectLockRuleTypeDef = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
        client.put_object_lock_configuration(
            Bucket=default.bucket,
            ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
        )
    for offsite, said in ((plain, "does not lock objects"), (default, "locks everything by default")):
        offsite.days = DAYS
        with offsite.open() as workspace:
            (doubt,) = (each for each in check(workspace.config) if each.key.endswith("object_lock_days"))
            assert said in doubt.message
    assert "does not lock objects" in plain.change(b"one").outcome.errors[0].message
    assert default.change(b"one").errors == []


def test_who_looks_twice_does_not_go_to_the_network_twice(radosgw: S3Server, proxy: FaultProxy, tmp_path: Path) -> None:
    offsite = Offsite(tmp_path, radosgw)
    offsite.change(b"one")
    offsite.change(b"two")

    def look() -> list[str]:
        proxy.set()
        with offsite.open(radosgw.through(proxy.url)) as workspace:
            repository = workspace.repository("local")
            for snapshot in open_shelf(workspace, "local").snapshots:
                assert len(list(repository.entries(snapshot))) >= 2
        return [seen.path for seen in proxy.seen if seen.method == "GET" and "list-type" not in seen.path]

    look()
    kinds = {path.split("/web1/")[-1].split("/")[0].split("?")[0] for path in look() if "/web1/" in path}
    assert kinds == {"config"}


def test_a_pace_is_kept_on_the_way_to_a_server(radosgw: S3Server, tmp_path: Path) -> None:
    store = s3_store(radosgw, radosgw.new_bucket())
    config = RepositoryConfig(name="x", format="restic", store=store, limit_upload=2_000_000, limit_download=4_000_000)
    limited = store_of(config, tmp_path)
    body = os.urandom(3_000_000)
    began = time.monotonic()
    limited.put("data/x", body)
    uploaded = time.monotonic() - began
    assert limited.get("data/x", 0, len(body)) == body
    downloaded = time.monotonic() - began - uploaded
    assert uploaded > 3 / 2 * 0.9 - 0.2
    assert downloaded > 3 / 4 * 0.9 - 0.3


def test_what_is_in_front_of_a_store_is_in_order(tmp_path: Path) -> None:
    config = RepositoryConfig(name="x", format="restic", store=MemoryStore(), append_only=True, limit_upload=1)
    store: Any = store_of(config, tmp_path, "ab" * 32)
    kinds = []
    while hasattr(store, "beneath"):
        kinds.append(store.kind)
        store = store.beneath
    assert kinds == ["guarded", "limited"]
