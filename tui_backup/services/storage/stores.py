"""Storage: the store of a repository with everything that its configuration puts in front of it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_backup.config.settings import RepositoryConfig
from tui_backup.stores.append_only import nothing_goes
from tui_backup.stores.base import LocksObjects, Store
from tui_backup.stores.registry import STORES

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

LOCKED_LONGER = timedelta(days=1)
"""How much longer than `object_lock_days` objects are locked, so that not every run has to extend every lock."""

_ID = re.compile(r"[0-9a-f]{64}")


def store_of(config: RepositoryConfig, state_dir: Path, id_: str | None = None) -> Store:
    """Return the store of a repository as its configuration wants it used; `id_` is that of the repository, if known.

    From the inside out: locks on what is written, limits of what travels, copies at hand of what need not travel
    again, and no deletes, so that nothing is removed from the copies either.
    """
    store = config.store
    if config.object_lock_days is not None and isinstance(store, LocksObjects):
        store = store.locking(config.object_lock_days + LOCKED_LONGER.days)
    if config.limit_upload or config.limit_download:
        store = _in_front(
            "limited",
            beneath=store,
            upload=config.limit_upload,
            download=config.limit_download,
            directory=str(state_dir / "limits" / config.name),
        )
    if is_cached(config) and id_ is not None and _ID.fullmatch(id_):
        store = _in_front("cached", beneath=store, directory=str(state_dir / "caches" / id_))
    if config.append_only:
        store = _in_front("guarded", beneath=store)
    return store


def is_cached(config: RepositoryConfig) -> bool:
    """Whether it is worth while to keep copies at hand of what a repository holds."""
    return config.store.connections > 1


def keeps_all(workspace: "Workspace", name: str) -> bool:
    """Whether nothing may be removed from a repository; of one that is not configured, opening it says that."""
    config = workspace.config.repositories.get(name)
    return config is not None and config.append_only


def refuse_removing(workspace: "Workspace", name: str) -> None:
    """Raise AppendOnly where nothing may be removed from a repository."""
    if keeps_all(workspace, name):
        raise nothing_goes(workspace.config.repositories[name].store.describe())


def _in_front(kind: str, **options: Any) -> Store:
    make: Any = STORES.load(kind)
    store: Store = make(**options)
    return store
