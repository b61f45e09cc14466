"""What systemd is told by a service of `Type=notify`, by the protocol of sd_notify(3)."""

import os
import socket
import time
from collections.abc import Mapping


class ServiceManager:
    """Tells whoever started this process how it is; without somebody who listens, every method does nothing.

    A message that is lost is not told: the process goes on either way.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`NOTIFY_SOCKET` says where to tell it, `WATCHDOG_USEC` how often a sign of life is expected."""
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = _watchdog_s(environment)
        """After how many seconds without `alive` the process is killed; None: it is not watched."""

    def ready(self, status: str) -> None:
        """Tell that the start, or a change of the configuration, is over."""
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Tell that the configuration is read again; `ready` follows."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self) -> None:
        """Give the sign of life for which the watchdog waits."""
        if self.watchdog_s is not None:
            self._tell("WATCHDOG=1")

    def status(self, status: str) -> None:
        """Say in one line what goes on."""
        self._tell(f"STATUS={status}")

    def stopping(self) -> None:
        """Tell that the process is about to end."""
        self._tell("STOPPING=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        text = "\n".join(line.replace("\n", " ") for line in lines)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)
                channel.sendto(text.encode("utf-8", "replace"), self._address)
        except OSError:
            return


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """Return the period, unless it is meant for another process."""
    given, meant = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(os.getpid()))
    if not given.isdecimal() or meant != str(os.getpid()) or int(given) == 0:
        return None
    return int(given) / 1_000_000
