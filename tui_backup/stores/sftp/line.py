"""Lines: one connection of this process to each server, made when it is needed and anew when it is lost.

All of them live in one event loop, in a thread of its own; whoever asks waits in theirs.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tui_backup.errors import StoreError, StoreUnavailable
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import Secret, SecretSource
from tui_backup.stores.sftp.connecting import Credentials, connected
from tui_backup.stores.sftp.requests import remove
from tui_backup.stores.sftp.session import LOST, Session
from tui_backup.stores.sftp.way import Way

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

PATIENCE_S: Final = 60.0
"""How long a server that has answered before may give no answer at all until it is given up."""

FIRST_PATIENCE_S: Final = 8.0
"""The same of a server that has never answered: its address may be wrong."""

_MOST_ATTEMPTS: Final = 10
_SHORTEST_S: Final = 0.25
_LONGEST_S: Final = 10.0

_locked = threading.RLock()
_lines: dict[Way, "Line"] = {}


def line_to(way: Way) -> "Line":
    """Return this process's line to a server; nothing is connected yet."""
    with _locked:
        line = _lines.get(way)
        if line is None:
            line = _lines[way] = Line(way, _loop_of(os.getpid()))
        return line


@cache
def _loop_of(_process: int) -> asyncio.AbstractEventLoop:
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it wonders aloud where a ProxyCommand has gone
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="sftp", daemon=True).start()
    return loop


def _forget_all() -> None:
    """Begin anew in a process that was forked: connections are not shared."""
    _lines.clear()


os.register_at_fork(after_in_child=_forget_all)


class Line:
    """What talks to one server; several threads may use it at once."""

    def __init__(self, way: Way, loop: asyncio.AbstractEventLoop) -> None:
        self._way = way
        self._loop = loop
        self._session: Session | None = None
        self._connecting: asyncio.Task[Session] | None = None
        self._answered_at: float | None = None
        self._is_given_up = False
        self._secrets: dict[str, Secret | None] = {}
        self._asking_secrets = threading.Lock()
        self._left_behind: list[str] = []

    def secret(self, name: str) -> Secret | None:
        """Return an option that is a secret; the program or file that has it is asked once."""
        source: SecretSource | None = getattr(self._way, name)
        with self._asking_secrets:
            if name not in self._secrets:
                place = _("{option} of {place}").format(option=name, place=self._way.host)
                self._secrets[name] = source.resolve(place) if source is not None else None
            return self._secrets[name]

    def ask(self, request: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
        """Return the answer to a request that may be repeated, which it is when the connection is lost.

        Raises:
            StoreError: the server cannot be reached.
            asyncssh.SFTPError: the server has refused it.
        """
        return self.tried(lambda: self.once(request))

    def once(self, request: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
        """Return the answer to a request that is not repeated; raises as `ask`."""
        credentials = Credentials(self._way.key_file, self.secret("key_passphrase"), self.secret("password"))
        future = self.start(self._asked(request, credentials))
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def start(self, request: Coroutine[Any, Any, T]) -> "Future[T]":
        """Begin a request in the loop, after those that were begun before."""
        return asyncio.run_coroutine_threadsafe(request, self._loop)

    def leave_behind(self, path: str) -> None:
        """Note a file that is to be removed once the server can be asked for it."""
        self._left_behind.append(path)

    def clear_up(self) -> None:
        """Begin to remove what was left behind; nobody waits for it."""
        session = self._session
        while session is not None and self._left_behind:
            self.start(session.answer(remove(session, self._left_behind.pop())))

    def end(self, session: Session) -> None:
        """Let a session go that has lost a request."""
        self._loop.call_soon_threadsafe(session.end)

    def lost(self, error: Exception) -> StoreUnavailable:
        """Return the error of a store for one of LOST."""
        message = _("the connection to {host} is lost: {reason}").format(host=self._way.host, reason=error)
        return StoreUnavailable(message, hint=_("it was tried for a while; try again later"))

    def tried(self, call: Callable[[], T]) -> T:
        """Return what a call returns; while it fails for want of a connection, it is tried again.

        Once that was in vain, later calls are tried once, until one of them reaches the server.
        """
        began = time.monotonic()
        try:
            return call()
        except StoreUnavailable:
            if self._is_given_up:
                raise
            return self._again(call, began)

    def _again(self, call: Callable[[], T], began: float) -> T:
        from tenacity import Retrying, retry_if_exception_type, wait_random_exponential

        def is_hopeless(state: "RetryCallState") -> bool:
            patience = FIRST_PATIENCE_S if self._answered_at is None else PATIENCE_S
            return (
                state.attempt_number >= _MOST_ATTEMPTS
                or time.monotonic() - max(began, self._answered_at or 0.0) >= patience
            )

        retrying = Retrying(
            retry=retry_if_exception_type(StoreUnavailable),
            wait=wait_random_exponential(multiplier=_SHORTEST_S, max=_LONGEST_S),
            stop=is_hopeless,
            reraise=True,
        )
        try:
            return retrying(call)
        except StoreUnavailable:
            self._is_given_up = True
            raise

    async def _asked(self, request: Callable[[Session], Coroutine[Any, Any, T]], credentials: Credentials) -> T:
        session = await self._open(credentials)
        try:
            return await session.answer(request(session))
        except LOST as error:
            session.end()
            raise self.lost(error) from error
        finally:
            self._answered_at = session.answered_at

    async def _open(self, credentials: Credentials) -> Session:
        """Return the session, or a new one where it is lost; who comes meanwhile waits for the same."""
        if self._session is not None and self._session.is_open:
            return self._session
        if self._connecting is None:
            if self._session is not None:
                self._session.end()
            self._connecting = asyncio.create_task(self._connect(credentials))
        return await asyncio.shield(self._connecting)

    async def _connect(self, credentials: Credentials) -> Session:
        try:
            self._session = await connected(self._way, credentials)
        except StoreError as error:
            if not error.transient:
                self._secrets.clear()
            raise
        finally:
            self._connecting = None
        self._is_given_up = False
        return self._session
