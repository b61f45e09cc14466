"""How each kind of store comes to be, empty."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.faulty import FaultyStore
from tui_backup.stores.base import Store
from tui_backup.stores.local import LocalStore
from tui_backup.stores.memory import MemoryStore

Maker = Callable[[pytest.FixtureRequest], Store]


def _local(request: pytest.FixtureRequest) -> LocalStore:
    directory: Path = request.getfixturevalue("tmp_path")
    return LocalStore(str(directory / "store"))


MAKERS: dict[str, Maker] = {
    "memory": lambda _request: MemoryStore(),
    "local": _local,
    "faulty": lambda request: FaultyStore(_local(request)),
}
"""Kind of store, and where it lies if there are several places -> how one is made that holds nothing."""

_NEEDS: dict[str, str] = {}
"""Kind -> the component without which there is none."""


def _marks(kind: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.requires(_NEEDS[kind])] if kind in _NEEDS else []


@pytest.fixture(params=[pytest.param(kind, marks=_marks(kind)) for kind in MAKERS])
def store(request: pytest.FixtureRequest) -> Store:
    made = MAKERS[request.param](request)
    made.create()
    return made


@pytest.fixture
def local(request: pytest.FixtureRequest) -> LocalStore:
    made = _local(request)
    made.create()
    return made
