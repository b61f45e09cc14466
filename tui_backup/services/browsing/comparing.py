"""Comparing a snapshot with another one or with the live disk, whole or below one directory."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tui_backup.engine.backup import entries_of
from tui_backup.engine.diff import Change, Difference, Skip, diff
from tui_backup.errors import NotFound
from tui_backup.formats.base import Enter
from tui_backup.model.entry import Entry
from tui_backup.model.watch import Watch
from tui_backup.primitives.text import printable
from tui_backup.services.browsing.directories import live_sources
from tui_backup.services.browsing.opened import ROOT
from tui_backup.services.storage.snapshots import Found

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


def between(before: Found, after: Found, watch: Watch, path: bytes = ROOT) -> Iterator[Difference]:
    """Yield what changed between two snapshots; what both have alike is not gone into."""
    skip = Skip()
    old, new = _entries(before, path, watch, skip.enter), _entries(after, path, watch, skip.enter)
    return diff(old, new, watch, skip)


def with_disk(workspace: "Workspace", before: Found, watch: Watch, path: bytes = ROOT) -> Iterator[Difference]:
    """Yield what has changed on disk since a snapshot; what cannot be read there is warned about, and no change.

    Raises:
        BackupError: nothing says where that is, or nothing of it is there.
    """
    unread = set[bytes]()
    present = _present(workspace, before, watch, path, unread)
    for each in diff(_entries(before, path, watch), present, watch):
        if each.change is not Change.REMOVED or not _is_hidden(each.path, unread):
            yield each


def _present(workspace: "Workspace", before: Found, watch: Watch, path: bytes, unread: set[bytes]) -> Iterator[Entry]:
    """Yield what lies on disk today, below a directory of the snapshot; note in `unread` what cannot be read."""
    prefix = path.rstrip(b"/") + b"/"
    for each in entries_of(live_sources(workspace, before.snapshot), watch):
        watch.files_done += 1
        watch.current = each.path
        if isinstance(each, Entry):
            if each.path.startswith(prefix):
                yield each
        elif not each.vanished:
            unread.add(each.path)
            watch.warn(each.path, printable(each.reason))


def _is_hidden(path: bytes, unread: set[bytes]) -> bool:
    """Whether nobody can tell what is there today."""
    while path not in unread:
        above = path.rpartition(b"/")[0]
        if not above:
            return False
        path = above
    return True


def _entries(found: Found, path: bytes, watch: Watch, enter: Enter | None = None) -> Iterator[Entry]:
    """Yield what a snapshot has below a directory; nothing where it has no such directory."""
    try:
        for entry in found.shelf.repository.entries(found.snapshot, path, watch, enter):
            watch.files_done += 1
            yield entry
    except NotFound:
        return
