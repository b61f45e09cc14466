"""Repairing packs: what is whole in damaged packs is kept, what is lost is fetched from wherever it still is.

Every pack is read, so that faults of packs and of the index are found and mended at once. A lost blob is looked for in
other packs, in another repository by its id, and in the files that it came from. What is found nowhere drops out of
the index, so that the next backup stores it anew where the files still have it.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import msgspec

from tui_backup.formats.restic.access import Access
from tui_backup.formats.restic.checking.affected import Search, find_affected, suspects_of
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.index import PACKED, Index
from tui_backup.formats.restic.layout import FileKind, key_of, listing
from tui_backup.formats.restic.pack import LARGEST, BlobType
from tui_backup.formats.restic.repair.index import IndexWork, index_steps, index_work
from tui_backup.formats.restic.repair.inventory import Inventory, take_inventory
from tui_backup.formats.restic.repair.live_files import LiveBlob, LiveFiles
from tui_backup.formats.restic.repair.losses import Key, Losses, Trees, find_losses
from tui_backup.formats.restic.repair.proving import Verdict, prove_packs
from tui_backup.formats.restic.upkeep.survey import Seen
from tui_backup.formats.upkeep import OpenLive
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.upkeep import RepairPlan, RepairStep
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number

FETCHED = "fetch-blobs"
READ = "read-file"
REPLACED = "replace-pack"
REMOVED = "remove-pack"
DROPPED = "drop-pack"


class PacksWork(msgspec.Struct, frozen=True, kw_only=True):
    """What is written and removed, and where lost blobs come from."""

    seen: Seen
    index: IndexWork
    losses: Losses
    other: Access | None
    fetched: dict[bytes, bytearray]
    """Pack of the other repository -> `PACKED` records of what is wanted of it."""
    live: LiveFiles | None
    found: dict[bytes, LiveBlob]
    removed: tuple[str, ...]
    """Packs that go."""
    hopeful: frozenset[str]
    """Those of them that may yet be of use, should something that is needed be found nowhere after all."""
    snapshots: tuple[Snapshot, ...]


class PackPlanner:
    """Makes the plan of one repair; for one thread."""

    def __init__(self, access: Access, other: Access | None, open_live: OpenLive | None, watch: Watch) -> None:
        self._access = access
        self._other = other
        self._open_live = open_live
        self._watch = watch

    def plan(self) -> RepairPlan:
        """Read every pack, and find for each blob that is lost another copy."""
        with ExitStack() as locks:
            locks.enter_context(self._access.shared(self._watch))
            if self._other is not None:
                locks.enter_context(self._other.shared(self._watch))
            return self._plan()

    def _plan(self) -> RepairPlan:
        access, watch = self._access, self._watch
        seen = Seen.of(access)
        snapshots, unreadable = access.snapshots.read(anew=True)
        theirs = self._other.load() if self._other is not None else None
        inventory = take_inventory(access, seen.packs, watch)
        damaged = prove_packs(access, inventory, watch)
        trees = Trees(Contents(access.store, Index(), access.cipher), theirs)
        losses = find_losses(inventory, damaged, trees, [snapshot.root for snapshot in snapshots], watch)
        fetched, left = _available(losses, theirs.index if theirs is not None else Index())
        live, found = self._look_at_files(losses, snapshots, left)
        hopeless = [key for key in left if key in losses.needed and key[1] not in found]
        useless = _useless(inventory, damaged)
        removed = useless if hopeless or unreadable else sorted(pack.hex() for pack in damaged)
        gone = {pack for pack in damaged if inventory.listings.get(pack)} | inventory.missing
        stale = inventory.stale.keys() | inventory.listing(gone)
        work = PacksWork(
            seen=seen,
            index=index_work(seen, inventory, stale, gone),
            losses=losses,
            other=self._other,
            fetched=fetched,
            live=live,
            found=found,
            removed=tuple(removed),
            hopeful=frozenset(removed) - frozenset(useless),
            snapshots=tuple(snapshots),
        )
        steps = [*_pack_steps(inventory, damaged, losses, removed), *_healing_steps(work)]
        problems = [_lost(key) for key in hopeless] + [_no_tree(id_, why) for id_, why in losses.unreadable.items()]
        return RepairPlan(
            steps=(*index_steps(inventory, stale, gone), *steps),
            problems=(
                *_other_problems(access, inventory, unreadable, removed),
                *affected(problems, losses, snapshots, watch),
            ),
            work=work,
        )

    def _look_at_files(
        self, losses: Losses, snapshots: Sequence[Snapshot], left: Sequence[Key]
    ) -> tuple[LiveFiles | None, dict[bytes, LiveBlob]]:
        if self._open_live is None:
            return None, {}
        polynomial = self._access.config.chunker_polynomial
        live = LiveFiles(losses.trees, self._open_live, polynomial, self._watch)
        sought = [id_ for type_, id_ in left if type_ is BlobType.DATA]
        return live, live.find(snapshots, sought, losses.size_of) if sought else {}


def affected(
    problems: Sequence[Problem], losses: Losses, snapshots: Sequence[Snapshot], watch: Watch
) -> Iterator[Problem]:
    """Yield problems of blobs with the snapshots and paths that they touch."""
    if problems:
        search = Search(losses.trees, suspects_of(list(problems), losses.whole, set()), watch)
        yield from find_affected(list(problems), snapshots, search)


def _available(losses: Losses, theirs: Index) -> tuple[dict[bytes, bytearray], list[Key]]:
    """Return what can be fetched from another repository, by pack, and the lost blobs that it does not have."""
    fetched: dict[bytes, bytearray] = {}
    left: list[Key] = []
    for type_, id_ in losses.lost:
        place = next(iter(theirs.places(type_, id_)), None)
        if place is None:
            left.append((type_, id_))
        else:
            record = PACKED.pack(type_, id_, place.offset, place.length, place.size)
            fetched.setdefault(place.pack, bytearray()).extend(record)
    return fetched, left


def _useless(inventory: Inventory, damaged: dict[bytes, Verdict]) -> list[str]:
    """Return the packs that may go while something is missing: not those that may yet be of use.

    That is one of which nobody knows what it holds, and one that the disk may give back another day.
    """
    return sorted(
        pack.hex() for pack, verdict in damaged.items() if inventory.listings.get(pack) and not verdict.is_unreadable
    )


def _pack_steps(
    inventory: Inventory, damaged: dict[bytes, Verdict], losses: Losses, removed: Sequence[str]
) -> Iterator[RepairStep]:
    """Yield what becomes of damaged and missing packs."""
    for name in removed:
        pack = bytes.fromhex(name)
        count = len(inventory.listings.get(pack, b"")) // PACKED.size
        kept = len(losses.salvage.get(pack, b"")) // PACKED.size
        words = _("{reason}; {bad} of {count} blobs cannot be read, {kept} move to a new pack")
        bad = len(damaged[pack].blobs)
        detail = words.format(reason=damaged[pack].reason, bad=bad, count=count, kept=kept)
        what = REPLACED if kept else REMOVED
        yield RepairStep(what=what, object=key_of(FileKind.DATA, name), detail=detail)
    for pack, verdict in damaged.items():
        if verdict.is_unreadable and pack.hex() not in removed:
            detail = _("{reason}; it stays, and is listed no more").format(reason=verdict.reason)
            yield RepairStep(what=DROPPED, object=key_of(FileKind.DATA, pack.hex()), detail=detail)
    for pack in sorted(inventory.missing):
        count = len(inventory.listings[pack]) // PACKED.size
        words = ngettext("the pack is missing, with {count} blob", "the pack is missing, with {count} blobs", count)
        yield RepairStep(what=DROPPED, object=key_of(FileKind.DATA, pack.hex()), detail=words.format(count=count))


def _healing_steps(work: PacksWork) -> Iterator[RepairStep]:
    """Yield where lost blobs come from."""
    count = sum(len(records) for records in work.fetched.values()) // PACKED.size
    if count and work.other is not None:
        yield RepairStep(what=FETCHED, object=work.other.opening.name, detail=_blobs(count))
    files: dict[bytes, int] = {}
    for place in work.found.values():
        files[place.path] = files.get(place.path, 0) + 1
    for path, count in files.items():
        yield RepairStep(what=READ, object=path.decode("utf-8", "surrogateescape"), detail=_blobs(count))


def _other_problems(
    access: Access, inventory: Inventory, unreadable: dict[str, str], removed: Sequence[str]
) -> Iterator[Problem]:
    for name, reason in unreadable.items():
        message = _("{reason}; nobody knows what it holds").format(reason=reason)
        yield Problem(kind=ProblemKind.SNAPSHOT, object=key_of(FileKind.SNAPSHOT, name), message=message)
    for key in listing(access.store, FileKind.DATA).misplaced:
        words = _("the pack lies in the wrong directory: `tui-backup repair index -r {name}` moves it")
        message = words.format(name=access.opening.name)
        yield Problem(kind=ProblemKind.PACK_DAMAGED, object=key, message=message)
    for pack, reason in inventory.headless.items():
        if pack.hex() not in removed:
            message = _("nobody knows what the pack holds: {reason}").format(reason=reason)
            yield Problem(kind=ProblemKind.PACK_DAMAGED, object=key_of(FileKind.DATA, pack.hex()), message=message)
    for name, size in inventory.sizes.items():
        if size > LARGEST:
            message = _("the pack has {size} bytes, more than any that is read").format(size=size)
            yield Problem(kind=ProblemKind.PACK_SIZE, object=key_of(FileKind.DATA, name), message=message)


def _lost(key: Key) -> Problem:
    type_, id_ = key
    kind = ProblemKind.TREE if type_ is BlobType.TREE else ProblemKind.BLOB_MISSING
    return Problem(kind=kind, object=id_.hex(), message=_("no whole copy of the blob is left"))


def _no_tree(id_: bytes, reason: str) -> Problem:
    return Problem(kind=ProblemKind.TREE, object=id_.hex(), message=reason)


def _blobs(count: int) -> str:
    return ngettext("{count} lost blob", "{count} lost blobs", count).format(count=number(count))
