"""A key, and repositories of archives over a store in memory."""

import pytest

from tests.support.archives import KEY
from tui_backup.formats.archive.seal import Passphrase
from tui_backup.primitives.secret import Secret
from tui_backup.stores.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="session")
def passphrase() -> Passphrase:
    return Passphrase(Secret(KEY))
