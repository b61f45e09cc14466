"""A small repository in memory, and the keys of real ones."""

import pytest

from tests.support.samples import sample_store
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.keys import new_keys, unlock
from tui_backup.primitives.secret import Secret
from tui_backup.stores.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def keys() -> Keys:
    return new_keys()


@pytest.fixture
def cipher(keys: Keys) -> Cipher:
    return Cipher(keys)


@pytest.fixture(scope="session")
def sample_keys() -> dict[str, Keys]:
    return {name: unlock(sample_store(name), Secret("test"))[0] for name in ("v1", "v2", "v2-0191")}
