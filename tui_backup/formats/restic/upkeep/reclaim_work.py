"""ReclaimWork: which files a reclaiming writes and removes, from what was decided about every pack."""

from collections.abc import Container, Iterator

import msgspec

from tui_backup.formats.restic.index import Index
from tui_backup.formats.restic.upkeep.reach import Reach
from tui_backup.formats.restic.upkeep.survey import Fate, Seen, SurveyedPack
from tui_backup.formats.restic.writing.packlog import MOST_BLOBS

_FEW_BLOBS = MOST_BLOBS // 10
"""Blobs below which an index file is merged with others, once one has to be written anyway."""


class Surveyed(msgspec.Struct, frozen=True):
    """A repository as it was surveyed."""

    seen: Seen
    index: Index
    files: dict[str, list[int]]
    """Index file -> numbers of the packs that it lists."""
    packs: list[SurveyedPack]

    def unlisted(self) -> Iterator[str]:
        """Yield the packs that no index knows."""
        known = {pack.name for pack in self.packs}
        return (name for name in sorted(self.seen.packs) if name not in known)


class ReclaimWork(msgspec.Struct, frozen=True):
    """What is to be done, and to which files."""

    seen: Seen
    index: Index
    moves: dict[int, bytearray]
    """Number of a pack -> `PACKED` records of its blobs that are needed."""
    twins: dict[int, bytearray]
    """The same of packs that stay, of blobs of which another copy goes."""
    obsolete: tuple[str, ...]
    """Packs that go in the end."""
    unlisted: tuple[str, ...]
    """Packs that go at once: no index knows them."""
    replaced: tuple[str, ...]
    """Index files that go."""
    survivors: tuple[int, ...]
    """Numbers of the packs that they list and that stay."""

    @property
    def removed_bytes(self) -> int:
        """Bytes of all packs that go."""
        return sum(self.seen.packs[name] for name in (*self.obsolete, *self.unlisted))

    def listings(self) -> Iterator[tuple[bytes, bytearray]]:
        """Yield id and `PACKED` records of the packs that are listed anew: those of the replaced files that stay."""
        for number, records in self.index.by_pack(set(self.survivors)).items():
            yield self.index.packs[number], records


def work_of(surveyed: Surveyed, fate: Fate, reach: Reach, locked: Container[str]) -> ReclaimWork:
    """Return the work that a decision means; packs that are `locked` lie there until they can be removed."""
    seen, index, packs = surveyed.seen, surveyed.index, surveyed.packs
    gone = fate.dropped | fate.repacked
    obsolete = (packs[number].name for number in sorted(gone))
    replaced, survivors = _index_changes(surveyed, gone)
    moves = reach.records(fate.repacked) if fate.repacked else {}
    return ReclaimWork(
        seen=seen,
        index=index,
        moves=moves,
        twins=reach.twins(gone),
        obsolete=tuple(name for name in obsolete if name in seen.packs and name not in locked),
        unlisted=tuple(name for name in surveyed.unlisted() if name not in locked),
        replaced=replaced,
        survivors=survivors,
    )


def _index_changes(surveyed: Surveyed, gone: set[int]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the index files to replace, and the packs that must be listed anew for that."""
    files = surveyed.files
    replaced = {name for name, numbers in files.items() if not gone.isdisjoint(numbers) or not numbers}
    if replaced:
        replaced |= {
            name for name, numbers in files.items() if sum(surveyed.packs[n].blobs for n in numbers) < _FEW_BLOBS
        }
    staying = {number for name, numbers in files.items() if name not in replaced for number in numbers}
    listed = {number for name in replaced for number in files[name]}
    return tuple(sorted(replaced)), tuple(sorted(listed - gone - staying))
