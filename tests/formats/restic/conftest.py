"""A small repository in memory, and the keys of real ones."""

import shutil
from pathlib import Path

import pytest

from tests.support.mending import Pair, make_pair
from tests.support.restic import Restic
from tests.support.samples import SAMPLES, sample_store
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
def initialized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that restic made, for tests to copy."""
    made = tmp_path_factory.mktemp("restic") / "repository"
    Restic(made).run("init")
    return made


@pytest.fixture
def restic(initialized: Path, tmp_path: Path) -> Restic:
    """The real restic on an empty repository."""
    shutil.copytree(initialized, tmp_path / "repository")
    return Restic(tmp_path / "repository")


@pytest.fixture(scope="session")
def sample_keys() -> dict[str, Keys]:
    return {name: unlock(sample_store(name), Secret("test"))[0] for name in SAMPLES}


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """A repository to be damaged, and a copy of its snapshots; both for tests to copy."""
    return make_pair(tmp_path_factory.mktemp("pair"))
