"""Transfer: blobs out of packs, authenticated, into new packs of the same or of another repository.

The owner sends `Move`; every pack that was stored is told as `Stored`; `Emptied` ends a `Move`. `Flush` closes the last
packs and is answered by `Flushed`. Blobs stay compressed as they are; those of the same keys stay sealed as they are.
Where requests take a while, what a `Move` reads comes along as rations, and packs go to the owner as `Sealed`.
"""

from collections.abc import Iterator

import msgspec

from tui_backup.errors import BackupError, Corrupted, NotFound
from tui_backup.formats.restic.blob import BlobReader, Memory
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.failure import Failed
from tui_backup.formats.restic.index import Place, unpack_blobs
from tui_backup.formats.restic.pack import BlobType, PackedBlob
from tui_backup.formats.restic.spans import Spans
from tui_backup.formats.restic.supply import Rations, Used
from tui_backup.formats.restic.writing.sealing import Outlet, Sealed, Sealer, Stored, outlet_of
from tui_backup.primitives.crew import Channel
from tui_backup.stores.base import Store
from tui_backup.stores.recipes import opened


class Terms(msgspec.Struct, frozen=True, array_like=True):
    """How blobs are opened and sealed."""

    source_keys: Keys
    target_keys: Keys
    source_version: int
    target_version: int
    compression: str
    """Of what was never tried to be compressed: the blobs of a repository of version 1."""


class Setup(msgspec.Struct, frozen=True, array_like=True):
    """What a worker needs: recipes of both stores, and the terms."""

    source: tuple[str, bytes]
    target: tuple[str, bytes] | None
    """None: the owner stores the packs."""
    terms: Terms
    has_rations: bool
    """Whether what orders read comes along with them."""


class Move(msgspec.Struct, tag=True, array_like=True):
    """Move these blobs of a pack; `records` are as the index has them."""

    pack: bytes
    records: bytes


class Flush(msgspec.Struct, tag=True, array_like=True):
    """Store the packs that are being filled."""


class Emptied(msgspec.Struct, tag=True, array_like=True):
    """A `Move` is done; `troubles` are (type, id, reason) of the blobs that could not be read."""

    pack: bytes
    blobs: int
    size: int
    """Bytes of the blobs, as they were stored."""
    troubles: list[tuple[BlobType, bytes, str]]


class Flushed(msgspec.Struct, tag=True, array_like=True):
    """A `Flush` is done."""


Order = Move | Flush
Answer = Stored | Sealed | Emptied | Flushed | Used | Failed

encoder = msgspec.msgpack.Encoder()
order_decoder = msgspec.msgpack.Decoder(Order)
answer_decoder = msgspec.msgpack.Decoder(Answer)


class Mover:
    """Moves blobs; for one thread."""

    def __init__(
        self,
        source: Store,
        outlet: Outlet,
        terms: Terms,
        memory: Memory | None = None,
        rations: Rations | None = None,
    ) -> None:
        """Packs are made in `memory`; `rations` hold what orders read, as far as they do."""
        self._source = source
        self._terms = terms
        self._rations = rations
        self._reader = BlobReader(Cipher(terms.source_keys))
        cipher = Cipher(terms.target_keys)
        self._sealers = {
            type_: Sealer(outlet, type_, cipher, terms.target_version, terms.compression, memory) for type_ in BlobType
        }

    def obey(self, order: Order) -> Iterator[Stored | Emptied | Flushed]:
        """Carry out an order; raises StoreError where a store cannot be read or written."""
        if isinstance(order, Flush):
            for sealer in self._sealers.values():
                yield from sealer.flush()
            yield Flushed()
            return
        blobs = unpack_blobs(order.records)
        places = [Place(order.pack, blob.offset, blob.length, blob.size) for blob in blobs]
        spans = Spans(self._source, [] if self._rations else places)
        troubles: list[tuple[BlobType, bytes, str]] = []
        size = 0
        for number, (blob, place) in enumerate(zip(blobs, places, strict=True)):
            try:
                given = self._rations.get(number) if self._rations is not None else None
                sealed = spans.get(place) if given is None else given
                payload, content = self._reader.unseal(sealed, blob.id, blob.size)
            except (Corrupted, NotFound) as error:
                troubles.append((blob.type, blob.id, error.message))
                continue
            size += blob.length
            yield from self._keep(blob, sealed, payload, content)
        if self._rations is not None:
            self._rations.finish(len(blobs))
        yield Emptied(order.pack, len(blobs) - len(troubles), size, troubles)

    def _keep(self, blob: PackedBlob, sealed: memoryview, payload: bytes, content: bytes) -> Iterator[Stored]:
        terms, sealer = self._terms, self._sealers[blob.type]
        if terms.source_keys == terms.target_keys:
            return sealer.keep_sealed(blob.id, sealed, blob.size)
        if terms.source_version == terms.target_version:
            return sealer.keep_payload(blob.id, payload, blob.size)
        return sealer.keep(blob.id, content)


class MovingHand:
    """A worker that moves blobs."""

    def __init__(self, setup: bytes, channel: Channel) -> None:
        wanted = msgspec.msgpack.decode(setup, type=Setup)
        self._channel = channel
        outlet, memory = outlet_of(wanted.target, channel)
        rations = Rations(channel) if wanted.has_rations else None
        self._mover = Mover(opened(wanted.source), outlet, wanted.terms, memory, rations)

    def work(self) -> None:
        """Answer one order after the other until the owner is gone."""
        try:
            while self._channel.inbox or self._channel.fill():
                while self._channel.inbox:
                    for answer in self._mover.obey(order_decoder.decode(self._channel.inbox.popleft())):
                        self._channel.send(encoder.encode(answer))
        except BackupError as error:
            self._channel.send(encoder.encode(Failed.of(error)))
