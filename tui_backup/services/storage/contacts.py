"""What a contact with a repository shows is noted, so that the status needs none; the work stands without."""

import fcntl
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from tui_backup.errors import BackupError
from tui_backup.formats.base import Repository

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

_LOCAL_S = 2.0
"""How long a file system of this host may take to say how much room it has."""


def remember_snapshots(workspace: "Workspace", repository: Repository) -> None:
    """Note what a repository holds."""
    try:
        workspace.history.remember_snapshots(repository.name, repository.snapshots())
    except BackupError as error:
        workspace.log.warning(error.message)


def refresh_local_space(workspace: "Workspace") -> None:
    """Note how much room is left where repositories lie on this host, once it is another by a hundredth.

    A file system that does not answer at once is left for another time: no second process asks one meanwhile, as none
    of them could end before it answers.
    """
    looking = threading.Thread(target=_refresh, args=(workspace,), name="space", daemon=True)
    looking.start()
    looking.join(_LOCAL_S)


def _refresh(workspace: "Workspace") -> None:
    with suppress(OSError):
        descriptor = os.open(workspace.state_dir / "space.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _note_local_space(workspace)
        finally:
            os.close(descriptor)


def _note_local_space(workspace: "Workspace") -> None:
    for name, repository in workspace.config.repositories.items():
        known = workspace.history.contact(name)
        if known is None or known.free is None or not os.path.isabs(repository.store.describe()):
            continue
        with suppress(BackupError):
            space = repository.store.space()
            if space is not None and space.free is not None and abs(space.free - known.free) * 100 > known.free:
                workspace.history.record_space(name, space.free, space.total)


def remember_space(workspace: "Workspace", name: str) -> None:
    """Note how much room a repository's store has left, also where that was why something failed."""
    try:
        space = workspace.config.repositories[name].store.space()
        free, total = (space.free, space.total) if space else (None, None)
        workspace.history.record_space(name, free, total)
    except BackupError as error:
        workspace.log.warning(error.message)
