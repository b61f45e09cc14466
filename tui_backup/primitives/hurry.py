"""Hurry: this process was told to end, so that whoever waits for something outside of it should not do so for long."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK_S = 0.2

_told = [False]


def hurry() -> None:
    """Note that the process was told to end; safe in signal handlers."""
    _told[0] = True


def in_a_hurry() -> bool:
    """Whether it was."""
    return _told[0]


@contextmanager
def at_leisure() -> Iterator[None]:
    """Forget at the end of the block what was told in it."""
    try:
        yield
    finally:
        _told[0] = False


def sleep(seconds: float) -> None:
    """Sleep until it is time, or somebody is in a hurry."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not _told[0]:
        time.sleep(min(left, _LOOK_S))
