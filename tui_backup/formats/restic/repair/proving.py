"""Proving packs for a repair: each is read whole, and once more before anything bad is believed of it."""

from collections.abc import Iterable

import msgspec

from tui_backup.errors import Corrupted, NotFound
from tui_backup.formats.restic.access import Access
from tui_backup.formats.restic.index import pack_blobs, unpack_blobs
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.opening.opener import Landed, Prove, Proved
from tui_backup.formats.restic.opening.work import OpeningWork
from tui_backup.formats.restic.pack import LARGEST
from tui_backup.formats.restic.repair.headers import fetch_header
from tui_backup.formats.restic.repair.inventory import Inventory
from tui_backup.formats.restic.team import Team
from tui_backup.model.watch import Watch


class Verdict(msgspec.Struct):
    """What is wrong with a pack."""

    reason: str
    """The first thing that was found."""
    blobs: set[bytes]
    """Ids of the blobs that cannot be read from it."""
    is_unreadable: bool
    """Whether the disk does not give back all of it, today."""


def prove_packs(access: Access, inventory: Inventory, watch: Watch) -> dict[bytes, Verdict]:
    """Read every pack of an inventory; return those that are damaged.

    What the header of a pack says, where it can be opened, replaces what index files said of it.
    """
    numbered = [bytes.fromhex(name) for name, size in inventory.sizes.items() if size <= LARGEST]
    watch.files_total = len(numbered)
    watch.bytes_total = sum(inventory.sizes[pack.hex()] for pack in numbered)
    suspects = _prove(access, inventory, numbered, watch)
    for pack in suspects:
        _ask_header(access, inventory, pack)
    again = Watch(watch.cancel)
    again.guard = watch.guard
    return _prove(access, inventory, list(suspects), again)


def _prove(access: Access, inventory: Inventory, packs: list[bytes], watch: Watch) -> dict[bytes, Verdict]:
    verdicts: dict[bytes, Verdict] = {}

    def hear(answer: Landed | Proved) -> None:
        assert isinstance(answer, Proved)
        watch.files_done += 1
        watch.bytes_done += answer.size
        if answer.findings:
            pack = packs[answer.number]
            blobs = {blob for blob, _reason in answer.findings if blob}
            if not answer.size:
                blobs = {blob.id for blob in unpack_blobs(inventory.listings.get(pack, b""))}
            verdicts[pack] = Verdict(answer.findings[0][1], blobs, answer.is_unreadable)

    team = Team(OpeningWork((access.store, access.keys), None, hear, watch), watch)
    try:
        team.carry_out(_orders(inventory, packs, watch), access.store)
        team.finish()
    finally:
        team.close()
    return verdicts


def _orders(inventory: Inventory, packs: list[bytes], watch: Watch) -> Iterable[Prove]:
    for number, pack in enumerate(packs):
        watch.current = key_of(FileKind.DATA, pack.hex()).encode()
        name = pack.hex()
        yield Prove(number, name, inventory.listings.get(pack, b""), inventory.sizes[name])


def _ask_header(access: Access, inventory: Inventory, pack: bytes) -> None:
    if pack in inventory.headless:
        return
    name = pack.hex()
    try:
        records = pack_blobs(fetch_header(access.store, access.cipher, name, inventory.sizes[name]))
    except (Corrupted, NotFound) as error:
        inventory.headless[pack] = error.message
        return
    if records != inventory.listings.get(pack):
        inventory.relist(pack, records)
