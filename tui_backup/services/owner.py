"""Owner: which process a run belongs to, and whether it provably lives no more."""

import os
from functools import cache

import msgspec


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """A process, told apart from a later one with the same number."""

    pid: int
    start: int | None
    """Clock ticks between the boot and its start; None where the system does not say."""
    boot: str
    """Random id of the boot, empty where the system has none."""
    namespace: str
    """Process namespace: within another, the number means another process."""


def this_process() -> Owner:
    """Return the owner that this process is."""
    pid = os.getpid()
    return Owner(pid=pid, start=_start_of(pid), boot=_boot(), namespace=_namespace())


def is_dead(owner: Owner) -> bool:
    """Whether the process provably lives no more on this host; False where nobody can tell."""
    if owner.boot != _boot():
        return True
    if owner.namespace != _namespace():
        return False
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return owner.start is not None and _start_of(owner.pid) != owner.start


def _start_of(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {b"Z", b"X"} else int(fields[19])


@cache
def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


@cache
def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
