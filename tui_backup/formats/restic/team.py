"""Team: gives orders to workers that open blobs, or does the work in place where there is little of it."""

import os
from collections.abc import Callable

import msgspec

from tui_backup import errors
from tui_backup.errors import BackupError
from tui_backup.formats.base import Landing
from tui_backup.formats.restic.crypto import Keys
from tui_backup.formats.restic.opening import (
    Failed,
    Land,
    Landed,
    Moved,
    Opener,
    Order,
    Proved,
    Setup,
    answer_decoder,
    encoder,
)
from tui_backup.model.watch import Watch
from tui_backup.primitives.crew import Crew
from tui_backup.stores.base import Store

_HAND = "tui_backup.formats.restic.opening:OpeningHand"
_MOST_WORKERS = 4
_AHEAD = 2
"""Orders that a worker has before it at most."""
_WORTH_WORKERS = 2
"""Orders after which workers are started; what little comes before is done here."""


class Job(msgspec.Struct, frozen=True):
    """What a team works on, and who hears of it."""

    store: Store
    keys: Keys
    landing: Landing | None
    on_answer: Callable[[Landed | Proved], None]


class Team:
    """Workers that open blobs; for one thread, and to be closed."""

    def __init__(self, job: Job, watch: Watch) -> None:
        self._job = job
        self._watch = watch
        self._waiting: list[Order] = []
        self._crew: Crew | None = None
        self._ahead: list[int] = []
        self._setup = self._make_setup()

    def order(self, order: Order) -> None:
        """Give an order; may wait until a worker has room."""
        self._waiting.append(order)
        if self._setup is None:
            self._work_here()
            return
        if self._crew is None and len(self._waiting) >= _WORTH_WORKERS:
            size = min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
            self._crew = Crew(_HAND, encoder.encode(self._setup), size)
            self._ahead = [0] * size
        if self._crew is not None:
            self._dispatch(self._crew)

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

    def _make_setup(self) -> Setup | None:
        recipe = self._job.store.recipe()
        landing = self._job.landing
        landing_recipe = landing.recipe() if landing is not None else None
        if recipe is None or (landing is not None and landing_recipe is None):
            return None
        return Setup(recipe, self._job.keys, landing_recipe)

    def _dispatch(self, crew: Crew) -> None:
        while self._waiting:
            worker = min(range(len(self._ahead)), key=self._ahead.__getitem__)
            if self._ahead[worker] < _AHEAD:
                self._ahead[worker] += 1
                crew.send(worker, encoder.encode(self._waiting.pop(0)))
            elif len(self._waiting) > 1:
                self._hear(crew)
            else:
                return

    def _hear(self, crew: Crew) -> None:
        self._watch.check()
        for worker, message in crew.poll(0.5):
            answer = answer_decoder.decode(message)
            match answer:
                case Moved(size):
                    self._watch.bytes_done += size
                case Failed(name, text, hint):
                    raise getattr(errors, name, BackupError)(text, hint=hint)
                case Landed() | Proved():
                    self._ahead[worker] -= 1
                    self._job.on_answer(answer)

    def _work_here(self) -> None:
        opener = Opener(self._job.store, self._job.keys, self._job.landing, self._moved)
        orders, self._waiting = self._waiting, []
        for order in orders:
            self._watch.check()
            self._job.on_answer(opener.land(order.files) if isinstance(order, Land) else opener.prove(order))

    def _moved(self, size: int) -> None:
        self._watch.bytes_done += size
        self._watch.check()
