"""How each kind of store comes to be, empty."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.faulty import FaultyStore
from tui_backup.stores.base import Store
from tui_backup.stores.local import LocalStore
from tui_backup.stores.memory import MemoryStore

MAKERS: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _directory: MemoryStore(),
    "local": lambda directory: LocalStore(str(directory / "store")),
    "faulty": lambda directory: FaultyStore(LocalStore(str(directory / "store"))),
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
