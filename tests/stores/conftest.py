"""How each kind of store comes to be, empty."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.distant import new_place, sftp_table, store_of
from tests.support.faulty import FaultyStore
from tests.support.s3_stores import s3_store
from tests.support.servers.sshd import SshServer
from tui_backup.stores.base import Store
from tui_backup.stores.cached import CachedStore
from tui_backup.stores.limited import LimitedStore
from tui_backup.stores.local import LocalStore
from tui_backup.stores.memory import MemoryStore

Maker = Callable[[pytest.FixtureRequest], Store]


def _local(request: pytest.FixtureRequest) -> LocalStore:
    directory: Path = request.getfixturevalue("tmp_path")
    return LocalStore(str(directory / "store"))


def _cached(request: pytest.FixtureRequest) -> CachedStore:
    directory: Path = request.getfixturevalue("tmp_path")
    made = CachedStore(beneath=_local(request), directory=str(directory / "caches" / ("c" * 64)))
    made.keep_at_hand(["data/", "index/"])
    return made


def _limited(request: pytest.FixtureRequest) -> LimitedStore:
    directory: Path = request.getfixturevalue("tmp_path")
    pace = 1 << 30
    return LimitedStore(beneath=_local(request), upload=pace, download=pace, directory=str(directory / "pace"))


def _s3(server: str) -> Maker:
    def make(request: pytest.FixtureRequest) -> Store:
        return s3_store(request.getfixturevalue(server), prefix="a prefix/of two parts")

    return make


def _sftp(request: pytest.FixtureRequest) -> Store:
    server: SshServer = request.getfixturevalue("ssh")
    return store_of(sftp_table(server, f"{server.files}/{new_place()}"))


MAKERS: dict[str, Maker] = {
    "memory": lambda _request: MemoryStore(),
    "local": _local,
    "faulty": lambda request: FaultyStore(_local(request)),
    "s3": _s3("radosgw"),
    "s3 over TLS": _s3("radosgw_tls"),
    "s3 of rclone": _s3("rclone_s3"),
    "sftp": _sftp,
    "cached": _cached,
    "limited": _limited,
}
"""Kind of store, and where it lies if there are several places -> how one is made that holds nothing."""

UNLIKE = frozenset({"guarded", "single"})
"""Kinds that are there to refuse what others do; they have tests of their own."""

_NEEDS: dict[str, str] = {"s3": "radosgw", "s3 over TLS": "radosgw", "s3 of rclone": "rclone", "sftp": "sshd"}
"""Kind -> the component without which there is none."""

_DEFECTS = {
    ("s3 of rclone", "test_deleting_what_is_no_object_is_no_error"): "asked to remove a/b, rclone removes the object a",
}
"""Kind and test -> what the server does wrong there; no key that we use is of that kind."""


def _marks(kind: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.requires(_NEEDS[kind])] if kind in _NEEDS else []


@pytest.fixture(params=[pytest.param(kind, marks=_marks(kind)) for kind in MAKERS])
def store(request: pytest.FixtureRequest) -> Store:
    if reason := _DEFECTS.get((request.param, request.node.originalname)):
        request.applymarker(pytest.mark.xfail(reason=reason))
    made = MAKERS[request.param](request)
    made.create()
    return made


@pytest.fixture
def local(request: pytest.FixtureRequest) -> LocalStore:
    made = _local(request)
    made.create()
    return made
