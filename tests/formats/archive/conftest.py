"""A key, and a store in memory."""

from collections.abc import Iterator

import pytest

from tests.support.archives import KEY, close_all
from tui_backup.formats.archive.seal import Passphrase
from tui_backup.primitives.secret import Secret
from tui_backup.stores.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="session")
def passphrase() -> Passphrase:
    return Passphrase(Secret(KEY))


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """What tests leave open."""
    yield
    close_all()
