"""The snapshot of what a restore replaces or deletes and that can be linked nowhere."""

import os
from collections.abc import Sequence

import msgspec

from tui_backup.engine.restore_site import Site
from tui_backup.engine.safety_places import SafetyPlaces
from tui_backup.errors import RestoreRefused
from tui_backup.formats.base import Brief
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.model.watch import Watch
from tui_backup.primitives.descriptors import Directories, status_at
from tui_backup.primitives.i18n import _
from tui_backup.sources.origin import LocalOrigin
from tui_backup.sources.owners import GroupNames, UserNames

_MOST_PATHS = 100
"""Paths that the snapshot names as its own."""


def keep_snapshot(
    paths: Sequence[bytes], directories: Directories, site: Site, brief: Brief, places: SafetyPlaces
) -> Snapshot:
    """Keep some paths below the target in the repository that is restored from.

    Raises:
        RestoreRefused: one of them could not be read; nothing has been changed.
        BackupError: the repository cannot be written.
    """
    site.watch.warn(None, _("what is replaced cannot be linked where it lies, so it is first kept as a snapshot"))
    origin = LocalOrigin(b"", site.options.target.rstrip(b"/"), UserNames(), GroupNames())
    named = tuple(os.fsdecode(path) for path in paths[:_MOST_PATHS])
    watch = Watch(site.watch.cancel, site.watch.warn)
    with site.repository.begin(msgspec.structs.replace(brief, paths=named), watch) as draft:
        for path in sorted(_with_parents(paths), key=lambda path: path.split(b"/")):
            entry = _entry(path, directories, origin)
            draft.add(entry)
            site.watch.check()
            if entry.kind is not EntryKind.DIR:
                status = status_at(directories.open(path.rpartition(b"/")[0]), entry.name)
                if status is not None:
                    places.note(path, status)
        snapshot = draft.commit()
    if snapshot.status is not SnapshotStatus.OK:
        raise RestoreRefused(
            _("what would be replaced could not be kept as a snapshot; nothing was touched"),
            hint=_("restore it beside: --target DIRECTORY"),
        )
    return snapshot


def _with_parents(paths: Sequence[bytes]) -> set[bytes]:
    every = set(paths)
    for path in paths:
        parent = path.rpartition(b"/")[0]
        while parent and parent not in every:
            every.add(parent)
            parent = parent.rpartition(b"/")[0]
    return every


def _entry(path: bytes, directories: Directories, origin: LocalOrigin) -> Entry:
    parent, _slash, name = path.rpartition(b"/")
    directory = directories.open(parent)
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    entry = origin.found(path, status, name, directory)
    if not isinstance(entry, Entry):
        raise RestoreRefused(_("{path}: {reason}").format(path=os.fsdecode(path), reason=entry.reason))
    return entry
