"""Sealing: files in, stored packs out; in a worker process or in the owner's own.

The owner sends `Read`; each batch comes back as `Hashed` with the ids of its blobs; the owner, who alone has the
index, answers `Keep` with a mask of those that are new; these are compressed, sealed and stored in packs, each told
as `Stored`. `Flush` closes the last pack and is answered by `Flushed`. A failure ends the work with `Failed`.

Where requests to the store take time, the owner alone talks to it, and stores several packs at once: its workers send
`Sealed` with the descriptor of the memory that a pack lies in.
"""

from collections import deque
from collections.abc import Iterator
from typing import Protocol

import msgspec

from tui_backup.errors import BackupError
from tui_backup.formats.restic.blob import Memory, PackBuilder
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.failure import Failed
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.pack import BlobType, PackedBlob
from tui_backup.formats.restic.writing.chunker import make_chunker
from tui_backup.formats.restic.writing.reading import Batch, Piece, Reader, Reading
from tui_backup.primitives.crew import Channel, OwnerGone
from tui_backup.primitives.shared_memory import Lender, borrowed, sent
from tui_backup.stores.parallel import Uploads
from tui_backup.stores.recipes import opened

_MOST_OUT = 2
"""Batches that wait for their mask at once."""
_MOST_AWAY = 1
"""Packs of a worker that its owner is about to store when the worker goes on with the next one."""
_LOOK_S = 0.005
"""How often a worker looks whether its owner has stored one."""


class Setup(msgspec.Struct, frozen=True, array_like=True):
    """What a worker needs: the store's recipe, the keys, and how to write."""

    store: tuple[str, bytes] | None
    """None where only the owner can reach it, or has to."""
    keys: Keys
    version: int
    compression: str
    polynomial: int
    by_owner: bool = False
    """Whether the owner stores the packs that workers make."""

    @property
    def may_have_workers(self) -> bool:
        """Whether the packs of workers get into the store."""
        return self.by_owner or self.store is not None


class Read(msgspec.Struct, tag=True, array_like=True):
    """Read these pieces."""

    pieces: list[Piece]


class Keep(msgspec.Struct, tag=True, array_like=True):
    """Store the blobs of the oldest waiting batch whose byte in the mask is not 0."""

    mask: bytes


class Flush(msgspec.Struct, tag=True, array_like=True):
    """Store the pack that is being filled."""


class Hashed(msgspec.Struct, tag=True, array_like=True):
    """A batch has been read; `ids` are those of its blobs in order, 32 bytes each."""

    readings: list[Reading]
    ids: bytes


class Stored(msgspec.Struct, tag=True, array_like=True):
    """A pack is durably in the store."""

    pack: bytes
    size: int
    blobs: list[PackedBlob]


class Sealed(msgspec.Struct, tag=True, array_like=True):
    """A pack is ready to be stored by the owner; it lies in the shared memory that came along."""

    pack: bytes
    size: int
    blobs: list[PackedBlob]


class Done(msgspec.Struct, tag=True, array_like=True):
    """A `Read` has been read to its end."""


class Flushed(msgspec.Struct, tag=True, array_like=True):
    """A `Flush` is done."""


Order = Read | Keep | Flush
Answer = Hashed | Stored | Sealed | Done | Flushed | Failed

encoder = msgspec.msgpack.Encoder()
order_decoder = msgspec.msgpack.Decoder(Order)
answer_decoder = msgspec.msgpack.Decoder(Answer)


class Outlet(Protocol):
    """Where finished packs go."""

    @property
    def keeps_bodies(self) -> bool:
        """Whether what a pack lies in belongs to the outlet from then on."""
        ...

    def put(self, key: str, body: memoryview, token: Stored, *, at_hand: bool = False) -> None:
        """Take a pack, which is worth a copy at hand or not; may wait for room.

        Raises what went wrong with this or an earlier one.
        """
        ...

    def durable(self) -> Iterator[Stored]:
        """Yield the packs that have become durable since this was asked last."""
        ...

    def settled(self) -> Iterator[Stored]:
        """Wait until all packs are durable; yield those that have become so since this was asked last."""
        ...


class Sealer:
    """Compresses, seals and stores the blobs that are new; for one thread."""

    def __init__(
        self,
        outlet: Outlet,
        type_: BlobType,
        cipher: Cipher,
        version: int,
        compression: str,
        memory: Memory | None = None,
    ) -> None:
        self._outlet = outlet
        self._at_hand = type_ is BlobType.TREE
        self._builder = PackBuilder(type_, cipher, version, compression, memory)

    def keep(self, id_: bytes, content: bytes | memoryview) -> Iterator[Stored]:
        """Take a new blob; yield packs that have been stored meanwhile, because they were full."""
        if not self._builder.fits(len(content)):
            self._store_pack()
        self._builder.add(id_, content)
        if self._builder.is_full:
            self._store_pack()
        yield from self._outlet.durable()

    def keep_payload(self, id_: bytes, payload: bytes, size: int) -> Iterator[Stored]:
        """Take a blob that is compressed already, or shall not be (`size` 0); otherwise as `keep`."""
        if not self._builder.fits(len(payload)):
            self._store_pack()
        self._builder.add_payload(id_, payload, size)
        if self._builder.is_full:
            self._store_pack()
        yield from self._outlet.durable()

    def keep_sealed(self, id_: bytes, sealed: memoryview, size: int) -> Iterator[Stored]:
        """Take a blob that was sealed with the same keys; otherwise as `keep`."""
        if not self._builder.fits(len(sealed)):
            self._store_pack()
        self._builder.add_sealed(id_, sealed, size)
        if self._builder.is_full:
            self._store_pack()
        yield from self._outlet.durable()

    def finish(self) -> None:
        """Send the pack that is being filled on its way."""
        if len(self._builder):
            self._store_pack()

    def flush(self) -> Iterator[Stored]:
        """Store what has been gathered; yield packs when all are stored, those of others that share the outlet too."""
        self.finish()
        yield from self._outlet.settled()

    def stored(self) -> Iterator[Stored]:
        """Yield packs that have been stored meanwhile; raises what went wrong with one."""
        return self._outlet.durable()

    def take_over(self, sealed: Sealed, descriptor: int) -> Iterator[Stored]:
        """Take a pack that a worker has sealed, and the memory that came along; otherwise as `keep`."""
        take_over(sealed, descriptor, self._outlet)
        return self._outlet.durable()

    def _store_pack(self) -> None:
        pack = self._builder.finish()
        stored = Stored(pack.id, len(pack.body), pack.blobs)
        self._outlet.put(key_of(FileKind.DATA, pack.id.hex()), pack.body, stored, at_hand=self._at_hand)
        if self._outlet.keeps_bodies:
            self._builder.release()


class Handover:
    """Leaves packs, made in shared memory, to the owner of a worker, who hears of them in order."""

    keeps_bodies = True

    def __init__(self, channel: Channel, lender: Lender) -> None:
        """`lender` gives the memory that packs are made in."""
        self._channel = channel
        self._lender = lender

    def put(self, key: str, body: memoryview, token: Stored, *, at_hand: bool = False) -> None:
        """Send a pack to the owner; wait while too many are there that it has not stored."""
        sealed = Sealed(token.pack, token.size, token.blobs)
        self._channel.send(encoder.encode(sealed), sent(body))
        while self._lender.away > _MOST_AWAY:
            if self._channel.ready(_LOOK_S) and not self._channel.fill():
                raise OwnerGone

    def durable(self) -> Iterator[Stored]:
        """Yield nothing: the owner knows."""
        return iter(())

    def settled(self) -> Iterator[Stored]:
        """Yield nothing: the owner knows."""
        return iter(())


def take_over(sealed: Sealed, descriptor: int, outlet: Outlet) -> None:
    """Store a pack that a worker has sealed; `descriptor` is that of the memory that came along."""
    body = borrowed(descriptor, sealed.size)
    outlet.put(key_of(FileKind.DATA, sealed.pack.hex()), body, Stored(sealed.pack, sealed.size, sealed.blobs))


def outlet_of(store: tuple[str, bytes] | None, channel: Channel) -> tuple[Outlet, Memory | None]:
    """Return where a worker's packs go, and what they are made in: into the store of a recipe, or to its owner."""
    if store is None:
        lender = Lender()
        return Handover(channel, lender), lender.take
    return Uploads[Stored](opened(store)), None


class SealingHand:
    """A worker that reads files and stores what is new in them."""

    def __init__(self, setup: bytes, channel: Channel) -> None:
        wanted = msgspec.msgpack.decode(setup, type=Setup)
        self._channel = channel
        outlet, memory = outlet_of(wanted.store, channel)
        cipher = Cipher(wanted.keys)
        self._sealer = Sealer(outlet, BlobType.DATA, cipher, wanted.version, wanted.compression, memory)
        self._reader = Reader(make_chunker(wanted.polynomial))
        self._reads: deque[Iterator[Batch]] = deque()
        self._waiting: deque[Batch] = deque()

    def work(self) -> None:
        """Go on until the owner is gone: answer what has come first, else read ahead by a batch or two."""
        try:
            while self._channel.inbox or self._receive():
                while self._channel.inbox:
                    self._obey(order_decoder.decode(self._channel.inbox.popleft()))
                if self._reads and len(self._waiting) < _MOST_OUT:
                    self._read_on()
        except BackupError as error:
            self._send(Failed.of(error))

    def _receive(self) -> bool:
        may_read = self._reads and len(self._waiting) < _MOST_OUT
        if may_read and not self._channel.ready():
            return True
        return self._channel.fill()

    def _obey(self, order: Order) -> None:
        match order:
            case Read(pieces):
                self._reads.append(self._reader.batches(pieces))
            case Keep(mask):
                batch = self._waiting.popleft()
                for (id_, content), wanted in zip(batch.blobs, mask, strict=True):
                    if wanted:
                        self._send_all(self._sealer.keep(id_, content))
            case Flush():
                self._send_all(self._sealer.flush())
                self._send(Flushed())

    def _read_on(self) -> None:
        batch = next(self._reads[0], None)
        if batch is None:
            self._reads.popleft()
            self._send(Done())
            return
        self._waiting.append(batch)
        self._send(Hashed(batch.readings, b"".join(id_ for id_, _content in batch.blobs)))

    def _send_all(self, stored: Iterator[Stored]) -> None:
        for pack in stored:
            self._send(pack)

    def _send(self, answer: Answer) -> None:
        self._channel.send(encoder.encode(answer))
