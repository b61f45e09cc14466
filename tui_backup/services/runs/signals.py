"""Signals that a run heeds: those that ask for its end, and that of a terminal that is gone, which does not."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tui_backup.primitives.hangup import let_pass
from tui_backup.primitives.hurry import at_leisure, hurry


@contextmanager
def heeding(stop: Callable[[int], None]) -> Iterator[None]:
    """Have SIGINT and SIGTERM call `stop` with their number, and outlive the terminal (SIGHUP); main thread only."""

    def told(number: int, _frame: object) -> None:
        hurry()
        stop(number)

    former = {
        signal.SIGINT: signal.signal(signal.SIGINT, told),
        signal.SIGTERM: signal.signal(signal.SIGTERM, told),
        signal.SIGHUP: signal.signal(signal.SIGHUP, let_pass),
    }
    try:
        with at_leisure():
            yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
