"""Lanes: heavy things go one after the other, what matters more before what came earlier."""

import heapq
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
    def turn(self, rank: Rank, check: Callable[[], None], behind: Callable[[], None]) -> Iterator[None]:
        """Wait until nobody works and nobody of a lower rank waits, and keep the others waiting.

        Who has to wait hears of it by `behind`, and calls `check` every second: what that raises ends the wait.
        """
        with self._changed:
            heapq.heappush(self._waiting, rank)
            try:
                check()
                if self._is_taken or self._waiting[0] != rank:
                    behind()
                while self._is_taken or self._waiting[0] != rank:
                    self._changed.wait(_LOOK_S)
                    check()
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
