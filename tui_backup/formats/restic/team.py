"""Team: gives orders to workers, or does the work in place where there is little of it."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Protocol

import msgspec

from tui_backup.formats.restic.failure import Failed
from tui_backup.formats.restic.index import Place
from tui_backup.formats.restic.supply import MOST_GIVEN, Need, Used, served
from tui_backup.formats.restic.writing.sealing import Sealed
from tui_backup.model.watch import Watch
from tui_backup.primitives.crew import Crew
from tui_backup.primitives.shared_memory import sent
from tui_backup.stores.base import Store

_MOST_WORKERS = 4
_AHEAD = 2
"""Orders that a worker has before it at most."""
_WORTH_WORKERS = 2
"""Orders after which workers are started; what little comes before is done here."""

encoder = msgspec.msgpack.Encoder()


class Work(Protocol):
    """What a team is for: which worker does it, and who hears of it."""

    hand: str
    """`module:Class` of the worker."""

    def setup(self) -> bytes | None:
        """Return what each worker is given; None where only this process can do the work."""
        ...

    def decode(self, message: bytes) -> Any:
        """Return the answer in a worker's message."""
        ...

    def hear(self, answer: Any) -> bool:
        """Take in an answer; return whether an order ends with it."""
        ...

    def take_over(self, sealed: Sealed, descriptor: int) -> None:
        """Take a pack that a worker has made, and the memory that came along."""
        ...

    def places(self, order: Any) -> Sequence[Place]:
        """Return what an order reads, in the order in which it does, as far as that is known."""
        ...

    def here(self, order: Any) -> Iterator[Any]:
        """Carry out an order in this process; yield the answers."""
        ...


class Team:
    """Workers that carry out orders; for one thread, and to be closed."""

    def __init__(self, work: Work, watch: Watch) -> None:
        self._work = work
        self._watch = watch
        self._waiting: list[Any] = []
        self._crew: Crew | None = None
        self._ahead: list[int] = []
        self._given: list[int] = []
        """Bytes of the rations that each worker has before it."""
        self._setup = work.setup()

    def order(self, order: Any) -> None:
        """Give an order; may wait until a worker has room."""
        self._waiting.append(order)
        if self._setup is None:
            self._work_here()
            return
        if self._crew is None and len(self._waiting) >= _WORTH_WORKERS:
            self._start(self._setup)
        if self._crew is not None:
            self._dispatch(self._crew)

    def carry_out(self, orders: Iterable[Any], store: Store) -> None:
        """Give some orders; where requests to the store that they read take a while, with what they need of it.

        Raises:
            StoreError: the store does not answer.
        """
        coming = iter(orders)
        if store.connections > 1 and self._setup is not None:
            first = list(islice(coming, _WORTH_WORKERS))
            if self._crew is not None or len(first) == _WORTH_WORKERS:
                self._serve(self._crew or self._start(self._setup), store, chain(first, coming))
                return
            coming = iter(first)
        for order in coming:
            self.order(order)

    def order_all(self, order: Any) -> None:
        """Give an order to every worker, when all earlier ones are done."""
        self.finish()
        if self._crew is None:
            self._waiting.append(order)
            self._work_here()
            return
        for worker in range(len(self._ahead)):
            self._send(self._crew, worker, order)
        self.finish()

    def finish(self) -> None:
        """Wait until every order is done."""
        if self._crew is None:
            self._work_here()
            return
        while self._waiting or any(self._ahead):
            self._dispatch(self._crew)
            self._hear(self._crew)

    def close(self) -> None:
        """End the workers, whatever they are at."""
        if self._crew is not None:
            self._crew.close()
            self._crew = None

    def _start(self, setup: bytes) -> Crew:
        size = min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
        self._crew = Crew(self._work.hand, setup, size)
        self._ahead = [0] * size
        self._given = [0] * size
        return self._crew

    def _serve(self, crew: Crew, store: Store, orders: Iterable[Any]) -> None:
        """Give orders with their rations, each to one worker."""
        needs = (Need(order, self._work.places(order)) for order in orders)
        worker = 0
        for serving in served(store, needs, self._watch.check):
            if serving.order is not None:
                worker = self._free(crew)
                self._send(crew, worker, serving.order)
            size = serving.ration.size
            while self._given[worker] and self._given[worker] + size > MOST_GIVEN:
                self._hear(crew)
            if serving.ration.lengths:
                descriptor = None if serving.memory is None else sent(serving.memory)
                crew.send(worker, encoder.encode(serving.ration), descriptor)
                self._given[worker] += size

    def _free(self, crew: Crew) -> int:
        """Wait until a worker has room; return the one with the least before it."""
        while True:
            worker = min(range(len(self._ahead)), key=lambda number: (self._given[number], self._ahead[number]))
            if self._ahead[worker] < _AHEAD:
                return worker
            self._hear(crew)

    def _dispatch(self, crew: Crew) -> None:
        while self._waiting:
            worker = min(range(len(self._ahead)), key=self._ahead.__getitem__)
            if self._ahead[worker] < _AHEAD:
                self._send(crew, worker, self._waiting.pop(0))
            elif len(self._waiting) > 1:
                self._hear(crew)
            else:
                return

    def _send(self, crew: Crew, worker: int, order: Any) -> None:
        self._ahead[worker] += 1
        crew.send(worker, encoder.encode(order))

    def _hear(self, crew: Crew) -> None:
        self._watch.check()
        for worker, message in crew.poll(0.5):
            answer = self._work.decode(message)
            match answer:
                case Failed():
                    answer.raise_again()
                case Used():
                    self._given[worker] -= answer.size
                case Sealed():
                    self._work.take_over(answer, crew.descriptor_from(worker))
                case _:
                    self._ahead[worker] -= self._work.hear(answer)

    def _work_here(self) -> None:
        orders, self._waiting = self._waiting, []
        for order in orders:
            self._watch.check()
            for answer in self._work.here(order):
                self._work.hear(answer)
