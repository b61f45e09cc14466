"""journald in its own language: messages with fields that can be searched for.

Source: systemd.io/JOURNAL_NATIVE_PROTOCOL. A datagram holds the fields; one that is too large travels as the
descriptor of a sealed file in memory. No answer comes.
"""

import errno
import fcntl
import os
import re
import socket
import struct
import time
from collections.abc import Callable, Mapping

SOCKET = "/run/systemd/journal/socket"

_WAIT_S = 1.0
_TRUCE_S = 60.0
_TOO_LARGE = {errno.EMSGSIZE, errno.ENOBUFS}
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
_STREAM = re.compile(r"(\d+):(\d+)")


class Journal:
    """The journal behind a socket; threads may share one. Where it takes nothing, it is left alone for a minute."""

    def __init__(self, path: str = SOCKET, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells seconds."""
        self._path = path
        self._clock = clock
        self._again_at = 0.0

    def send(self, fields: Mapping[str, str]) -> bool:
        """Send one entry; names are capital letters, digits and `_`. Return whether it was taken."""
        if self._clock() < self._again_at:
            return False
        try:
            _send(self._path, b"".join(_field(name, value) for name, value in fields.items()))
        except OSError:
            self._again_at = self._clock() + _TRUCE_S
            return False
        return True


def journal_behind_stderr(environment: Mapping[str, str] | None = None, descriptor: int = 2) -> Journal | None:
    """Return the journal if it is what stderr leads to, as it is for a service of systemd; `sd_journal_open(3)`."""
    known = os.environ if environment is None else environment
    stream = _STREAM.fullmatch(known.get("JOURNAL_STREAM", ""))
    if stream is None:
        return None
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return Journal() if (status.st_dev, status.st_ino) == (int(stream[1]), int(stream[2])) else None


def _field(name: str, value: str) -> bytes:
    content = value.encode("utf-8", "replace")
    if b"\n" in content:
        return name.encode() + b"\n" + struct.pack("<Q", len(content)) + content + b"\n"
    return name.encode() + b"=" + content + b"\n"


def _send(path: str, content: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.settimeout(_WAIT_S)
        end.connect(path)
        try:
            end.send(content)
        except OSError as error:
            if error.errno not in _TOO_LARGE:
                raise
            _send_sealed(end, content)


def _send_sealed(end: socket.socket, content: bytes) -> None:
    descriptor = os.memfd_create("journal-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
        socket.send_fds(end, [b""], [descriptor])
