"""Deadline: whom we talk to may be silent, or drip a byte a second; after so long it is over all the same."""

import queue
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from tui_backup.errors import NotDelivered
from tui_backup.notifiers import base
from tui_backup.primitives.i18n import _

T = TypeVar("T")

THREAD: Final = "delivery"
"""Name of the threads in which deliveries run."""


class Deadline:
    """The end of one delivery; connections that it was shown are cut then, whatever waits on them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        self._is_cut = False

    @property
    def left(self) -> float:
        """Seconds until it is over; never quite nothing, which time-outs take for something else."""
        return max(0.01, self._end - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether nothing is left of it."""
        return time.monotonic() >= self._end

    def show(self, connection: socket.socket) -> None:
        """Have a connection cut in the end; encryption may take it over afterwards."""
        with self._lock:
            self._connections.append(connection.dup())
            is_cut = self._is_cut
        if is_cut:
            self.cut()

    def cut(self) -> None:
        """Cut the connections: whoever waits on one is told that it has ended."""
        with self._lock:
            self._is_cut = True
            connections, self._connections = self._connections, []
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def within_deadline(deliver: Callable[[Deadline], T]) -> T:
    """Return what a delivery returns, or raise what it raises, in no more than TIMEOUT_S.

    It runs in a thread of its own, a daemon: the look-up of a name can be hurried by nobody.

    Raises:
        NotDelivered: it took too long.
    """
    deadline = Deadline(base.TIMEOUT_S)
    outcome: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            outcome.put((deliver(deadline), None))
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            outcome.put((None, error))

    threading.Thread(target=work, name=THREAD, daemon=True).start()
    try:
        result, error = outcome.get(timeout=deadline.left)
    except queue.Empty:
        raise late(deadline.seconds) from None
    finally:
        deadline.cut()
    if isinstance(error, NotDelivered) and deadline.is_over:
        raise late(deadline.seconds) from error
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # None only where T is that


def late(seconds: float) -> NotDelivered:
    """Return what is said of a delivery that took too long."""
    return NotDelivered(_("nobody took it within {seconds} seconds").format(seconds=f"{seconds:g}"))
