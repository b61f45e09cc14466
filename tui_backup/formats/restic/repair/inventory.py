"""Inventory: what every pack holds, by the index files where these can be believed, by its own header where not."""

from collections.abc import Collection, Iterable, Iterator

import msgspec

from tui_backup.errors import Corrupted, NotFound
from tui_backup.formats.restic.access import Access
from tui_backup.formats.restic.envelope import load_all
from tui_backup.formats.restic.index import PACKED, listed_packs, pack_blobs
from tui_backup.formats.restic.layout import FileKind, key_of, names
from tui_backup.formats.restic.pack import EMPTY, record_size
from tui_backup.formats.restic.repair.headers import fetch_header
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _

_Descriptions = dict[bytes, list[str]]
"""`PACKED` records of a pack -> the index files that describe it so."""


class Inventory(msgspec.Struct, kw_only=True):
    """The packs of a repository; listings take 45 bytes a blob."""

    sizes: dict[str, int]
    """Packs that are there -> bytes."""
    listings: dict[bytes, bytes] = {}
    """Pack -> `PACKED` records of its blobs, in the order in which they lie; of missing packs what was said of them."""
    listers: dict[bytes, list[str]] = {}
    """Pack -> index files that list it like this, each whole."""
    found: set[bytes] = set()
    """Packs whose listing is known from nothing but their header."""
    headless: dict[bytes, str] = {}
    """Packs that are there and whose header was asked for and cannot be read, with the reason."""
    missing: set[bytes] = set()
    """Packs that are listed and not there."""
    stale: dict[str, str] = {}
    """Index files that are to be replaced, with the reason."""

    def relist(self, pack: bytes, records: bytes) -> None:
        """Believe a pack's header more than the index files."""
        for name in self.listers.pop(pack, ()):
            self.stale.setdefault(name, _wrongly(pack))
        self.listings[pack] = records
        self.found.add(pack)

    def unlisted(self, replaced: Collection[str], gone: Collection[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the packs, with their records, that have to be listed anew once some index files are replaced."""
        for pack, records in self.listings.items():
            stays = pack not in gone and pack not in self.missing
            if stays and all(name in replaced for name in self.listers.get(pack, ())):
                yield pack, records

    def listing(self, packs: Iterable[bytes]) -> set[str]:
        """Return the index files that list any of these packs."""
        return {name for pack in packs for name in self.listers.get(pack, ())}


def take_inventory(access: Access, sizes: dict[str, int], watch: Watch) -> Inventory:
    """Read every index file, and the headers of the packs that these do not describe, or not in one way that fits."""
    inventory = Inventory(sizes=sizes)
    described: dict[bytes, _Descriptions] = {}
    sizes_of_files = names(access.store, FileKind.INDEX)
    for name, take in load_all(
        access.store, sizes_of_files, FileKind.INDEX, access.version, access.cipher, watch.check
    ):
        try:
            packs = listed_packs(take())
        except (Corrupted, NotFound) as error:
            inventory.stale[name] = error.message
            continue
        for pack, blobs in packs:
            described.setdefault(pack, {}).setdefault(pack_blobs(blobs), []).append(name)
    for pack in dict.fromkeys([*described, *map(bytes.fromhex, sizes)]):
        watch.check()
        watch.current = key_of(FileKind.DATA, pack.hex()).encode()
        _judge(access, inventory, pack, described.pop(pack, {}))
    return inventory


def fits(records: bytes, size: int) -> bool:
    """Whether the blobs of these records fill a pack of `size` bytes without gaps."""
    end = header = 0
    for _type, _id, offset, length, content_size in PACKED.iter_unpack(records):
        if offset != end:
            return False
        end += length
        header += record_size(content_size)
    return end + header + EMPTY == size


def _judge(access: Access, inventory: Inventory, pack: bytes, descriptions: _Descriptions) -> None:
    """Decide what to believe of a pack."""
    name = pack.hex()
    size = inventory.sizes.get(name)
    if size is None:
        _note_missing(inventory, pack, descriptions)
        return
    if len(descriptions) == 1:
        ((records, files),) = descriptions.items()
        if fits(records, size):
            inventory.listings[pack], inventory.listers[pack] = records, files
            return
    try:
        records = pack_blobs(fetch_header(access.store, access.cipher, name, size))
    except (Corrupted, NotFound) as error:
        _note_headless(inventory, pack, descriptions, error.message)
        return
    files = descriptions.pop(records, [])
    inventory.listings[pack], inventory.listers[pack] = records, files
    if not files:
        inventory.found.add(pack)
    for wrong in descriptions.values():
        for file in wrong:
            inventory.stale.setdefault(file, _wrongly(pack))


def _note_missing(inventory: Inventory, pack: bytes, descriptions: _Descriptions) -> None:
    inventory.missing.add(pack)
    inventory.listings[pack] = _merged(descriptions)
    message = _("it lists {key}, which is missing").format(key=key_of(FileKind.DATA, pack.hex()))
    for files in descriptions.values():
        for file in files:
            inventory.stale.setdefault(file, message)


def _note_headless(inventory: Inventory, pack: bytes, descriptions: _Descriptions, reason: str) -> None:
    """Keep what was said of a pack that cannot say it itself: by that its blobs may be salvaged."""
    inventory.headless[pack] = reason
    if not descriptions:
        return
    inventory.listings[pack] = _merged(descriptions)
    if len(descriptions) == 1:
        (inventory.listers[pack],) = descriptions.values()
        return
    for files in descriptions.values():
        for file in files:
            inventory.stale.setdefault(file, _wrongly(pack))


def _merged(descriptions: _Descriptions) -> bytes:
    """Return all that was said of a pack, in the order in which the blobs lie."""
    records = {record for records in descriptions for record in PACKED.iter_unpack(records)}
    return b"".join(PACKED.pack(*record) for record in sorted(records, key=lambda record: record[2]))


def _wrongly(pack: bytes) -> str:
    return _("it describes {key} wrongly").format(key=key_of(FileKind.DATA, pack.hex()))
