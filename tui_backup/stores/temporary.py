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
        if place == _place() and _is_dead(process, start):
            return True
    return time.time() - modified > _ABANDONED_AFTER_S


@cache
def _writer(process: int) -> str:
    return f"{_place():010d}{process:010d}{_start_of(process):015d}"


@cache
def _place() -> int:
    """Return a number that two processes share only where one process id means the same process to both."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        return int.from_bytes(os.urandom(4))
    return crc32(f"{boot}{namespace}{os.uname().nodename}".encode())


def _start_of(process: int) -> int:
    """Return the clock tick after the boot at which a process started, -1 of a dead one; 0 where nobody can know."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            state, *fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return 0
    return -1 if state in {b"Z", b"X"} else int(fields[18])


def _is_dead(process: int, start: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _start_of(process) not in {0, start}
