"""Repositories that are damaged on purpose, a second copy of them, and short words for repairs."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.aging import Aged, aged, contents
from tests.support.repositories import new_repository, opening
from tui_backup.formats.restic.config import read_config
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.keys import unlock
from tui_backup.formats.restic.pack import BlobType, PackedBlob, read_header
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.formats.upkeep import OpenLive
from tui_backup.model.upkeep import Repaired, RepairPlan
from tui_backup.model.watch import Watch
from tui_backup.stores.memory import MemoryStore


class Pair(NamedTuple):
    """A repository, and a copy of its snapshots under another password."""

    first: Aged
    second: Aged

    def blobs_of(self, key: str) -> list[PackedBlob]:
        """Return the blobs of a pack of the first."""
        return read_header(self.first.objects[key], Cipher(self.first.keys))

    def packs(self, type_: BlobType) -> list[str]:
        """Return the keys of the packs of one type in the first."""
        return [key for key in keys_of(self.first.objects, "data") if self.blobs_of(key)[0].type is type_]

    def damaged(self, changes: Mapping[str, bytes | None]) -> MemoryStore:
        """Return the first with some objects changed, or gone where None stands for them."""
        store = self.first.store()
        for key, content in changes.items():
            store.delete(key)
            if content is not None:
                store.put(key, content)
        return store


def make_pair(directory: Path, *, snapshots: int = 3, files: int = 40) -> Pair:
    """Make a repository with several packs of each type, and copy its snapshots."""
    first = aged(directory, snapshots=snapshots, files=files)
    store = MemoryStore()
    target = new_repository(store, "another horse")
    source = first.opened()
    target.upkeep.copies.copy(source, source.snapshots(), Watch())
    keys, _name = unlock(store, opening(store, "another horse").password)
    return Pair(first, Aged(contents(store), read_config(store, Cipher(keys)), keys, "another horse"))


def keys_of(objects: Mapping[str, bytes], kind: str) -> list[str]:
    """Return the keys of a kind: `index`, `data`."""
    return sorted(key for key in objects if key.startswith(f"{kind}/"))


def plan_packs(
    repository: ResticRepository, other: ResticRepository | None = None, live: OpenLive | None = None
) -> RepairPlan:
    return repository.upkeep.repairs.plan_packs(other, live, Watch())


def repair_packs(
    repository: ResticRepository, other: ResticRepository | None = None, live: OpenLive | None = None
) -> Repaired:
    """Plan and carry out."""
    return repository.upkeep.repairs.execute(plan_packs(repository, other, live), Watch())


def repair_index(repository: ResticRepository) -> Repaired:
    """Plan and carry out."""
    repairs = repository.upkeep.repairs
    return repairs.execute(repairs.plan_index(Watch()), Watch())


def repair_snapshots(repository: ResticRepository) -> Repaired:
    """Plan and carry out."""
    repairs = repository.upkeep.repairs
    return repairs.execute(repairs.plan_snapshots(Watch()), Watch())


def words(plan: RepairPlan | Repaired) -> list[str]:
    """Return what is or would be done."""
    return [step.what for step in (plan.steps if isinstance(plan, RepairPlan) else plan.done)]
