"""ResticCopier: snapshots from other repositories, blob by blob.

A copy keeps tree, time, host, paths and tags; `original` names the first of its kind, as restic's own copies have it,
and `copy_of` the snapshot that it was made from. The blobs are durable and listed before a snapshot is recorded.
"""

from collections.abc import Sequence
from contextlib import suppress

from tui_backup.errors import BackupError, Corrupted
from tui_backup.formats.base import Repository
from tui_backup.formats.restic.access import Access, Guard
from tui_backup.formats.restic.index import PACKED, sealed_bytes
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.formats.restic.snapshot import as_copy
from tui_backup.formats.restic.upkeep.movement import Movement, Route
from tui_backup.formats.restic.upkeep.reach import Reach
from tui_backup.formats.restic.upkeep.transfer import Terms
from tui_backup.formats.restic.writing.packlog import PackLog
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.upkeep import Copied, CopyResult
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _


class ResticCopier:
    """Copies snapshots into one repository; for one thread."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def accepts(self, source: Repository) -> bool:
        """Whether snapshots of that repository can be copied blob by blob."""
        return isinstance(source, ResticRepository)

    def copy(
        self, source: Repository, snapshots: Sequence[Snapshot], watch: Watch, *, rehearse: bool = False
    ) -> CopyResult:
        """Copy snapshots, oldest first, under shared locks on both sides.

        Raises:
            BackupError: nothing can be copied between the two.
            Corrupted: a snapshot needs what cannot be read; the others were copied.
        """
        if not isinstance(source, ResticRepository):
            raise BackupError(_("snapshots of {name} cannot be copied block by block").format(name=source.name))
        theirs, ours = source.access, self._access
        with theirs.shared(watch), ours.shared(watch) as lock:
            try:
                return _Copying(theirs, ours, lock, watch).run(snapshots, rehearse=rehearse)
            finally:
                ours.unload()


class _Copying:
    """One copy: finds what is missing, moves it, records the snapshots."""

    def __init__(self, theirs: Access, ours: Access, lock: Guard, watch: Watch) -> None:
        self._theirs, self._ours = theirs, ours
        self._lock = lock
        self._watch = watch
        self._there = {each.kin: each for each in ours.snapshots.read(anew=True)[0]}
        self._source = theirs.load()
        self._target = ours.load()
        self._troubles: dict[str, str] = {}
        """Id of a snapshot that cannot be copied, and why."""

    def run(self, snapshots: Sequence[Snapshot], *, rehearse: bool) -> CopyResult:
        """Copy, or only find out what that would take."""
        ordered = sorted({each.id: each for each in snapshots}.values(), key=lambda each: (each.time, each.id))
        missing = [snapshot for snapshot in ordered if not self._has(snapshot)]
        reach = Reach(self._source, self._watch)
        self._find_needs(reach, missing)
        moves = self._moves(reach)
        read = sum(map(sealed_bytes, moves.values()))
        count = sum(len(records) for records in moves.values()) // PACKED.size
        if rehearse:
            return CopyResult(copied=self._told(ordered, {}), blobs=count, read_bytes=read, added_bytes=read)
        self._watch.bytes_total = read
        log = PackLog(self._ours.store, self._target.index, self._ours.version, self._ours.cipher, self._lock.confirm)
        movement = self._move(moves, log)
        self._judge(missing, movement)
        made = {each.id: self._record(each) for each in missing if each.id not in self._troubles}
        if self._troubles:
            raise self._failure(missing)
        copied = self._told(ordered, made)
        return CopyResult(
            copied=copied, blobs=movement.blobs, read_bytes=movement.bytes_read, added_bytes=log.bytes_added
        )

    def _has(self, snapshot: Snapshot) -> bool:
        return snapshot.kin in self._there

    def _find_needs(self, reach: Reach, missing: list[Snapshot]) -> None:
        """Mark what the missing snapshots need, but for trees that a snapshot here has whole."""
        roots = {snapshot.root for snapshot in self._there.values()}
        here = Reach(self._target, self._watch)
        for snapshot in missing:
            if snapshot.root not in roots or not _is_whole(here, snapshot.root):
                try:
                    reach.add(snapshot.root)
                except Corrupted as error:
                    self._troubles[snapshot.id] = error.message

    def _moves(self, reach: Reach) -> dict[int, bytearray]:
        """Return by number of the pack the records of the blobs that are needed and not here."""
        index = self._target.index
        moves: dict[int, bytearray] = {}
        for type_, marks in reach.marks.items():
            known = index.tables[type_]
            for id_, pack, offset, length, size in marks:
                if id_ not in known:
                    moves.setdefault(pack, bytearray()).extend(PACKED.pack(type_, id_, offset, length, size))
        return moves

    def _move(self, moves: dict[int, bytearray], log: PackLog) -> Movement:
        theirs, ours = self._theirs, self._ours
        terms = Terms(theirs.keys, ours.keys, theirs.version, ours.version, ours.opening.compression)
        route = Route(theirs.store, ours.store, terms, self._source.index, self._watch.bytes_total or 0)
        movement = Movement(route, log, self._watch)
        packs = self._source.index.packs
        with log.saving():
            if moves:
                movement.run((packs[number], records) for number, records in moves.items())
        return movement

    def _judge(self, missing: list[Snapshot], movement: Movement) -> None:
        """Find the snapshots that need what could not be moved."""
        if not movement.lost and not self._troubles:
            return
        for snapshot in missing:
            try:
                Reach(self._target, self._watch).add(snapshot.root)
            except Corrupted as error:
                self._troubles.setdefault(snapshot.id, error.message)

    def _record(self, snapshot: Snapshot) -> Snapshot:
        self._lock.confirm()
        return self._ours.snapshots.add(as_copy(self._theirs.snapshots.file(snapshot.id)))

    def _told(self, ordered: list[Snapshot], made: dict[str, Snapshot]) -> tuple[Copied, ...]:
        return tuple(
            Copied(source=each, snapshot=self._there.get(each.kin), is_new=False)
            if self._has(each)
            else Copied(source=each, snapshot=made.get(each.id), is_new=True)
            for each in ordered
        )

    def _failure(self, missing: list[Snapshot]) -> Corrupted:
        failed = [snapshot for snapshot in missing if snapshot.id in self._troubles]
        message = _("{ids} cannot be copied: {reason}").format(
            ids=", ".join(snapshot.short_id for snapshot in failed), reason=self._troubles[failed[0].id]
        )
        return Corrupted(message, hint=_("`tui-backup verify` tells what is damaged; the others were copied"))


def _is_whole(here: Reach, root: str) -> bool:
    """Whether everything below a root tree is in the index, and in nothing that was looked at before is any loss."""
    with suppress(Corrupted):
        here.add(root)
    return not here.lacking and not here.unreadable
