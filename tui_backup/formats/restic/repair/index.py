"""Repairing the index: files that cannot be believed are replaced, packs that none lists are listed.

New index files are written first, then the old ones go: killed anywhere, no pack is listed less than before.
"""

from collections.abc import Collection, Iterator

import msgspec

from tui_backup.formats.restic.access import Access, Guard
from tui_backup.formats.restic.index import PACKED, save_index
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.repair.inventory import Inventory, take_inventory
from tui_backup.formats.restic.repair.misplaced import find_misplaced, move
from tui_backup.formats.restic.upkeep.survey import Seen
from tui_backup.formats.restic.writing.packlog import index_files
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.upkeep import RepairPlan, RepairStep
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number

LISTED = "list-pack"
REPLACED = "replace-index"

Listings = list[tuple[bytes, bytes]]
"""Packs with the `PACKED` records of their blobs."""


class IndexWork(msgspec.Struct, frozen=True):
    """Which index files are written and removed."""

    seen: Seen
    listings: Listings
    stale: tuple[str, ...]
    moved: tuple[str, ...] = ()
    """Keys of packs that are put where they belong."""


def plan_index(access: Access, watch: Watch) -> RepairPlan:
    """Find what index files should list; packs are not read, but for the headers of those that need it."""
    with access.shared(watch):
        seen = Seen.of(access)
        misplaced = find_misplaced(access, watch)
        inventory = take_inventory(access, seen.packs | misplaced.sizes(), watch)
    work = index_work(seen, inventory, inventory.stale, inventory.missing)
    return RepairPlan(
        steps=(*misplaced.steps(), *index_steps(inventory, inventory.stale, inventory.missing)),
        problems=(*misplaced.problems(), *_problems(inventory)),
        work=msgspec.structs.replace(work, moved=tuple(misplaced.whole)),
    )


def index_work(seen: Seen, inventory: Inventory, stale: Collection[str], gone: Collection[bytes]) -> IndexWork:
    """Return what is to be written once some index files and some packs are gone."""
    return IndexWork(seen, list(inventory.unlisted(stale, gone)), tuple(sorted(stale)))


def index_steps(inventory: Inventory, stale: Collection[str], gone: Collection[bytes]) -> Iterator[RepairStep]:
    """Yield what is done to the index."""
    for name in sorted(stale):
        reason = inventory.stale.get(name) or _("it lists packs that are replaced")
        yield RepairStep(what=REPLACED, object=key_of(FileKind.INDEX, name), detail=reason)
    for pack in sorted(inventory.found):
        if pack not in gone:
            count = len(inventory.listings[pack]) // PACKED.size
            words = ngettext("{count} blob, by its header", "{count} blobs, by its header", count)
            key = key_of(FileKind.DATA, pack.hex())
            yield RepairStep(what=LISTED, object=key, detail=words.format(count=number(count)))


def carry_out_index(access: Access, work: IndexWork, lock: Guard, watch: Watch) -> int:
    """Write the new index files, then remove the old ones; return the bytes of the new."""
    move(access, work.moved, lock, watch)
    written = 0
    for packs in index_files(work.listings):
        watch.check()
        lock.confirm()
        written += save_index(access.store, packs, access.version, access.cipher)
    access.remove(FileKind.INDEX, work.stale, lock, watch)
    return written


def _problems(inventory: Inventory) -> Iterator[Problem]:
    for pack in sorted(inventory.missing):
        message = _("the pack is missing")
        yield Problem(kind=ProblemKind.PACK_MISSING, object=key_of(FileKind.DATA, pack.hex()), message=message)
    for pack, reason in sorted(inventory.headless.items()):
        message = _("the header of the pack cannot be read: {reason}").format(reason=reason)
        yield Problem(kind=ProblemKind.PACK_DAMAGED, object=key_of(FileKind.DATA, pack.hex()), message=message)
