"""SftpStore: what the configuration says of a directory on an SSH server."""

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated

import msgspec

from tui_backup.primitives.about import About
from tui_backup.primitives.i18n import N_
from tui_backup.primitives.secret import SecretSource
from tui_backup.stores.base import Body, ObjectInfo, Retention, Sink, Space
from tui_backup.stores.recipes import recipe_of
from tui_backup.stores.sftp.address import Address, parsed
from tui_backup.stores.sftp.way import Way

if TYPE_CHECKING:
    from tui_backup.stores.sftp.directory import Directory

_CONNECTIONS = 5


class SftpStore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Objects are files below a directory, as restic lays them out; the directory itself is made by `create` alone.

    How the server is reached, and as whom, is said by the user's ssh_config wherever no option says it. Its host key
    has to be known, whatever the ssh_config says. What needs the server is in `directory`, imported when it is needed.
    """

    url: Annotated[str, About(N_("Address"), N_("sftp://user@host/srv/backups; /~/ is home"))]
    key_file: Annotated[str | None, About(N_("Key file"), N_("Private key; empty: agent and usual keys"), "path")] = (
        None
    )
    key_passphrase: Annotated[SecretSource | None, About(N_("Key passphrase"), N_("If the key file has one"))] = None
    password: Annotated[SecretSource | None, About(N_("Password"), N_("Where no key lets the user in"))] = None
    known_hosts: Annotated[
        str | None, About(N_("Known hosts"), N_("Keys of servers; empty: yours and the system's"), "path")
    ] = None
    ssh_config: Annotated[
        str | None, About(N_("SSH settings"), N_("Jump hosts and more; empty: as ssh has it"), "path")
    ] = None

    def __post_init__(self) -> None:
        try:
            parsed(self.url)
        except ValueError as error:
            raise ValueError(f"url: {error}") from None

    @property
    def connections(self) -> int:
        return _CONNECTIONS

    @property
    def retention(self) -> Retention | None:
        return None

    def rooted(self, base: str) -> "SftpStore":
        return msgspec.structs.replace(
            self,
            key_file=_rooted(self.key_file, base),
            known_hosts=_rooted(self.known_hosts, base),
            ssh_config=_rooted(self.ssh_config, base),
            key_passphrase=self.key_passphrase and self.key_passphrase.rooted(base),
            password=self.password and self.password.rooted(base),
        )

    def recipe(self) -> tuple[str, bytes] | None:
        secrets = {name: self._directory.secret(name) for name in ("key_passphrase", "password")}
        literal = {name: SecretSource(literal=secret) for name, secret in secrets.items() if secret is not None}
        return recipe_of("sftp", msgspec.structs.replace(self.rooted(os.getcwd()), **literal))

    def create(self) -> None:
        self._directory.create()

    def put(self, key: str, body: Body) -> None:
        self._directory.put(key, body)

    def writing(self, key: str) -> AbstractContextManager[Sink]:
        return self._directory.writing(key)

    def info(self, key: str) -> ObjectInfo:
        return self._directory.info(key)

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        return self._directory.get(key, start, length)

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        return self._directory.objects(prefix)

    def delete(self, key: str) -> None:
        self._directory.delete_all([key])

    def delete_all(self, keys: Iterable[str]) -> None:
        self._directory.delete_all(keys)

    def space(self) -> Space | None:
        return self._directory.space()

    def describe(self) -> str:
        return self._address.shown

    def tidy(self, key: str = "") -> None:
        self._directory.tidy(key)

    @property
    def _address(self) -> Address:
        return parsed(self.url)

    @property
    def _directory(self) -> "Directory":
        from tui_backup.stores.sftp.directory import Directory

        address = self._address
        way = Way(
            host=address.host,
            user=address.user,
            port=address.port,
            key_file=self.key_file,
            key_passphrase=self.key_passphrase,
            password=self.password,
            known_hosts=self.known_hosts,
            ssh_config=self.ssh_config,
        )
        return Directory(way, address)


def _rooted(path: str | None, base: str) -> str | None:
    return path and os.path.normpath(os.path.join(base, os.path.expanduser(path)))
