"""Lanes: heavy things go one after the other, what matters more before what came earlier."""

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
        self._expected = set[Rank]()
        self._waiting = set[Rank]()
        self._is_taken = False

    def expect(self, rank: Rank) -> None:
        """Keep the lane for somebody who is on the way, from those who come after them and are here sooner."""
        with self._changed:
            self._expected.add(rank)

    def expect_no_more(self, rank: Rank) -> None:
        """Let others go ahead of somebody who takes their time, or does not come at all."""
        with self._changed:
            self._expected.discard(rank)
            self._changed.notify_all()

    @contextmanager
    def turn(self, rank: Rank, check: Callable[[], None], behind: Callable[[], None]) -> Iterator[None]:
        """Wait until nobody works and nobody of a lower rank waits or is expected, and keep the others waiting.

        Who has to wait hears of it by `behind`, and calls `check` every second: what that raises ends the wait.
        """
        with self._changed:
            self._expected.discard(rank)
            self._waiting.add(rank)
            try:
                check()
                if not self._is_next(rank):
                    behind()
                while not self._is_next(rank):
                    self._changed.wait(_LOOK_S)
                    check()
                self._is_taken = True
            finally:
                self._waiting.remove(rank)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()

    def _is_next(self, rank: Rank) -> bool:
        return not self._is_taken and rank == min(self._waiting | self._expected)
