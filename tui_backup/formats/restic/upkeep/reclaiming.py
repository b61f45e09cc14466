"""ResticReclaimer: space that no snapshot needs, given back by a plan.

New packs come first, and index files that list them; then snapshots go, then come the index files that no longer list
the old packs, then the old index files go, and the old packs last, as restic does it. Interrupted anywhere, every
snapshot that is left is whole.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import msgspec

from tui_backup.errors import Corrupted, NotFound, PlanOutdated
from tui_backup.formats.restic.access import Access, Guard
from tui_backup.formats.restic.blob import BlobReader
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.index import Index, Place, save_index, unpack_blobs
from tui_backup.formats.restic.layout import FileKind, key_of, names
from tui_backup.formats.restic.spans import Spans
from tui_backup.formats.restic.upkeep.movement import Movement, Route
from tui_backup.formats.restic.upkeep.reach import Reach
from tui_backup.formats.restic.upkeep.reclaim_work import ReclaimWork, Surveyed, work_of
from tui_backup.formats.restic.upkeep.survey import Fate, Seen, check_needed, decide, survey
from tui_backup.formats.restic.upkeep.transfer import Terms
from tui_backup.formats.restic.writing.packlog import PackLog, index_files
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.upkeep import LockedObject, Reclaimed, ReclaimLimits, ReclaimPlan, Stored
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _

_RESERVE = 64 << 20
"""Bytes of a store that are left free when packs are rewritten."""


class ResticReclaimer:
    """Plans and carries out what is needed to give space back; for one thread."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def stored(self) -> Stored:
        """Return how many packs lie in the store, needed or not."""
        sizes = names(self._access.store, FileKind.DATA).values()
        return Stored(packs=len(sizes), bytes=sum(sizes))

    def plan(self, gone: Sequence[Snapshot], limits: ReclaimLimits, watch: Watch) -> ReclaimPlan:
        """Decide what becomes of every pack once `gone` are forgotten; under a shared lock."""
        with self._access.shared(watch):
            return self._plan(tuple(gone), limits, watch)

    def execute(self, plan: ReclaimPlan, watch: Watch) -> Reclaimed:
        """Forget the snapshots of a plan, and reclaim their space, under an exclusive lock."""
        access, work = self._access, plan.work
        assert isinstance(work, ReclaimWork)
        with access.exclusive(watch, settle=False) as lock:
            if Seen.of(access).digest != work.seen.digest:
                raise PlanOutdated(
                    _("{place} has changed since this was planned").format(place=access.store.describe()),
                    hint=_("nothing was removed; start again"),
                )
            try:
                written = self._carry_out(plan, work, lock, watch)
            finally:
                access.unload()
        return Reclaimed(forgotten=len(plan.gone), freed_bytes=work.removed_bytes - written, repacked_bytes=written)

    def _plan(self, gone: tuple[Snapshot, ...], limits: ReclaimLimits, watch: Watch) -> ReclaimPlan:
        access = self._access
        seen = Seen.of(access)
        kept = self._kept({snapshot.id for snapshot in gone})
        files: dict[str, list[int]] = {}
        index = access.index(files.__setitem__)
        if index.split:
            message = _("two index files describe data/{name} differently").format(name=min(index.split).hex())
            raise Corrupted(message, hint=_("`tui-backup repair index` mends that"))
        reach = Reach(Contents(access.store, index, access.cipher), watch)
        for root in kept:
            reach.add(root)
        packs = survey(index, reach)
        check_needed(packs, seen.packs)
        surveyed = Surveyed(seen, index, files, packs)
        fate = decide(packs, self._affordable(limits))
        locked = self._locked(surveyed, fate, watch)
        fate = msgspec.structs.replace(fate, dropped={n for n in fate.dropped if packs[n].name not in locked})
        work = work_of(surveyed, fate, reach, locked)
        return ReclaimPlan(
            gone=gone,
            kept=len(packs) - len(fate.dropped) - len(fate.repacked),
            repacked=len(fate.repacked),
            dropped=len(fate.dropped),
            unlisted=len(work.unlisted),
            total_bytes=sum(seen.packs.values()),
            used_bytes=sum(pack.used for pack in packs if pack.is_used),
            repacked_bytes=sum(packs[number].used for number in fate.repacked),
            freed_bytes=work.removed_bytes - sum(packs[number].used for number in fate.repacked),
            unused_bytes=fate.unused,
            locked=tuple(
                LockedObject(key_of(FileKind.DATA, name), seen.packs[name], until) for name, until in locked.items()
            ),
            work=work,
        )

    def _locked(self, surveyed: Surveyed, fate: Fate, watch: Watch) -> dict[str, datetime]:
        """Return until when those packs are locked that would go.

        One of which nothing is needed stays in the index until then: what is backed up meanwhile may live on it. One
        that is repacked leaves the index, and goes as one that no index knows.
        """
        store = self._access.store
        retention = store.retention
        if retention is None:
            return {}
        going = (surveyed.packs[number].name for number in sorted(fate.dropped | fate.repacked))
        names = [*(name for name in going if name in surveyed.seen.packs), *surveyed.unlisted()]
        locked: dict[str, datetime] = {}
        with ThreadPoolExecutor(store.connections) as pool:
            ends = pool.map(retention.until, [key_of(FileKind.DATA, name) for name in names])
            for name, until in zip(names, ends, strict=True):
                watch.check()
                if until is not None:
                    locked[name] = until
        return locked

    def _kept(self, gone: set[str]) -> list[str]:
        """Return the root trees of the snapshots that stay.

        Raises:
            Corrupted: a snapshot cannot be read, so that nobody knows what it needs.
        """
        snapshots, damaged = self._access.snapshots.read(anew=True)
        for name, reason in damaged.items():
            if name not in gone:
                words = _(
                    "nothing was removed, as nobody knows what this snapshot needs; if it can be given up: "
                    "`tui-backup forget {id} -r {name}`"
                )
                raise Corrupted(reason, hint=words.format(id=name[:12], name=self._access.opening.name))
        return list(dict.fromkeys(snapshot.root for snapshot in snapshots if snapshot.id not in gone))

    def _affordable(self, limits: ReclaimLimits) -> ReclaimLimits:
        """Return the limits with no more to write than there is room for."""
        space = self._access.store.space()
        if space is None:
            return limits
        room = max(space.free - _RESERVE, 0)
        wanted = limits.max_repack_bytes
        return msgspec.structs.replace(limits, max_repack_bytes=room if wanted is None else min(room, wanted))

    def _carry_out(self, plan: ReclaimPlan, work: ReclaimWork, lock: Guard, watch: Watch) -> int:
        """Do it, in the order that is safe; return the bytes of the new packs."""
        access, store = self._access, self._access.store
        self._prove_twins(work, watch)
        written = self._repack(plan, work, lock, watch)
        lock.confirm()
        store.tidy()
        for snapshot in plan.gone:
            watch.check()
            access.snapshots.remove(snapshot.id)
        access.remove(FileKind.DATA, work.unlisted, lock, watch)
        for packs in index_files(work.listings()):
            lock.confirm()
            save_index(store, packs, access.version, access.cipher)
        access.remove(FileKind.INDEX, work.replaced, lock, watch)
        access.remove(FileKind.DATA, work.obsolete, lock, watch)
        return written

    def _repack(self, plan: ReclaimPlan, work: ReclaimWork, lock: Guard, watch: Watch) -> int:
        """Move what is needed into new packs, and list these; return their bytes."""
        if not work.moves:
            return 0
        access = self._access
        watch.bytes_total = plan.repacked_bytes
        log = PackLog(access.store, Index(), access.version, access.cipher, lock.confirm)
        terms = Terms(access.keys, access.keys, access.version, access.version, access.opening.compression)
        route = Route(access.store, access.store, terms, work.index, plan.repacked_bytes)
        movement = Movement(route, log, watch)
        with log.saving():
            movement.run((work.index.packs[number], records) for number, records in work.moves.items())
        for (_type, id_), reason in movement.lost.items():
            raise _unreadable(id_, reason)
        return log.pack_bytes

    def _prove_twins(self, work: ReclaimWork, watch: Watch) -> None:
        """Read the copy that stays of each blob of which another one goes: that one may be the last that is whole."""
        access = self._access.direct()
        reader = BlobReader(access.cipher)
        for number, records in work.twins.items():
            watch.check()
            blobs = unpack_blobs(records)
            pack = work.index.packs[number]
            places = [Place(pack, blob.offset, blob.length, blob.size) for blob in blobs]
            spans = Spans(access.store, places)
            for blob, place in zip(blobs, places, strict=True):
                try:
                    reader.unseal(spans.get(place), blob.id, blob.size)
                except (Corrupted, NotFound) as error:
                    raise _unreadable(blob.id, error.message) from error


def _unreadable(id_: bytes, reason: str) -> Corrupted:
    return Corrupted(
        _("the blob {id}, which snapshots need, cannot be read: {reason}").format(id=id_.hex(), reason=reason),
        hint=_("nothing that is needed was removed; `tui-backup repair packs` may mend it"),
    )
