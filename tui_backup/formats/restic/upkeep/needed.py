"""Needed: every object of the store without which some snapshots could not be read."""

from collections.abc import Iterator, Sequence

from tui_backup.errors import Corrupted
from tui_backup.formats.restic.access import Access
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.index import PENDING
from tui_backup.formats.restic.layout import CONFIG_KEY, FileKind, key_of, names
from tui_backup.formats.restic.upkeep.reach import Reach
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch


def needed_objects(access: Access, snapshots: Sequence[Snapshot], watch: Watch) -> Iterator[str]:
    """Yield the keys of config, keys, index files, snapshot files, and of the packs that these snapshots live on.

    Raises:
        Corrupted: some of what they need cannot be found; raised when the rest has been told.
    """
    yield CONFIG_KEY
    for kind in (FileKind.KEY, FileKind.INDEX):
        for name in names(access.store, kind):
            yield key_of(kind, name)
    for snapshot in snapshots:
        yield key_of(FileKind.SNAPSHOT, snapshot.id)
    index = access.index()
    reach = Reach(Contents(access.store, index, access.cipher), watch)
    trouble: Corrupted | None = None
    for root in dict.fromkeys(snapshot.root for snapshot in snapshots):
        try:
            reach.add(root)
        except Corrupted as error:
            trouble = trouble or error
    packs = {pack for marks in reach.marks.values() for _id, pack, _offset, _length, _size in marks}
    for number in packs - {PENDING}:
        yield key_of(FileKind.DATA, index.packs[number].hex())
    if trouble is not None:
        raise trouble
