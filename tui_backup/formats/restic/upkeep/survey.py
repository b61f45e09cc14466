"""Survey: every pack of a repository, what of it is needed, and what should become of it."""

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from tui_backup.errors import Corrupted
from tui_backup.formats.restic.access import Access
from tui_backup.formats.restic.index import PENDING, Index
from tui_backup.formats.restic.layout import FileKind, names
from tui_backup.formats.restic.pack import EMPTY, BlobType, record_size
from tui_backup.formats.restic.upkeep.reach import Reach
from tui_backup.model.upkeep import ReclaimLimits
from tui_backup.primitives.i18n import _

_SMALL = 4 * (1 << 20) * 8 // 10
"""Bytes below which a pack is worth merging with others; as restic 0.19 has it."""
_MANY_SMALL = 10
"""Small packs of one type from which on they are merged."""


class Seen(msgspec.Struct, frozen=True):
    """Which files a repository had at one moment."""

    packs: dict[str, int]
    """Id -> bytes."""
    digest: bytes
    """Of all names of snapshots, index files and packs."""

    @classmethod
    def of(cls, access: Access) -> "Seen":
        """List the files of a repository."""
        digest = sha256()
        for kind in (FileKind.SNAPSHOT, FileKind.INDEX):
            digest.update("\n".join(sorted(names(access.store, kind))).encode() + b"\0")
        packs = names(access.store, FileKind.DATA)
        digest.update("\n".join(sorted(packs)).encode())
        return cls(packs, digest.digest())


class SurveyedPack(msgspec.Struct, gc=False):
    """A pack that an index lists."""

    name: str
    size: int = EMPTY
    """Bytes, by the index."""
    used: int = EMPTY
    """Bytes that it would have without what nobody needs; EMPTY where nothing of it is needed."""
    blobs: int = 0
    types: int = 0
    """Bit 0: it holds data, bit 1: it holds trees."""

    @property
    def unused(self) -> int:
        """Bytes that nobody needs."""
        return self.size - (self.used if self.is_used else 0)

    @property
    def is_used(self) -> bool:
        """Whether anything of it is needed."""
        return self.used > EMPTY

    @property
    def is_mixed(self) -> bool:
        """Whether it holds both trees and data, which only old versions of restic wrote."""
        return self.types == 3


class Fate(msgspec.Struct, frozen=True):
    """What becomes of the packs, by their numbers."""

    dropped: set[int]
    repacked: set[int]
    unused: int
    """Bytes that stay though nobody needs them."""


def survey(index: Index, reach: Reach) -> list[SurveyedPack]:
    """Return the packs of an index, by number, with what is needed of them."""
    packs = [SurveyedPack(pack.hex()) for pack in index.packs]
    for type_, table in index.tables.items():
        bit = 1 << type_
        for _id, number, _offset, length, size in table:
            if number != PENDING:
                pack = packs[number]
                pack.size += length + record_size(size)
                pack.blobs += 1
                pack.types |= bit
        for _id, number, _offset, length, size in reach.marks[type_]:
            packs[number].used += length + record_size(size)
    return packs


def check_needed(packs: list[SurveyedPack], found: dict[str, int]) -> None:
    """Make sure that every pack of which something is needed is there, as long as it should be.

    Raises:
        Corrupted: one is not.
    """
    for pack in packs:
        if pack.is_used and found.get(pack.name) != pack.size:
            trouble = _("has another size than the index says") if pack.name in found else _("is missing")
            raise Corrupted(
                _("data/{name}, which snapshots need, {trouble}").format(name=pack.name, trouble=trouble),
                hint=_("nothing was removed; see `tui-backup verify`, then `tui-backup repair packs`"),
            )


def decide(packs: list[SurveyedPack], limits: ReclaimLimits) -> Fate:
    """Decide what becomes of every pack: dropped when nothing of it is needed, repacked where it is worth it.

    As restic does: trees and mixed packs that hold waste always, data by falling share of waste until little enough is
    left, and small packs where there are many. The limit on what is written counts for all of them.
    """
    dropped = {number for number, pack in enumerate(packs) if not pack.is_used}
    repacking = _Repacking(packs, limits)
    repacking.take(number for number, pack in repacking.used.items() if _is_untidy(pack))
    repacking.take_wasteful(_tolerated(limits, sum(pack.used for pack in repacking.used.values())))
    for type_ in BlobType:
        small = [number for number, pack in repacking.used.items() if pack.types == 1 << type_ and pack.size < _SMALL]
        if len(small) >= _MANY_SMALL:
            repacking.take(small)
    return Fate(dropped, repacking.taken, repacking.waste)


class _Repacking:
    """Which packs are to be repacked, as far as decided."""

    def __init__(self, packs: list[SurveyedPack], limits: ReclaimLimits) -> None:
        self.used = {number: pack for number, pack in enumerate(packs) if pack.is_used}
        self.taken: set[int] = set()
        self.waste = sum(pack.unused for pack in self.used.values())
        """Bytes that nobody needs in the packs that stay."""
        self._room = float("inf") if limits.max_repack_bytes is None else limits.max_repack_bytes

    def take(self, numbers: Iterable[int]) -> None:
        """Repack these, as far as there is room for it."""
        for number in numbers:
            pack = self.used[number]
            if number not in self.taken and pack.used <= self._room:
                self.taken.add(number)
                self._room -= pack.used
                self.waste -= pack.unused

    def take_wasteful(self, tolerated: float) -> None:
        """Repack the packs that waste most, until no more than is tolerated stays."""
        wasteful = [number for number, pack in self.used.items() if pack.unused]
        wasteful.sort(key=lambda number: self.used[number].unused / self.used[number].size, reverse=True)
        for number in wasteful:
            if self.waste <= tolerated:
                return
            self.take([number])


def _is_untidy(pack: SurveyedPack) -> bool:
    """Whether a pack is repacked whatever is tolerated."""
    return pack.is_mixed or (pack.types == 1 << BlobType.TREE and pack.unused > 0)


def _tolerated(limits: ReclaimLimits, used: int) -> float:
    """Return the bytes that may stay unused, beside those in use."""
    share = limits.max_unused_percent
    by_share = float("inf") if share is None or share >= 100 else used * share / (100 - share)
    return by_share if limits.max_unused_bytes is None else min(by_share, limits.max_unused_bytes)
