"""Safety copies: the snapshots that restores in place made for their undo, removed once that is over."""

from typing import TYPE_CHECKING

from tui_backup.errors import BackupError
from tui_backup.formats.base import Repository
from tui_backup.services.storage.stores import keeps_all

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


def forget_over(workspace: "Workspace", repository: Repository) -> None:
    """Remove what a repository keeps for undos that are over; what cannot be removed now goes another time.

    Where nothing may be removed, it stays for ever.
    """
    if not (workspace.state_dir / "undo").is_dir():
        return
    from tui_backup.services.runs import undo_homes

    for home in undo_homes.over(workspace.state_dir):
        if home.record.repository == repository.name and home.record.safety_snapshot is not None:
            try:
                if not keeps_all(workspace, repository.name):
                    _forget(workspace, repository, home.record.safety_snapshot, home.record.restore)
                undo_homes.remove(home)
            except BackupError as error:
                workspace.log.warning(error.message)


def _forget(workspace: "Workspace", repository: Repository, id_: str, restore: str) -> None:
    gone = [snapshot for snapshot in repository.snapshots() if snapshot.id == id_]
    if gone:
        object_ = f"snapshot {gone[0].short_id}, repository {repository.name}"
        with workspace.audit.act("forget", object_, f"kept for the undo of {restore}"):
            repository.forget(gone)
