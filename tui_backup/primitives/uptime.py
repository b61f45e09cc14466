"""How long a machine has been up: a clock that nobody can set."""

from typing import NamedTuple


class Uptime(NamedTuple):
    """Time since a start of the machine."""

    boot: str
    """Which start: another one has another word."""
    seconds: float
    """Sleep included."""


def uptime() -> Uptime | None:
    """Return how long this machine has been up; None where it does not say (only Linux does)."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        with open("/proc/uptime", encoding="ascii") as file:
            seconds = float(file.read().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return Uptime(boot, seconds)
