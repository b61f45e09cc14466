"""Names of half-written files, and whether whoever wrote one is gone.

A temporary file lies beside its object as `NAME-tmp-DIGITS`, as restic's do. Ours are 43 digits: where the writer
runs (10; kernel boot, process namespace and host), its process id (10), when it started (15, clock ticks after the
boot) and a random rest (8). restic's are random and shorter.
"""

import os
import re
import time
from functools import cache
from zlib import crc32

from tui_backup.primitives.processes import has_ended, this_process

_TEMPORARY = re.compile(r".+-tmp-(\d+)", re.DOTALL)
_OURS = re.compile(r"(\d{10})(\d{10})(\d{15})\d{8}")

_ABANDONED_AFTER_S = 24 * 3600


def temporary_name(final: str) -> str:
    """Return a new name to write the object `final` under."""
    return f"{final}-tmp-{_writer(os.getpid())}{int.from_bytes(os.urandom(3)):08d}"


def is_temporary(name: str) -> bool:
    """Whether a file name is one of a half-written object."""
    return _TEMPORARY.fullmatch(name) is not None


def is_abandoned(name: str, modified: float) -> bool:
    """Whether nobody writes a temporary file any more: its writer is provably dead, or it rested for a day.

    `modified` is the time of its last change in seconds since the epoch.
    """
    temporary = _TEMPORARY.fullmatch(name)
    if temporary is None:
        return False
    if ours := _OURS.fullmatch(temporary[1]):
        place, process, start = map(int, ours.groups())
        if place == _place() and has_ended(process, start):
            return True
    return time.time() - modified > _ABANDONED_AFTER_S


@cache
def _writer(process: int) -> str:
    return f"{_place():010d}{process:010d}{this_process().started:015d}"


@cache
def _place() -> int:
    """Return a number that two processes share only where one process id means the same process to both."""
    here = this_process()
    if not here.boot or not here.space:
        return int.from_bytes(os.urandom(4))
    return crc32(f"{here.boot}{here.space}{os.uname().nodename}".encode())
