"""Who and where this process is, as files that it leaves behind tell."""

import os
import pwd
import socket

import msgspec


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A process on a host."""

    hostname: str
    username: str
    """Empty where the user has no name."""
    uid: int
    gid: int
    pid: int


def identity() -> Identity:
    """Return who this process is."""
    return Identity(
        hostname=socket.gethostname(),
        username=_username(os.getuid()),
        uid=os.getuid(),
        gid=os.getgid(),
        pid=os.getpid(),
    )


def _username(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""
