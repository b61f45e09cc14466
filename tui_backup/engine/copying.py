"""Copying across formats: what one repository holds is kept in another, entry by entry.

A copy has the time, host, job, kind, paths and tags of its original, and names it. One that would lack bytes of its
original is not kept: either every file was read and authenticated to its end, or there is no copy.
"""

from collections.abc import Sequence

from tui_backup.engine.backup import BackedUp
from tui_backup.errors import BackupError, Corrupted, NotFound
from tui_backup.formats.base import Brief, Draft, Repository
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.snapshot import Snapshot, SnapshotStatus, is_reserved
from tui_backup.model.upkeep import Copied, CopyResult
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable


class EntryCopier:
    """Copies snapshots into one repository, whatever the formats; for one thread."""

    def __init__(self, target: Repository) -> None:
        self._target = target

    def accepts(self, source: Repository) -> bool:
        """Whether snapshots of that repository can be copied: of any other one."""
        return source.id != self._target.id

    def copy(
        self, source: Repository, snapshots: Sequence[Snapshot], watch: Watch, *, rehearse: bool = False
    ) -> CopyResult:
        """Copy snapshots, oldest first; those that were copied before are not copied again.

        Raises:
            Corrupted: a snapshot needs what cannot be read; the others were copied.
            BackupError: nothing more can be read or written at all; what was copied before that stays.
        """
        there = {each.kin: each for each in self._target.snapshots()}
        copied: list[Copied] = []
        failed: list[tuple[Snapshot, BackupError]] = []
        read = added = 0
        for snapshot in sorted({each.id: each for each in snapshots}.values(), key=lambda each: (each.time, each.id)):
            if rehearse or snapshot.kin in there:
                held = there.get(snapshot.kin)
                copied.append(Copied(source=snapshot, snapshot=held, is_new=held is None))
                read += 0 if held else snapshot.size or 0
                continue
            try:
                done = _copy(source, self._target, snapshot, watch)
            except (Corrupted, NotFound) as error:
                failed.append((snapshot, error))
            else:
                copied.append(Copied(source=snapshot, snapshot=done.snapshot, is_new=True))
                read += done.tally.bytes_processed
                added += done.tally.bytes_added
        if failed:
            raise _failure(failed)
        return CopyResult(copied=tuple(copied), blobs=0, read_bytes=read, added_bytes=read if rehearse else added)


def _copy(source: Repository, target: Repository, snapshot: Snapshot, watch: Watch) -> BackedUp:
    """Keep a snapshot of one repository in another.

    Raises:
        Corrupted: something of it cannot be read; nothing was kept.
    """
    names = Watch(watch.cancel, watch.warn)
    with source.locked(watch), target.begin(_brief(snapshot), watch) as draft:
        watch.files_total, watch.bytes_total = snapshot.files, snapshot.size
        files = 0
        for entry in source.entries(snapshot, watch=names):
            draft.add(entry)
            files += entry.kind is EntryKind.FILE
            _check(draft, entry, files)
        if names.warnings or snapshot.status is SnapshotStatus.INCOMPLETE:
            draft.mark_incomplete()
        return BackedUp(draft.commit(), draft.tally)


def _check(draft: Draft, entry: Entry, files: int) -> None:
    """Make sure that every file so far was kept; `files` is their number."""
    tally = draft.tally
    if tally.unreadable or tally.files_new + tally.files_changed + tally.files_unmodified != files:
        raise Corrupted(_("{path} cannot be read").format(path=printable(entry.path)))


def _brief(snapshot: Snapshot) -> Brief:
    return Brief(
        job=snapshot.job or "",
        kind=snapshot.kind or "",
        time=snapshot.time,
        host=snapshot.host,
        paths=snapshot.paths,
        tags=tuple(tag for tag in snapshot.tags if snapshot.job is None or not is_reserved(tag)),
        excludes=snapshot.excludes,
        original=snapshot,
    )


def _failure(failed: Sequence[tuple[Snapshot, BackupError]]) -> Corrupted:
    ids = ", ".join(snapshot.short_id for snapshot, _error in failed)
    message = _("{ids} cannot be copied: {reason}").format(ids=ids, reason=failed[0][1].message)
    return Corrupted(message, hint=_("`tui-backup verify` tells what is damaged; the others were copied"))
