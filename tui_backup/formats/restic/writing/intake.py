"""Intake: hands files to workers to be read, says which of their blobs are new, and keeps track of stored packs.

Without much to read no worker is started: the work is done in place.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from tui_backup.formats.restic.failure import Failed
from tui_backup.formats.restic.index import Index
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.writing.chunker import make_chunker
from tui_backup.formats.restic.writing.reading import Batch, Piece, Reader, Reading
from tui_backup.formats.restic.writing.sealing import (
    Answer,
    Done,
    Flush,
    Flushed,
    Hashed,
    Keep,
    Read,
    Sealed,
    Sealer,
    Setup,
    Stored,
    answer_decoder,
    encoder,
)
from tui_backup.model.watch import Watch
from tui_backup.primitives.crew import Crew

_HAND = "tui_backup.formats.restic.writing.sealing:SealingHand"
_MOST_WORKERS = 4
_PIECES = 256
_BYTES = 4 << 20
"""A `Read` is sent when it has as many pieces or bytes."""
_LARGE = 4 * _BYTES
_AHEAD = 3
"""Reads of small files that a worker has before it at most; of large pieces it has one."""
_BACKLOG = 32
"""Reads that wait for a worker at most; a walk that is faster than the workers waits then."""
_WORTH_WORKERS = 3
"""Reads that make it worth while to start workers."""


class Listener(msgspec.Struct, frozen=True):
    """Who hears what became of the pieces."""

    on_reading: Callable[[Reading], None]
    on_stored: Callable[[Stored], None]


class Intake:
    """Reads files into packs; for one thread."""

    def __init__(self, setup: Setup, sealer: Sealer, index: Index, listener: Listener) -> None:
        """`setup` is what workers are given, where there may be any; else all work is done in this process."""
        self._setup = setup
        self._sealer = sealer
        self._index = index
        self._listener = listener
        self._pieces: list[Piece] = []
        self._bytes = 0
        self._reads: list[list[Piece]] = []
        self._crew: Crew | None = None
        self._ahead: list[deque[int]] = []
        """What each worker has before it: a large piece counts as much as it may have at once."""
        self._flushing = 0
        self._telling = False

    def start(self) -> None:
        """Start the workers, if there may be any."""
        if self._crew is None and self._setup.may_have_workers:
            size = min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
            self._crew = Crew(_HAND, encoder.encode(self._setup), size)
            self._ahead = [deque() for _worker in range(size)]

    def submit(self, piece: Piece, watch: Watch) -> None:
        """Ask for a piece to be read; may wait until a worker has room, but not while the listener is told."""
        self._pieces.append(piece)
        self._bytes += piece.length
        if len(self._pieces) >= _PIECES or self._bytes >= _BYTES:
            self._close_read()
            if not self._telling:
                self._dispatch(watch)

    def pump(self, timeout_s: float | None = 0) -> None:
        """Take in what workers have said, and what has been stored; wait for workers up to `timeout_s`."""
        self._note(self._sealer.stored())
        if self._crew is not None:
            for worker, message in self._crew.poll(timeout_s):
                self._hear(worker, answer_decoder.decode(message))

    def settle(self, watch: Watch) -> None:
        """Wait until every piece submitted so far, and those submitted meanwhile, have been read."""
        self._close_read()
        while self._reads or any(self._ahead):
            watch.check()
            if self._crew is None:
                self._read_here()
            else:
                self._dispatch(watch)
                self.pump(0.5)
            self._close_read()

    def flush(self, watch: Watch) -> None:
        """Wait until every blob is stored."""
        if self._crew is not None:
            self._flushing = len(self._crew)
            for worker in range(len(self._crew)):
                self._crew.send(worker, encoder.encode(Flush()))
        while self._flushing:
            watch.check()
            self.pump(0.5)
        self._note(self._sealer.flush())

    def close(self) -> None:
        """End the workers, whatever they are at."""
        if self._crew is not None:
            self._crew.close()
            self._crew = None

    def _close_read(self) -> None:
        if self._pieces:
            self._reads.append(self._pieces)
            self._pieces, self._bytes = [], 0

    def _dispatch(self, watch: Watch) -> None:
        if self._crew is None and (len(self._reads) >= _WORTH_WORKERS or any(map(_is_large, self._reads))):
            self.start()
            if self._crew is None:
                self._read_here()
        while self._crew is not None and self._reads:
            worker = min(range(len(self._ahead)), key=lambda number: sum(self._ahead[number]))
            if sum(self._ahead[worker]) < _AHEAD:
                pieces = self._reads.pop(0)
                self._ahead[worker].append(_AHEAD if _is_large(pieces) else 1)
                self._crew.send(worker, encoder.encode(Read(pieces)))
            elif len(self._reads) >= _BACKLOG:
                watch.check()
                self.pump(0.5)
            else:
                return

    def _hear(self, worker: int, answer: Answer) -> None:
        match answer:
            case Hashed(readings, ids):
                claim = self._index.claim
                mask = bytes(claim(BlobType.DATA, ids[at : at + 32]) for at in range(0, len(ids), 32))
                assert self._crew is not None
                self._crew.send(worker, encoder.encode(Keep(mask)))
                self._tell(readings)
            case Stored():
                self._listener.on_stored(answer)
            case Sealed():
                assert self._crew is not None
                self._note(self._sealer.take_over(answer, self._crew.descriptor_from(worker)))
            case Done():
                self._ahead[worker].popleft()
            case Flushed():
                self._flushing -= 1
            case Failed():
                answer.raise_again()

    def _note(self, packs: Iterable[Stored]) -> None:
        for stored in packs:
            self._listener.on_stored(stored)

    def _tell(self, readings: Iterable[Reading]) -> None:
        self._telling = True
        for reading in readings:
            self._listener.on_reading(reading)
        self._telling = False

    def _read_here(self) -> None:
        reader = Reader(make_chunker(self._setup.polynomial))
        reads, self._reads = self._reads, []
        for pieces in reads:
            for batch in reader.batches(pieces):
                self._keep_here(batch)

    def _keep_here(self, batch: Batch) -> None:
        for id_, content in batch.blobs:
            if self._index.claim(BlobType.DATA, id_):
                self._note(self._sealer.keep(id_, content))
        self._tell(batch.readings)


def _is_large(pieces: list[Piece]) -> bool:
    return pieces[-1].length > _LARGE
