"""Lanes: heavy things go one after the other, what matters more before what came earlier."""

import heapq
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tui_backup.primitives.cancel import CancelToken

Rank = tuple[int, int]
"""The lowest is first; no two who wait have the same."""

_LOOK_S = 1.0
"""How long it may take until somebody who waits sees that they were cancelled."""


class Lane:
    """Lets one thread work at a time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[Rank] = []
        self._is_taken = False

    @contextmanager
    def turn(self, rank: Rank, cancel: CancelToken) -> Iterator[None]:
        """Wait until nobody works and nobody of a lower rank waits, and keep the others waiting.

        Raises:
            Cancelled: somebody asked for the stop while it waited.
        """
        with self._changed:
            heapq.heappush(self._waiting, rank)
            try:
                cancel.check()
                while self._is_taken or self._waiting[0] != rank:
                    self._changed.wait(_LOOK_S)
                    cancel.check()
                self._is_taken = True
            finally:
                self._waiting.remove(rank)
                heapq.heapify(self._waiting)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()
