"""What a contact with a repository shows is noted, so that the status needs none; the work stands without."""

from typing import TYPE_CHECKING

from tui_backup.errors import BackupError
from tui_backup.formats.base import Repository

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


def remember_snapshots(workspace: "Workspace", repository: Repository) -> None:
    """Note what a repository holds."""
    try:
        workspace.history.remember_snapshots(repository.name, repository.snapshots())
    except BackupError as error:
        workspace.log.warning(error.message)


def remember_space(workspace: "Workspace", name: str) -> None:
    """Note how much room a repository's store has left, also where that was why something failed."""
    try:
        space = workspace.config.repositories[name].store.space()
        free, total = (space.free, space.total) if space else (None, None)
        workspace.history.record_space(name, free, total)
    except BackupError as error:
        workspace.log.warning(error.message)
