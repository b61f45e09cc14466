"""Addresses of directories on SSH servers: `sftp://user@host:port/srv/backups`."""

import posixpath
import re
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from tui_backup.primitives.i18n import _

_HOST: Final = re.compile(r"(?!-)[\w.:-]+")
_USER: Final = re.compile(r"(?!-)[^\s@:/]+")


class Address(msgspec.Struct, frozen=True):
    """A directory, and the server that it is on."""

    host: str
    """As the network or the user's ssh_config knows it."""
    user: str | None
    """None: as the ssh_config has it, else whoever we are."""
    port: int | None
    """None: as the ssh_config has it, else 22."""
    path: str
    """Absolute, or relative to where the server lets the user in."""

    @property
    def shown(self) -> str:
        """What restic calls the directory (`-r`)."""
        user = f"{self.user}@" if self.user else ""
        if self.port is None and ":" not in self.host:
            return f"sftp:{user}{self.host}:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port is not None else ""
        return f"sftp://{user}{host}{port}/{self.path}"


def parsed(url: str) -> Address:
    """Return what an URL means; a path that begins with `/~/` is relative to the user's home.

    Raises:
        ValueError: it is no such URL.
    """
    parts, port = _split(url)
    user, _at, place = parts.netloc.rpartition("@")
    if ":" in user:
        raise ValueError(_("a password does not belong here: give it as password"))
    host = parts.hostname or "" if place.startswith("[") else place.partition(":")[0]
    user = unquote(user)
    if not _HOST.fullmatch(host) or (user and not _USER.fullmatch(user)):
        raise ValueError(_("{url!r} names no server").format(url=url))
    if parts.query or parts.fragment:
        raise ValueError(_("{url!r} has more than a path: write ? as %3F and # as %23").format(url=url))
    return Address(host, user or None, port, _path(unquote(parts.path), url))


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(_("{url!r} is no address").format(url=url)) from None
    if parts.scheme != "sftp":
        raise ValueError(_("must look like sftp://user@host/srv/backups"))
    return parts, port


def _path(path: str, url: str) -> str:
    if not path or not path.isprintable():
        raise ValueError(_("{url!r} names no directory").format(url=url))
    if path == "/~" or path.startswith("/~/"):
        return posixpath.normpath(path[3:])
    return posixpath.normpath(f"/{path.lstrip('/')}")
