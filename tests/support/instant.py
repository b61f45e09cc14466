"""Repositories that are there at once: they have keys and no password, so no key has to be derived."""

from pathlib import Path
from typing import Any

from tests.support.repositories import brief, opening
from tui_backup.engine.backup import BackedUp, back_up
from tui_backup.formats.restic.config import RepositoryConfig
from tui_backup.formats.restic.keys import new_keys
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.watch import Watch
from tui_backup.sources.files import FilesSource
from tui_backup.stores.base import Store
from tui_backup.stores.memory import MemoryStore


def instant_repository(store: Store | None = None, version: int = 2, **options: Any) -> ResticRepository:
    """Return an empty repository in a store, by default in memory."""
    config = RepositoryConfig(version=version, id="ab" * 32, chunker_polynomial=0x3DA3358B4DC173)
    return ResticRepository(opening(store or MemoryStore(), **options), config, new_keys())


def keep_alone(repository: ResticRepository, tree: Path) -> BackedUp:
    """Back up a directory without those above it, which others may change meanwhile."""
    source = FilesSource(paths=(str(tree),), as_="data")
    return back_up([source], repository, brief("/data"), Watch())
