"""Locks of open files by flock(2), which end with whoever holds them."""

import fcntl
import time
from contextlib import suppress
from typing import Final

_LOOKS_S: Final = (0.001, 0.05)
"""How often it is looked whether a lock is free: at first, and after a while."""


def lock_until(descriptor: int, until: float = 0.0) -> bool:
    """Lock an open file for oneself; return whether that worked.

    Who else has it is waited for until a time of the monotonic clock; one that is past: not at all.

    Raises:
        OSError: it cannot be locked, whoever has it.
    """
    again_s = _LOOKS_S[0]
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(again_s)
        again_s = min(2 * again_s, _LOOKS_S[1])
