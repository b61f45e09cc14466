"""Losses: which blobs are nowhere whole in a repository, and what of that its snapshots need."""

from collections.abc import Iterable
from contextlib import suppress

import msgspec

from tui_backup.errors import Corrupted
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.index import Index, pack_blobs, unpack_blobs
from tui_backup.formats.restic.pack import BlobType, PackedBlob
from tui_backup.formats.restic.repair.inventory import Inventory
from tui_backup.formats.restic.repair.proving import Verdict
from tui_backup.formats.restic.tree import Node, decode_wants
from tui_backup.formats.restic.upkeep.reach import Reach
from tui_backup.model.watch import Watch

Key = tuple[BlobType, bytes]


class Losses(msgspec.Struct, kw_only=True):
    """What a repository still has, and what it has lost."""

    whole: Index
    """Every place where a blob was read whole."""
    salvage: dict[bytes, bytearray] = {}
    """Damaged pack -> `PACKED` records of the blobs that are whole in it and in no pack that stays."""
    lost: dict[Key, int | None] = {}
    """Blobs that are nowhere whole, with the bytes of their content where these are known."""
    needed: set[Key] = set()
    """Those of them that snapshots need, as far as trees can be read."""
    unreadable: dict[bytes, str] = {}
    """Trees that are whole, and are no trees, with the reason."""
    trees: "Trees"
    """Reads what trees there are."""

    def size_of(self, id_: bytes) -> int | None:
        """Return the bytes of a data blob's content, None where nothing is known of it."""
        known = self.lost.get((BlobType.DATA, id_))
        return self.trees.size_of(id_) if known is None else known


class Trees:
    """Trees and sizes of blobs, from a repository and, where it lacks them, from another one."""

    def __init__(self, here: Contents, other: Contents | None) -> None:
        self.here = here
        self.other = other

    def tree(self, tree: str) -> list[Node]:
        """Return the nodes of a tree; raises Corrupted where neither has it whole."""
        try:
            return self.here.tree(tree)
        except Corrupted:
            if self.other is None:
                raise
            return self.other.tree(tree)

    def size_of(self, id_: bytes) -> int | None:
        """Return the bytes of a data blob's content."""
        for contents in (self.here, self.other):
            for place in contents.index.places(BlobType.DATA, id_) if contents is not None else ():
                return PackedBlob(BlobType.DATA, id_, place.offset, place.length, place.size).plain_size
        return None


def find_losses(
    inventory: Inventory, damaged: dict[bytes, Verdict], trees: Trees, roots: Iterable[str], watch: Watch
) -> Losses:
    """Return what is lost; `trees` reads from an index that is still empty, and is filled with what is whole."""
    whole = trees.here.index
    losses = Losses(whole=whole, trees=trees)
    bad = damaged.keys() | inventory.missing
    for pack, records in inventory.listings.items():
        if pack not in bad:
            whole.settle(pack, unpack_blobs(records))
    for pack, verdict in damaged.items():
        good = [blob for blob in _blobs(inventory, pack) if blob.id not in verdict.blobs]
        fresh = [blob for blob in good if (blob.type, blob.id) not in whole]
        if fresh:
            whole.settle(pack, fresh)
            losses.salvage[pack] = bytearray(pack_blobs(fresh))
    for pack in bad:
        for blob in _blobs(inventory, pack):
            if (blob.type, blob.id) not in whole:
                losses.lost[blob.type, blob.id] = blob.plain_size
    _take_census(losses, roots, watch)
    return losses


def _blobs(inventory: Inventory, pack: bytes) -> list[PackedBlob]:
    return unpack_blobs(inventory.listings.get(pack, b""))


def _take_census(losses: Losses, roots: Iterable[str], watch: Watch) -> None:
    """Walk all trees that can be had, and note what is needed and lost."""
    reach = Reach(losses.trees.here, watch)
    for root in roots:
        with suppress(Corrupted):
            reach.add(root)
    asked: set[bytes] = set()
    while trees := [id_ for type_, id_ in reach.lacking if type_ is BlobType.TREE and id_ not in asked]:
        for id_ in trees:
            watch.check()
            asked.add(id_)
            _follow_other(losses, reach, id_)
    losses.unreadable |= reach.unreadable
    losses.needed |= reach.lacking.keys()
    for key in reach.lacking:
        losses.lost.setdefault(key, None)


def _follow_other(losses: Losses, reach: Reach, tree: bytes) -> None:
    other = losses.trees.other
    if other is not None:
        with suppress(Corrupted):
            reach.add_nodes(decode_wants(other.blob(BlobType.TREE, tree)))
