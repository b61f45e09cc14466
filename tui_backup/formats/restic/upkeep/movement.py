"""Movement: has a team move blobs into new packs, and tries another copy of what turns out to be damaged."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property

import msgspec

from tui_backup.errors import BackupError
from tui_backup.formats.restic.index import PACKED, Index, Place, unpack_blobs
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.team import Team
from tui_backup.formats.restic.upkeep.transfer import (
    Answer,
    Emptied,
    Flush,
    Flushed,
    Move,
    Mover,
    Order,
    Setup,
    Terms,
    answer_decoder,
    encoder,
)
from tui_backup.formats.restic.writing.packlog import PackLog
from tui_backup.formats.restic.writing.sealing import Sealed, Stored, take_over
from tui_backup.model.watch import Watch
from tui_backup.stores.base import Store
from tui_backup.stores.parallel import Uploads

_PIECE = 4096
"""Records in one order at most."""
_WORTH_WORKERS = 16 << 20
"""Bytes that make it worth while to start workers."""


class Route(msgspec.Struct, frozen=True):
    """Where blobs come from and go to."""

    source: Store
    target: Store
    terms: Terms
    index: Index
    """Of the source."""
    size: int
    """Bytes that are to be moved in all, about."""


class Movement:
    """Moves blobs along a route; for one thread. The packs that come of it are noted in a log, which is not saved."""

    hand = "tui_backup.formats.restic.upkeep.transfer:MovingHand"

    def __init__(self, route: Route, log: PackLog, watch: Watch) -> None:
        self.lost: dict[tuple[BlobType, bytes], str] = {}
        """What could be read nowhere, and why."""
        self.blobs = 0
        self.bytes_read = 0
        self._route = route
        self._log = log
        self._watch = watch
        self._again: list[tuple[BlobType, bytes, str, bytes]] = []
        self._tried: dict[tuple[BlobType, bytes], set[bytes]] = {}
        self._uploads = Uploads[Stored](route.target, watch.check)

    def run(self, packs: Iterable[tuple[bytes, bytearray]]) -> None:
        """Move blobs, given as id of a pack and `PACKED` records; when this returns every new pack is durable.

        Raises:
            StoreError: a store cannot be read or written.
            Cancelled: somebody asked.
        """
        team = Team(self, self._watch)
        try:
            source = self._route.source
            team.carry_out((order for pack, records in packs for order in _orders(pack, records)), source)
            team.finish()
            while self._again:
                team.carry_out(self._second_tries(), source)
                team.finish()
            team.order_all(Flush())
            self._log.add_all(self._uploads.settled())
        finally:
            team.close()
            with suppress(BackupError):
                self._log.add_all(self._uploads.close())

    def setup(self) -> bytes | None:
        """Return what each worker is given; None where a store is out of its reach, or there is little to do."""
        if self._route.size < _WORTH_WORKERS:
            return None
        route = self._route
        by_owner = route.target.connections > 1
        source, target = route.source.recipe(), None if by_owner else route.target.recipe()
        if source is None or (target is None and not by_owner):
            return None
        return encoder.encode(Setup(source, target, route.terms, route.source.connections > 1))

    def decode(self, message: bytes) -> Answer:
        """Return the answer in a worker's message."""
        answer: Answer = answer_decoder.decode(message)
        return answer

    def hear(self, answer: Stored | Emptied | Flushed) -> bool:
        """Take in an answer; return whether an order ends with it."""
        match answer:
            case Stored():
                self._log.add(answer)
                return False
            case Emptied(pack, blobs, size, troubles):
                self.blobs += blobs
                self.bytes_read += size
                self._watch.bytes_done += size
                self._again += [(*trouble, pack) for trouble in troubles]
        return True

    def take_over(self, sealed: Sealed, descriptor: int) -> None:
        """Store a pack that a worker has made."""
        take_over(sealed, descriptor, self._uploads)
        self._log.add_all(self._uploads.durable())

    def places(self, order: Order) -> Sequence[Place]:
        """Return what an order reads."""
        if isinstance(order, Flush):
            return ()
        return [Place(order.pack, blob.offset, blob.length, blob.size) for blob in unpack_blobs(order.records)]

    def here(self, order: Order) -> Iterator[Stored | Emptied | Flushed]:
        """Carry out an order in this process."""
        return self._mover.obey(order)

    @cached_property
    def _mover(self) -> Mover:
        return Mover(self._route.source, self._uploads, self._route.terms)

    def _second_tries(self) -> Iterator[Move]:
        """Yield orders for another copy of each blob in trouble; one that has none left is lost."""
        again, self._again = self._again, []
        for type_, id_, reason, pack in again:
            tried = self._tried.setdefault((type_, id_), set())
            tried.add(pack)
            for place in self._route.index.places(type_, id_):
                if place.pack not in tried:
                    record = PACKED.pack(type_, id_, place.offset, place.length, place.size)
                    yield Move(place.pack, record)
                    break
            else:
                self.lost[type_, id_] = reason


def _orders(pack: bytes, records: bytearray) -> Iterator[Move]:
    """Yield orders for the blobs of a pack, in parts that keep several workers busy."""
    ordered = sorted(PACKED.iter_unpack(records), key=lambda record: record[2])
    for start in range(0, len(ordered), _PIECE):
        part = ordered[start : start + _PIECE]
        yield Move(pack, b"".join(PACKED.pack(*record) for record in part))
