"""How each kind of store comes to be, empty."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.faulty import FaultyStore
from tui_backup.stores.base import Store
from tui_backup.stores.cached import CachedStore
from tui_backup.stores.limited import LimitedStore
from tui_backup.stores.local import LocalStore
from tui_backup.stores.memory import MemoryStore


def _cached(directory: Path) -> Store:
    store = CachedStore(beneath=LocalStore(str(directory / "store")), directory=str(directory / "caches" / ("0" * 64)))
    store.keep_at_hand(["data/", "0/", "1/"])
    return store


MAKERS: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _directory: MemoryStore(),
    "local": lambda directory: LocalStore(str(directory / "store")),
    "faulty": lambda directory: FaultyStore(LocalStore(str(directory / "store"))),
    "cached": _cached,
    "limited": lambda directory: LimitedStore(
        beneath=LocalStore(str(directory / "store")),
        upload=10**10,
        download=10**10,
        directory=str(directory / "limits"),
    ),
}


@pytest.fixture(params=MAKERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    made = MAKERS[request.param](tmp_path)
    made.create()
    return made


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    made = LocalStore(str(tmp_path / "store"))
    made.create()
    return made
