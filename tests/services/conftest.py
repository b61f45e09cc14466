"""An estate that was backed up twice, to look into."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.looking import looked_into
from tests.support.estate import Estate
from tui_backup.services.workspace import Workspace


@pytest.fixture(scope="session")
def _unchanged(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    return looked_into(tmp_path_factory.mktemp("estate"))


@pytest.fixture
def own() -> None:
    """For tests that change the estate: they get one of their own."""


@pytest.fixture
def estate(request: pytest.FixtureRequest, tmp_path: Path) -> Estate:
    """An estate to look into, which all tests share but those that ask for their `own`."""
    if "own" in request.fixturenames:
        return looked_into(tmp_path)
    shared: Estate = request.getfixturevalue("_unchanged")
    return shared


@pytest.fixture
def workspace(estate: Estate) -> Iterator[Workspace]:
    with estate.open() as workspace:
        yield workspace
