"""A store on Ceph behind the proxy of the faults, so that its requests can be counted and spoiled."""

import pytest

from tests.support.s3_stores import s3_store
from tests.support.servers.fault_proxy import FaultProxy
from tests.support.servers.s3 import S3Server
from tui_backup.stores.s3 import retrying
from tui_backup.stores.s3.store import S3Store


@pytest.fixture
def watched(radosgw: S3Server, proxy: FaultProxy) -> S3Store:
    """Its bucket is there, and the proxy has seen nothing of it yet."""
    store = s3_store(radosgw.through(proxy.url), radosgw.new_bucket(), prefix="place")
    store.tidy()
    proxy.set()
    return store


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not pass is soon given up."""
    monkeypatch.setattr(retrying, "PATIENCE_S", 0.5)
    monkeypatch.setattr(retrying, "FIRST_PATIENCE_S", 0.5)
