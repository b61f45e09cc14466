"""Reading back what a restore has written, and comparing it with the snapshot."""

import hashlib
import os

from tui_backup.engine.digest import digest
from tui_backup.engine.restore_action import Action
from tui_backup.engine.restore_plan import RestorePlan
from tui_backup.engine.restore_request import selected_entries
from tui_backup.formats.base import Repository
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.descriptors import Directories, open_root
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITTEN = (Action.NEW, Action.OVERWRITE)


def reread(plan: RestorePlan, repository: Repository, watch: Watch) -> int:
    """Compare every file that the plan wrote with the snapshot; warn about those that differ and return their number.

    Raises:
        BackupError: the snapshot cannot be read.
        OSError: the target cannot be opened.
    """
    watch.files_done = watch.bytes_done = 0
    different = 0
    entries = selected_entries(repository, plan.snapshot, plan.request, Watch(watch.cancel))
    with Directories(open_root(plan.target)) as directories:
        for entry, action in zip(entries, plan.actions, strict=True):
            watch.check()
            if action in _WRITTEN and entry.kind is EntryKind.FILE:
                different += not _agrees(entry, directories, watch)
                watch.files_done += 1
                watch.bytes_done += entry.size
                watch.current = entry.path
    return different


def _agrees(entry: Entry, directories: Directories, watch: Watch) -> bool:
    try:
        written = _digest_of(entry.path, directories)
    except OSError as error:
        watch.warn(entry.path, _("cannot be read back: {reason}").format(reason=reason_of(error)))
        return False
    if written == digest(entry):
        return True
    watch.warn(entry.path, _("what was written differs from the snapshot"))
    return False


def _digest_of(path: bytes, directories: Directories) -> str:
    parent, _slash, name = path.rpartition(b"/")
    descriptor = os.open(name, _READ, dir_fd=directories.open(parent))
    with open(descriptor, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
