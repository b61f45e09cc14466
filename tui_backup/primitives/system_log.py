"""The system's log: one line to whoever listens at `/dev/log`, be it journald, rsyslog or another.

The form is that of syslog(3): `<PRI>Mmm dd hh:mm:ss TAG[PID]: TEXT`. Source: RFC 3164, sections 4.1.1 to 4.1.3.
"""

import os
import socket
from datetime import datetime

SOCKET = "/dev/log"

TAG = "tui-backup"

_PRIORITY = 10 * 8 + 6
"""Facility authpriv, severity info."""

_WAIT_S = 1.0
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def tell_system(text: str, path: str = SOCKET) -> bool:
    """Send a line; return whether somebody took it. Where nobody listens nothing happens."""
    line = f"<{_PRIORITY}>{_stamp(datetime.now().astimezone())} {TAG}[{os.getpid()}]: {text}".encode("utf-8", "replace")
    for kind, content in ((socket.SOCK_DGRAM, line), (socket.SOCK_STREAM, line + b"\0")):
        try:
            _send(kind, path, content)
        except OSError:
            continue
        return True
    return False


def _send(kind: socket.SocketKind, path: str, content: bytes) -> None:
    with socket.socket(socket.AF_UNIX, kind) as end:
        end.settimeout(_WAIT_S)
        end.connect(path)
        end.sendall(content)


def _stamp(time: datetime) -> str:
    return f"{_MONTHS[time.month - 1]} {time.day:2d} {time:%H:%M:%S}"
