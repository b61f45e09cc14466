"""Short words for repositories in tests: open one, fill it, put a snapshot back."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from tui_backup.engine.backup import BackedUp, back_up
from tui_backup.engine.restore import execute
from tui_backup.engine.restore_plan import plan_restore
from tui_backup.engine.restore_request import RestoreRequest
from tui_backup.formats.base import Brief, Opening, Repository
from tui_backup.formats.restic.access import Access
from tui_backup.formats.restic.gate import ResticFormat
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.model.run import RunStatus
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.primitives.secret import Secret
from tui_backup.sources.files import FilesSource
from tui_backup.stores.base import Store
from tui_backup.stores.local import LocalStore


def opening(place: Path | str | Store, password: str = "correct horse", **options: Any) -> Opening:
    """Return what it takes to open the repository in a directory or a store."""
    store = LocalStore(str(place)) if isinstance(place, Path | str) else place
    return Opening(name="main", store=store, password=Secret(password), **options)


def open_repository(place: Path | str | Store, password: str = "correct horse", **options: Any) -> ResticRepository:
    """Open a repository."""
    return ResticFormat.open(opening(place, password, **options))


def new_repository(place: Path | str | Store, password: str = "correct horse", **options: Any) -> ResticRepository:
    """Make a repository."""
    return ResticFormat.create(opening(place, password, **options))


def access_of(repository: Repository) -> Access:
    """Return what the rooms of a repository of restic's format share."""
    assert isinstance(repository, ResticRepository)
    return repository.access


def brief(*paths: Path | str, time: datetime | None = None, **fields: Any) -> Brief:
    """Return the brief of a backup of some paths of the host web1."""
    made = Brief(job="site", kind="manual", time=time or now(), host="web1", paths=tuple(map(str, paths)))
    return msgspec.structs.replace(made, **fields)


def keep(repository: ResticRepository, tree: Path, **fields: Any) -> BackedUp:
    """Back up a directory."""
    source = FilesSource(paths=(str(tree),))
    return back_up([source], repository, brief(tree, **fields), Watch())


def put_back(repository: ResticRepository, snapshot: Snapshot, target: Path) -> Path:
    """Restore everything below `target`; return where the snapshot's first path lies there."""
    request = RestoreRequest(target=bytes(target), trusted=True)
    result = execute(plan_restore(repository, snapshot, request, Watch()), repository, Watch())
    assert result.status is RunStatus.OK
    return target / snapshot.paths[0].lstrip("/")
