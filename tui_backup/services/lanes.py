"""Lanes: heavy things go one after the other, what matters more before what came earlier."""

import heapq
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from tui_backup.primitives.cancel import CancelToken

_LOOK_S = 1.0
"""How long it may take until somebody who waits sees that they were cancelled."""


class Lane:
    """Lets one thread work at a time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, int]] = []
        self._numbers = count()
        self._is_taken = False

    @contextmanager
    def turn(self, rank: int, cancel: CancelToken) -> Iterator[None]:
        """Wait until nobody works and nobody of a lower rank waits, and keep the others waiting.

        Raises:
            Cancelled: while it waited.
        """
        ticket = (rank, next(self._numbers))
        with self._changed:
            heapq.heappush(self._waiting, ticket)
            try:
                cancel.check()
                while self._is_taken or self._waiting[0] != ticket:
                    self._changed.wait(_LOOK_S)
                    cancel.check()
                self._is_taken = True
            finally:
                self._waiting.remove(ticket)
                heapq.heapify(self._waiting)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()
