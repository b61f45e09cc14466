"""Host keys: which ones are known of a server, and what to say of others.

The format of the files is that of OpenSSH's sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import asyncssh

from tui_backup.errors import StoreError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

_OF_THE_USER: Final = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
_OF_THE_SYSTEM: Final = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")

Keys = tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]
"""Of hosts, of authorities, revoked ones."""


class Doorman(asyncssh.SSHClient):
    """Knows the keys of hosts, and remembers the one that it has refused."""

    def __init__(self, files: Sequence[str], *, required: bool) -> None:
        """Read some files; one that is not there is an error if it is `required`."""
        self._files = files
        self._known = [(path, _read(path, required=required)) for path in files]
        self._name = ""
        self._expected: str | None = None
        self._refused: asyncssh.SSHKey | None = None

    def keys(self, host: str, _address: str, port: int | None) -> Keys:
        """Return what is known of a host; that its address is known makes nobody known by its name."""
        found: Keys = ([], [], [])
        for path, known in self._known:
            hosts, authorities, revoked, *_certificates = known.match(host, "", port)
            for total, more in zip(found, (hosts, authorities, revoked), strict=True):
                total.extend(more)
            if hosts and self._expected is None:
                self._expected = path
        self._name = host if port is None else f"[{host}]:{port}"
        return found

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Remember a key that is not known, which ends the connection."""
        self._refused = key
        return False

    def refusal(self, reason: str) -> StoreError:
        """Return what to tell of the host that was refused."""
        key = self._refused
        if key is None:
            return StoreError(_("the host key of {host} is refused: {reason}").format(host=self._name, reason=reason))
        if self._expected is not None:
            message = _(
                "the host key of {host} has CHANGED: {kind} {fingerprint} is not what is known of it; "
                "somebody may stand between you and the server"
            )
            hint = _(
                "ask whoever runs it; only if it really has a new key, remove the old one: "
                "ssh-keygen -R '{host}' -f {file}"
            ).format(host=self._name, file=self._expected)
        else:
            message = _("the host key of {host} is not known: {kind} {fingerprint}")
            hint = _("if the server's own ssh-keygen -l shows that fingerprint, add to {file} the line: {line}").format(
                file=next(iter(self._files), os.path.expanduser(_OF_THE_USER[0])),
                line=f"{self._name} {key.export_public_key().decode().strip()}",
            )
        kind = key.get_algorithm()
        return StoreError(message.format(host=self._name, kind=kind, fingerprint=key.get_fingerprint()), hint=hint)


def files_of(of_the_user: Sequence[str] | None, of_the_system: Sequence[str] | None) -> list[str]:
    """Return the files of known hosts that the ssh_config names; the usual ones where it names none."""
    users = _OF_THE_USER if of_the_user is None else of_the_user
    system = _OF_THE_SYSTEM if of_the_system is None else of_the_system
    return [os.path.expanduser(path) for path in (*users, *system)]


def _read(path: str, *, required: bool) -> asyncssh.SSHKnownHosts:
    """Return what a file knows; as with ssh, a line that makes no sense is passed over."""
    known = asyncssh.SSHKnownHosts()
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                with suppress(ValueError):
                    known.load(line)
    except FileNotFoundError:
        if required:
            raise StoreError(_("the file {path} does not exist").format(path=path)) from None
    except OSError as error:
        raise StoreError(_("cannot read {path}: {reason}").format(path=path, reason=reason_of(error))) from error
    return known
