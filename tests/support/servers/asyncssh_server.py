"""An SSH server of another make (asyncssh), which lets users in by password; it runs in a thread of the tests."""

import asyncio
import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import msgspec

from tests.support.servers.daemons import LOCALHOST

USER, PASSWORD = "backup", "open sesame"


class AsyncsshServer(msgspec.Struct, frozen=True):
    """Where it listens, and what it has."""

    port: int
    known_hosts: str
    files: str


class _Gate(asyncssh.SSHServer):
    def __init__(self, guests: list[asyncssh.SSHServerConnection]) -> None:
        self._guests = guests

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._guests.append(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


class FullDisk(asyncssh.SFTPServer):
    """Says of every write that there is no room, in words; the protocol has no number for it."""

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Refuse."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def asyncssh_server(
    directory: Path, files: type[asyncssh.SFTPServer] = asyncssh.SFTPServer
) -> Iterator[AsyncsshServer]:
    """Run a server until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    guests: list[asyncssh.SSHServerConnection] = []
    key = asyncssh.generate_private_key("ssh-ed25519")

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            LOCALHOST,
            0,
            server_host_keys=[key],
            server_factory=lambda: _Gate(guests),
            sftp_factory=files,
            allow_scp=False,
        )

    async def close(acceptor: asyncssh.SSHAcceptor) -> None:
        acceptor.close()
        for guest in guests:
            guest.abort()
            await guest.wait_closed()
        await acceptor.wait_closed()

    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    port = acceptor.get_port()
    known_hosts = directory / "known_hosts"
    known_hosts.write_text(f"[{LOCALHOST}]:{port} {key.export_public_key().decode()}")
    place = directory / "files"
    place.mkdir()
    try:
        yield AsyncsshServer(port, str(known_hosts), str(place))
    finally:
        asyncio.run_coroutine_threadsafe(close(acceptor), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
