"""Outliving SIGHUP, which `restic unlock` sends to the owner of a lock to learn whether it lives."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def let_pass(_number: int, _frame: FrameType | None) -> None:
    """Handle a signal by doing nothing: programs that are started do not ignore it, as they would with `SIG_IGN`."""


class _Shield:
    """The handler that does nothing, and how many rely on it."""

    holders = 1

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Let the signal pass."""


@contextmanager
def shield_from_hangup() -> Iterator[None]:
    """Let SIGHUP do nothing until the context ends, where it would end the process.

    Works in the main thread only, elsewhere it does nothing; shields may overlap in any order. Programs that are
    started meanwhile get the signal's default effect.
    """
    shield = _raised()
    try:
        yield
    finally:
        if shield is not None:
            _lower(shield)


def _raised() -> _Shield | None:
    current = signal.getsignal(signal.SIGHUP)
    if isinstance(current, _Shield):
        current.holders += 1
        return current
    if current is not signal.SIG_DFL or threading.current_thread() is not threading.main_thread():
        return None
    shield = _Shield()
    signal.signal(signal.SIGHUP, shield)
    return shield


def _lower(shield: _Shield) -> None:
    shield.holders -= 1
    in_main = threading.current_thread() is threading.main_thread()
    if not shield.holders and in_main and signal.getsignal(signal.SIGHUP) is shield:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
