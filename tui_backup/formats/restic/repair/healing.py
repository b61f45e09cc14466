"""Healing: carries out what a repair of packs has planned.

New packs first, listed at once; then index files that no longer know the damaged packs, then the old index files go,
and the damaged packs last. Killed anywhere, the repository has no less than before.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from tui_backup.errors import Corrupted
from tui_backup.formats.restic.access import Access, Guard
from tui_backup.formats.restic.index import Index, sealed_bytes
from tui_backup.formats.restic.layout import FileKind
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.repair.index import carry_out_index
from tui_backup.formats.restic.repair.losses import Key
from tui_backup.formats.restic.repair.packs import PacksWork, affected
from tui_backup.formats.restic.upkeep.movement import Movement, Route
from tui_backup.formats.restic.upkeep.transfer import Terms
from tui_backup.formats.restic.writing.packlog import PackLog
from tui_backup.formats.restic.writing.sealing import Sealer, Stored
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.upkeep import Repaired, RepairPlan
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.stores.parallel import Uploads


class Healing:
    """One repair being carried out, under an exclusive lock; for one thread."""

    def __init__(self, access: Access, work: PacksWork, lock: Guard, watch: Watch) -> None:
        self._access = access
        self._work = work
        self._lock = lock
        self._watch = watch
        self._log = PackLog(access.store, Index(), access.version, access.cipher, lock.confirm)
        self._failed: dict[Key, str] = {}

    def run(self, plan: RepairPlan) -> Repaired:
        """Do it.

        Raises:
            Corrupted: what was whole when the plan was made cannot be read any more; nothing was removed.
        """
        work, access = self._work, self._access
        access.store.tidy()
        self._watch.bytes_total = sum(self._sizes())
        with self._log.saving():
            self._salvage()
            self._fetch()
            self._read_files()
        written = carry_out_index(access, work.index, self._lock, self._watch)
        found_all = self._failed.keys().isdisjoint(work.losses.needed)
        removed = tuple(name for name in work.removed if found_all or name not in work.hopeful)
        access.remove(FileKind.DATA, removed, self._lock, self._watch)
        return Repaired(
            done=plan.steps,
            problems=(*plan.problems, *self._problems()),
            replaced=removed,
            bytes_added=written + self._log.bytes_added,
            proven=True,
        )

    def _sizes(self) -> Iterator[int]:
        """Yield the lengths of the blobs that are moved."""
        yield from map(sealed_bytes, (*self._work.losses.salvage.values(), *self._work.fetched.values()))
        yield from (place.length for place in self._work.found.values())

    def _salvage(self) -> None:
        """Move what is whole out of the damaged packs."""
        losses = self._work.losses
        lost = self._move(self._access, losses.whole, losses.salvage.items())
        for (_type, id_), reason in lost.items():
            message = _("the blob {id} was whole a moment ago: {reason}").format(id=id_.hex(), reason=reason)
            raise Corrupted(message, hint=_("nothing was removed; is the disk failing? Then start again"))

    def _fetch(self) -> None:
        """Copy what another repository has; what it turns out not to have is looked for in the files."""
        other, work = self._work.other, self._work
        if other is None or not work.fetched:
            return
        self._failed = self._move(other, other.load().index, work.fetched.items())
        if self._failed and work.live is not None:
            sought = [id_ for type_, id_ in self._failed if type_ is BlobType.DATA]
            work.found.update(work.live.find(work.snapshots, sought, work.losses.size_of))

    def _move(self, source: Access, index: Index, packs: Iterable[tuple[bytes, bytearray]]) -> dict[Key, str]:
        moves = list(packs)
        if not moves:
            return {}
        target = self._access
        terms = Terms(source.keys, target.keys, source.version, target.version, target.opening.compression)
        route = Route(source.store, target.store, terms, index, self._watch.bytes_total or 0)
        movement = Movement(route, self._log, self._watch)
        movement.run(moves)
        return movement.lost

    def _read_files(self) -> None:
        """Store what the files have."""
        access, work = self._access, self._work
        if work.live is None or not work.found:
            return
        uploads = Uploads[Stored](access.store, self._watch.check)
        sealer = Sealer(uploads, BlobType.DATA, access.cipher, access.version, access.opening.compression)
        for id_, place in work.found.items():
            self._watch.check()
            self._watch.current = place.path
            key = (BlobType.DATA, id_)
            content = work.live.read(id_, place)
            if content is None:
                path = place.path.decode("utf-8", "replace")
                self._failed[key] = _("{path} has changed meanwhile").format(path=path)
                continue
            self._failed.pop(key, None)
            self._watch.bytes_done += len(content)
            self._log.add_all(sealer.keep(id_, content))
        self._log.add_all(sealer.flush())

    def _problems(self) -> Iterable[Problem]:
        """Return what could not be healed although it was planned, and is needed."""
        work = self._work
        lost = [
            Problem(
                kind=ProblemKind.TREE if type_ is BlobType.TREE else ProblemKind.BLOB_MISSING,
                object=id_.hex(),
                message=reason,
            )
            for (type_, id_), reason in self._failed.items()
            if (type_, id_) in work.losses.needed
        ]
        return affected(lost, work.losses, work.snapshots, self._watch)


def heal(access: Access, plan: RepairPlan, work: PacksWork, lock: Guard, watch: Watch) -> Repaired:
    """Carry out the plan of a repair of packs."""
    with ExitStack() as locks:
        if work.other is not None:
            locks.enter_context(work.other.shared(watch))
        return Healing(access, work, lock, watch).run(plan)
