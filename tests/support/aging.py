"""A repository in memory that has seen some backups, and a store that dies at a chosen operation."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.faulty import Fault, FaultyStore, unavailable
from tests.support.repositories import keep, new_repository, opening
from tui_backup.errors import BackupError
from tui_backup.formats.base import Subset
from tui_backup.formats.restic.config import RepositoryConfig, read_config
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.keys import unlock
from tui_backup.formats.restic.locks.held import Timing
from tui_backup.formats.restic.locks.lock import Locks
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.stores.base import Store
from tui_backup.stores.memory import MemoryStore


class Aged(NamedTuple):
    """A repository with several snapshots of a directory that changed between them."""

    objects: dict[str, bytes]
    config: RepositoryConfig
    keys: Keys
    password: str

    def store(self) -> MemoryStore:
        """Return a fresh store with the repository."""
        return filled(self.objects)

    def opened(self, store: Store | None = None, **options: Any) -> ResticRepository:
        """Open the repository, or what became of it in `store`, without deriving the keys or waiting for locks."""
        place = store or self.store()
        repository = ResticRepository(opening(place, self.password, **options), self.config, self.keys)
        repository.access.locks = Locks(place, self.config.version, self.keys, timing=Timing(settle=0))
        return repository


def aged(directory: Path, *, snapshots: int = 4, files: int = 24, password: str = "correct horse") -> Aged:
    """Make a repository, the same every time but for what is random in sealing."""
    store = MemoryStore()
    repository = new_repository(store, password)
    chance = random.Random(17)
    tree = directory / "tree"
    for _number in range(snapshots):
        for number in chance.sample(range(files), files // 2):
            path = tree / f"directory-{number % 4}" / f"file-{number}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(chance.randbytes(chance.randrange(60_000)))
        keep(repository, tree)
    shutil.rmtree(tree, ignore_errors=True)
    return Aged(contents(store), *_opened(store, password), password)


def _opened(store: Store, password: str) -> tuple[RepositoryConfig, Keys]:
    secret = opening(store, password).password
    keys, _name = unlock(store, secret)
    return read_config(store, Cipher(keys)), keys


def filled(objects: dict[str, bytes]) -> MemoryStore:
    """Return a store in memory that holds these objects."""
    store = MemoryStore()
    for key, content in objects.items():
        store.put(key, content)
    return store


def contents(store: Store) -> dict[str, bytes]:
    """Return all objects of a store."""
    return {found.key: store.get(found.key) for found in store.objects()}


def as_directory(store: Store, directory: Path) -> Path:
    """Write a store out, for restic to look at; locks of the dead stay behind, as `restic unlock` would have it."""
    for key, content in contents(store).items():
        if not key.startswith("locks/"):
            path = directory / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return directory


def deaths(work: Callable[[FaultyStore], object], beneath: Callable[[], MemoryStore]) -> Iterator[MemoryStore]:
    """Do some work again and again on fresh stores, each dying one operation later; yield what each has left behind.

    A store that died answers nothing more, as if the process had been killed: nothing can be tidied up. Every operation
    is tried twice, once not carried out and once carried out with its answer lost.
    """
    for late in (False, True):
        at = 1
        while True:
            store = beneath()
            dying = FaultyStore(
                store, Fault(at=at, late=late, times=1, error=unavailable()), Fault(at=at + 1, error=unavailable())
            )
            try:
                work(dying)
            except BackupError:
                for key in [found.key for found in store.objects("locks/")]:
                    store.delete(key)
                yield store
                at += 1
            else:
                break


def assert_whole(repository: ResticRepository, snapshots: int | None = None) -> list[Snapshot]:
    """Read every byte of a repository, and return its snapshots."""
    found = repository.snapshots()
    proof = repository.verify(found, Subset(), Watch())
    assert [problem for problem in proof.problems if not problem.hint] == []
    assert snapshots is None or len(found) == snapshots
    return found


def hints(repository: ResticRepository) -> list[str]:
    """Return what verification finds to tidy up."""
    proof = repository.verify(repository.snapshots(), None, Watch())
    return [f"{problem.kind}: {problem.object}" for problem in proof.problems]
