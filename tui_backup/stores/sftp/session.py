"""Session: one connection to a server, over which many requests are under way at once."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import asyncssh

T = TypeVar("T")

SILENCE_S: Final = 60.0
"""How long a server may leave all requests without an answer."""

LOST: Final = (asyncssh.DisconnectError, asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, OSError)
"""What requests end with when the connection is gone."""

_SAFE_BLOCK: Final = 32 << 10
"""Every server takes so much at once (draft-ietf-secsh-filexfer-02, section 3)."""
_LARGEST_BLOCK: Final = 255 << 10
"""OpenSSH takes so much."""
_LOOKS: Final = 4


class Session:
    """A connection, through other hosts if need be, and the SFTP client on it; to be used in the loop's thread."""

    def __init__(self, connections: Sequence[asyncssh.SSHClientConnection], sftp: asyncssh.SFTPClient) -> None:
        """Take over connections of which each goes through the one before."""
        self.sftp = sftp
        limits = sftp.limits
        self.read_block = _block(limits.max_read_len)
        self.write_block = _block(limits.max_write_len)
        self.answered_at = time.monotonic()
        self._connections = connections
        self._waiting = 0
        self._later = set[asyncio.Task[None]]()
        self._watch = asyncio.get_running_loop().call_later(SILENCE_S / _LOOKS, self._look)

    @property
    def is_open(self) -> bool:
        """Whether nothing is known that would keep the server from answering."""
        return not any(connection.is_closed() for connection in self._connections)

    async def answer(self, request: Coroutine[Any, Any, T]) -> T:
        """Return the answer to a request; one that never comes ends the session."""
        if not self._waiting:
            self.hear()
        self._waiting += 1
        try:
            answer = await request
        except asyncssh.SFTPError as error:
            if not isinstance(error, LOST):
                self.hear()
            raise
        else:
            self.hear()
            return answer
        finally:
            self._waiting -= 1

    def later(self, request: Coroutine[Any, Any, None]) -> None:
        """Begin a request whose answer nobody waits for."""
        task = asyncio.create_task(self._heedless(request))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def hear(self) -> None:
        """Note that the server has answered."""
        self.answered_at = time.monotonic()

    def end(self) -> None:
        """Let the connection go; requests that are under way end with one of LOST."""
        self._watch.cancel()
        for connection in reversed(self._connections):
            connection.abort()

    async def _heedless(self, request: Coroutine[Any, Any, None]) -> None:
        with suppress(asyncssh.SFTPError, *LOST):
            await self.answer(request)

    def _look(self) -> None:
        """End when the server has been silent for too long; else look again after a while."""
        if self._waiting and time.monotonic() - self.answered_at >= SILENCE_S:
            self.end()
        else:
            self._watch = asyncio.get_running_loop().call_later(SILENCE_S / _LOOKS, self._look)


def _block(limit: int) -> int:
    return min(max(limit, _SAFE_BLOCK), _LARGEST_BLOCK)
