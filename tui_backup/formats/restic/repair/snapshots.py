"""Repairing snapshots: of each that needs what is lost, a second one is made without that; the first one stays."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

import msgspec

from tui_backup.errors import BackupError, Corrupted
from tui_backup.formats.restic.access import Access, Guard
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.index import Index, unpack_blobs
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.repair.index import IndexWork, carry_out_index, index_steps, index_work
from tui_backup.formats.restic.repair.inventory import Inventory, take_inventory
from tui_backup.formats.restic.repair.rewriting import MOST_PATHS, Rewriting
from tui_backup.formats.restic.snapshot import REPAIRED, as_repaired
from tui_backup.formats.restic.upkeep.reach import Reach
from tui_backup.formats.restic.upkeep.survey import Seen
from tui_backup.formats.restic.writing.packlog import PackLog
from tui_backup.formats.restic.writing.sealing import Sealer, Stored
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.upkeep import Repaired, RepairPlan, RepairStep
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number
from tui_backup.stores.parallel import Uploads

REWRITTEN = "rewrite-snapshot"


class SnapshotsWork(msgspec.Struct, frozen=True):
    """Which snapshots get a repaired one beside them."""

    seen: Seen
    index: IndexWork
    """Done first: what stays must be listed."""
    contents: Contents
    roots: dict[str, str]
    """Snapshot -> its new root tree."""


def plan_snapshots(access: Access, watch: Watch) -> RepairPlan:
    """Find the snapshots that need what is lost, and what would be left of them.

    Raises:
        Corrupted: something is lost, and packs are missing that may yet be healed.
    """
    with access.shared(watch):
        return _plan(access, watch)


def rewrite_snapshots(access: Access, plan: RepairPlan, work: SnapshotsWork, lock: Guard, watch: Watch) -> Repaired:
    """List what is not listed, store the new trees, list them, then record the snapshots."""
    written = carry_out_index(access, work.index, lock, watch)
    log = PackLog(access.store, Index(), access.version, access.cipher, lock.confirm)
    uploads = Uploads[Stored](access.store, watch.check)
    sealer = Sealer(uploads, BlobType.TREE, access.cipher, access.version, access.opening.compression)

    def keep(id_: bytes, content: bytes) -> None:
        if (BlobType.TREE, id_) not in work.contents.index:
            log.add_all(sealer.keep(id_, content))

    rewriting = Rewriting(work.contents, keep, watch)
    try:
        for name, planned in work.roots.items():
            if rewriting.tree(access.snapshots.file(name).document.tree) != planned:
                raise Corrupted(_("more is lost than a moment ago"), hint=_("nothing was removed; start again"))
        log.add_all(sealer.flush())
    finally:
        with suppress(BackupError):
            log.add_all(uploads.close())
            log.save()
    log.save()
    made: list[Snapshot] = []
    for name, root in work.roots.items():
        lock.confirm()
        made.append(access.snapshots.add(as_repaired(access.snapshots.file(name), root)))
    return Repaired(
        done=plan.steps, problems=plan.problems, snapshots=tuple(made), bytes_added=written + log.bytes_added
    )


def _plan(access: Access, watch: Watch) -> RepairPlan:
    seen = Seen.of(access)
    snapshots, unreadable = access.snapshots.read(anew=True)
    inventory = take_inventory(access, seen.packs, watch)
    contents = Contents(access.store, _index_of(inventory), access.cipher)
    reach = Reach(contents, watch)
    for snapshot in snapshots:
        with suppress(Corrupted):
            reach.add(snapshot.root)
    steps: list[RepairStep] = []
    skipped: list[RepairStep] = []
    problems = list(_unreadable(unreadable))
    roots: dict[str, str] = {}
    if reach.lacking or reach.unreadable:
        _require_packs(inventory, access.opening.name)
        rewriting = Rewriting(contents, lambda _id, _content: None, watch)
        for snapshot in snapshots:
            root = rewriting.tree(snapshot.root)
            if root == snapshot.root:
                continue
            earlier = _repaired_before(snapshot, snapshots)
            if root is None:
                problems.append(_nothing_left(snapshot))
            elif earlier is not None:
                skipped.append(_done_before(snapshot, earlier))
            else:
                roots[snapshot.id] = root
                steps.append(_step(snapshot, rewriting))
    index, listings = IndexWork(seen, [], ()), list[RepairStep]()
    if roots:
        index = index_work(seen, inventory, inventory.stale, ())
        listings += index_steps(inventory, inventory.stale, ())
    return RepairPlan(
        steps=(*listings, *steps),
        skipped=tuple(skipped),
        problems=tuple(problems),
        work=SnapshotsWork(seen, index, contents, roots),
    )


def _index_of(inventory: Inventory) -> Index:
    """Return the blobs of all packs that are there."""
    index = Index()
    for pack, records in inventory.listings.items():
        if pack not in inventory.missing:
            index.settle(pack, unpack_blobs(records))
    return index


def _require_packs(inventory: Inventory, name: str) -> None:
    if inventory.missing:
        raise Corrupted(
            _("packs are missing, and what they held may still be somewhere"),
            hint=_("first run `tui-backup repair packs -r {name}`, with `--from` a copy if there is one").format(
                name=name
            ),
        )


def _repaired_before(snapshot: Snapshot, snapshots: Sequence[Snapshot]) -> Snapshot | None:
    """Return the repaired snapshot that was made of this one."""
    origins = {snapshot.id}
    if snapshot.original is not None and REPAIRED not in snapshot.tags:
        origins.add(snapshot.original)
    return next((each for each in snapshots if REPAIRED in each.tags and each.original in origins), None)


def _step(snapshot: Snapshot, rewriting: Rewriting) -> RepairStep:
    paths = rewriting.omitted(snapshot.root)
    words = ngettext("{count} entry is left out", "{count} entries are left out", len(paths))
    if len(paths) >= MOST_PATHS:
        words = _("{count} entries or more are left out")
    detail = _("{what}; the snapshot itself stays until it is forgotten").format(
        what=words.format(count=number(len(paths)))
    )
    return RepairStep(what=REWRITTEN, object=snapshot.id, detail=detail, paths=tuple(paths))


def _done_before(snapshot: Snapshot, earlier: Snapshot) -> RepairStep:
    words = _("{repaired} is what is left of it; `tui-backup forget {id}` removes the damaged one")
    detail = words.format(repaired=earlier.short_id, id=snapshot.short_id)
    return RepairStep(what=REWRITTEN, object=snapshot.id, detail=detail)


def _nothing_left(snapshot: Snapshot) -> Problem:
    return Problem(
        kind=ProblemKind.SNAPSHOT,
        object=key_of(FileKind.SNAPSHOT, snapshot.id),
        message=_("nothing of the snapshot can be read; `tui-backup forget {id}` removes it").format(
            id=snapshot.short_id
        ),
        snapshots=(snapshot.id,),
        paths=(b"/",),
    )


def _unreadable(damaged: dict[str, str]) -> Iterator[Problem]:
    for name, reason in damaged.items():
        message = _("{reason}; `tui-backup copy` may bring it back from elsewhere").format(reason=reason)
        yield Problem(kind=ProblemKind.SNAPSHOT, object=key_of(FileKind.SNAPSHOT, name), message=message)
