"""Connecting: from the way to a server to a session on it, with what ssh would read and ask for."""

import os
import shlex
import stat
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Final

import asyncssh
import msgspec

from tui_backup.errors import StoreError, StoreUnavailable
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import Secret
from tui_backup.stores.sftp.hosts import Doorman, files_of
from tui_backup.stores.sftp.refusals import refusal
from tui_backup.stores.sftp.session import Session
from tui_backup.stores.sftp.way import Way

CONNECT_S: Final = 20.0
"""How long a connection and its login may take."""

_KEEPALIVE_S: Final = 15
_KEEPALIVES: Final = 3
_WINDOW: Final = 8 << 20
"""Bytes that may be on their way to us: at 100 MB/s and 80 ms."""
_MOST_HOPS: Final = 8
_PREFERRED_CIPHERS: Final = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
"""Where the processor knows AES, both ends need 40 % less of it than for ssh's own first choice, ChaCha20."""

_PROXY: Final = "(exec {command}) 2>/dev/null; exit $?"
"""What a command says on stderr would be taken for SSH, and that nobody holds stderr open for the connection's end."""


class Credentials(msgspec.Struct, frozen=True):
    """What lets a user in, beside the agent and what the ssh_config names."""

    key_file: str | None = None
    passphrase: Secret | None = None
    password: Secret | None = None
    is_second_choice: bool = False
    """Whether keys that the ssh_config names go before."""

    def of_a_jump_host(self) -> "Credentials":
        """Return what lets us in on the way there: never the password, which is the last host's."""
        return Credentials(self.key_file, self.passphrase, is_second_choice=True)


class _Host(msgspec.Struct, frozen=True):
    """A server on the way, as the options or a ProxyJump name it."""

    name: str
    user: str | None
    port: int | None


async def connected(way: Way, credentials: Credentials) -> Session:
    """Connect and log in.

    Raises:
        StoreError: it cannot be done; transient, if it may be possible later.
    """
    connections: list[asyncssh.SSHClientConnection] = []
    try:
        await _connect(way, _Host(way.host, way.user, way.port), credentials, connections)
        try:
            sftp = await connections[-1].start_sftp_client(path_errors="surrogateescape")
        except (asyncssh.ChannelOpenError, asyncssh.SFTPError) as error:
            message = _("{host} does not speak SFTP: {reason}").format(host=way.host, reason=error)
            raise StoreError(message, hint=_("sshd_config there needs a line: Subsystem sftp internal-sftp")) from error
        except (asyncssh.DisconnectError, OSError) as error:
            message = _("the connection to {host} is lost: {reason}").format(host=way.host, reason=error)
            raise StoreUnavailable(message, hint=_("it was tried for a while; try again later")) from error
        return Session(connections, sftp)
    except BaseException:
        for connection in reversed(connections):
            connection.abort()
        raise


async def _connect(
    way: Way, host: _Host, credentials: Credentials, connections: list[asyncssh.SSHClientConnection], hops: int = 0
) -> None:
    """Add a connection to a host, after those to the hosts through which its settings lead."""
    doorman: Doorman | None = None
    named = host.name if host.port is None else f"{host.name}:{host.port}"
    try:
        settings = await _settings(way, host)
        if not connections:
            for jump in _jumps(host, settings.tunnel, hops):
                await _connect(way, jump, credentials.of_a_jump_host(), connections, hops + 1)
        doorman = _doorman(way, settings)
        options = _options(settings, credentials, doorman)
        tunnel = connections[-1] if connections else None
        connections.append(await asyncssh.connect(**_as_given(way, host), **options, tunnel=tunnel))
    except (asyncssh.Error, OSError, ValueError) as error:
        raise refusal(error, named, doorman, credentials.key_file) from error


def _as_given(way: Way, host: _Host) -> dict[str, Any]:
    return {
        "host": host.name,
        "port": () if host.port is None else host.port,
        "username": () if host.user is None else host.user,
        "config": way.config_files(),
        "x509_trusted_certs": None,
    }


async def _settings(way: Way, host: _Host) -> asyncssh.SSHClientConnectionOptions:
    """Return what the ssh_config says of a host."""
    nothing_yet = {"client_keys": None, "known_hosts": None}
    given = _as_given(way, host) | nothing_yet
    settings: asyncssh.SSHClientConnectionOptions = await asyncssh.SSHClientConnectionOptions.construct(**given)
    return settings


def _jumps(host: _Host, jumps: object, hops: int) -> list[_Host]:
    """Return the hosts that a ProxyJump names; as with ssh, none that leads to itself."""
    if not isinstance(jumps, str):
        return []
    if hops >= _MOST_HOPS:
        raise ValueError(_("its jump hosts lead round in a circle"))
    found = []
    for jump in jumps.split(","):
        user, _at, place = jump.strip().removeprefix("ssh://").rpartition("@")
        name, colon, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
        name = name.strip("[]") if colon else place.strip("[]")
        found.append(_Host(name, user or None, int(port) if colon else None))
    return [] if found[0].name == host.name else found


def _doorman(way: Way, settings: asyncssh.SSHClientConnectionOptions) -> Doorman:
    if way.known_hosts is not None:
        return Doorman([way.known_hosts], required=True)
    of_the_user, of_the_system = (settings.config.get(name) for name in ("UserKnownHostsFile", "GlobalKnownHostsFile"))
    return Doorman(files_of(_texts(of_the_user), _texts(of_the_system)), required=False)


def _options(
    settings: asyncssh.SSHClientConnectionOptions, credentials: Credentials, doorman: Doorman
) -> dict[str, Any]:
    options: dict[str, Any] = {
        "client_factory": lambda: doorman,
        "known_hosts": doorman.keys,
        "connect_timeout": CONNECT_S,
        "login_timeout": CONNECT_S,
        "keepalive_interval": _KEEPALIVE_S,
        "keepalive_count_max": _KEEPALIVES,
        "window": _WINDOW,
        "utf8_decode_errors": "replace",
        **_keys(settings, credentials),
    }
    if settings.config.get("Ciphers") is None and _processor_knows_aes():
        options["encryption_algs"] = _PREFERRED_CIPHERS
    if credentials.password is not None:
        options["password"] = credentials.password.reveal()
        if credentials.key_file is None:
            options["preferred_auth"] = "password,keyboard-interactive,publickey"
    if command := settings.config.get("ProxyCommand"):
        options["proxy_command"] = ["/bin/sh", "-c", _PROXY.format(command=command)]
    return options


def _keys(settings: asyncssh.SSHClientConnectionOptions, credentials: Credentials) -> dict[str, Any]:
    """Return which keys to offer: the given one alone, else those that the ssh_config names and that are there."""
    given, named = credentials.key_file, _texts(settings.config.get("IdentityFile"))
    if given is None or (credentials.is_second_choice and named):
        there = [path for path in map(os.path.expanduser, named or ()) if os.access(path, os.R_OK)]
        return {"client_keys": there} if there else {}
    _check_private(given)
    if credentials.passphrase is not None:
        return {"client_keys": [given], "passphrase": credentials.passphrase.reveal(), "agent_path": None}
    if os.environ.get("SSH_AUTH_SOCK") and os.access(public := f"{given}.pub", os.R_OK):
        return {"client_keys": [given], "ignore_encrypted": True, "agent_identities": [public]}
    return {"client_keys": [given], "agent_path": None}


@cache
def _processor_knows_aes() -> bool:
    """Whether Linux lists the instructions; x86 and ARM call them the same."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        return any(line.startswith(("flags", "Features")) and "aes" in line.split() for line in file)
    return False


def _check_private(path: str) -> None:
    """Refuse a private key that others may read, as ssh does."""
    status = os.stat(path)
    if status.st_uid == os.getuid() and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise StoreError(_("others may read or change {path}").format(path=path), hint=f"chmod 600 {shlex.quote(path)}")


def _texts(value: object) -> Sequence[str] | None:
    return [str(each) for each in value] if isinstance(value, list) else None
