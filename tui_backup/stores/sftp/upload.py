"""Upload: an object on its way into a file beside its name, several blocks at once."""

import asyncio
import posixpath
import stat
from collections import deque
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import asyncssh
from asyncssh import FXF_CREAT, FXF_EXCL, FXF_WRITE, SFTPAttrs

from tui_backup.stores.sftp.failures import ABSENT
from tui_backup.stores.sftp.line import Line
from tui_backup.stores.sftp.requests import (
    PRIVATE_DIRECTORY,
    SHARED_DIRECTORY,
    attributes,
    make_directories,
    remove,
    replace,
)
from tui_backup.stores.sftp.session import LOST, Session
from tui_backup.stores.temporary import temporary_name

_IN_FLIGHT = 4 << 20
"""Bytes of one object that wait for an answer."""

_PRIVATE_FILE = 0o600
_SHARED_FILE = 0o660


async def begun(session: Session, base: str, path: str) -> tuple[Session, str, asyncssh.SFTPClientFile]:
    """Open a new file beside `path`; as with restic, who may read the object `config` may read what is written."""
    looking = asyncio.create_task(_is_shared(session, base))
    temporary = temporary_name(path)
    try:
        file = await _opened(session, temporary)
    except ABSENT:
        mode = SHARED_DIRECTORY if await looking else PRIVATE_DIRECTORY
        await make_directories(session, base, posixpath.dirname(path), mode)
        file = await _opened(session, temporary)
    if await looking:
        await file.chmod(_SHARED_FILE)
    return session, temporary, file


class Upload:
    """Takes an object piece by piece, for one thread; it has no name until it has landed."""

    def __init__(self, line: Line, session: Session, temporary: str, file: asyncssh.SFTPClientFile) -> None:
        self._line = line
        self._session = session
        self._temporary = temporary
        self._file = file
        self._rest = bytearray()
        self._at = 0
        self._under_way: deque[Future[object]] = deque()
        self._most = max(_IN_FLIGHT // session.write_block, 1)

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Take the next bytes; what they lie in may be used again afterwards."""
        view, size = memoryview(piece).cast("B"), self._session.write_block
        if self._rest:
            missing = size - len(self._rest)
            self._rest += view[:missing]
            view = view[missing:]
            if len(self._rest) < size:
                return
            self._send(bytes(self._rest))
            self._rest.clear()
        whole = len(view) - len(view) % size
        for start in range(0, whole, size):
            self._send(bytes(view[start : start + size]))
        self._rest += view[whole:]

    def land(self, path: str) -> None:
        """Have all of it on the server's disk, and give it its name.

        Raises:
            StoreUnavailable: the connection is lost.
            asyncssh.SFTPError: the server refuses something.
        """
        if self._rest:
            self._send(bytes(self._rest))
        self._settle_all()
        self._under_way.append(self._start(_synced(self._file)))
        self._under_way.append(self._start(self._file.close()))
        self._settle_all()
        self._line.ask(_Naming(self._temporary, path, self._at))

    def abandon(self) -> None:
        """Remove what is there of it, if the server can still be asked for that."""
        for future in self._under_way:
            future.cancel()
        if self._session.is_open:
            with suppress(asyncssh.SFTPError, *LOST):
                self._start(self._file.close())
                self._start(remove(self._session, self._temporary)).result()
        else:
            self._line.leave_behind(self._temporary)

    def _send(self, block: bytes) -> None:
        if len(self._under_way) >= self._most:
            self._settle()
        self._under_way.append(self._start(self._file.write(block, self._at)))
        self._at += len(block)

    def _start(self, request: Coroutine[Any, Any, object]) -> Future[object]:
        return self._line.start(self._session.answer(request))

    def _settle_all(self) -> None:
        while self._under_way:
            self._settle()

    def _settle(self) -> None:
        try:
            self._under_way.popleft().result()
        except LOST as error:
            self._line.end(self._session)
            raise self._line.lost(error) from error


class _Naming:
    """The request that gives a file its name; repeated, it finds out whether the first one was carried out."""

    def __init__(self, temporary: str, path: str, size: int) -> None:
        self._temporary = temporary
        self._path = path
        self._size = size
        self._was_asked = False

    async def __call__(self, session: Session) -> None:
        was_asked, self._was_asked = self._was_asked, True
        try:
            await replace(session, self._temporary, self._path)
        except ABSENT:
            if not was_asked or (await attributes(session, self._path)).size != self._size:
                raise


async def _opened(session: Session, path: str) -> asyncssh.SFTPClientFile:
    flags, attrs = FXF_WRITE | FXF_CREAT | FXF_EXCL, SFTPAttrs(permissions=_PRIVATE_FILE)
    return await session.sftp.open(path, flags, attrs, encoding=None, block_size=session.write_block)


async def _is_shared(session: Session, base: str) -> bool:
    """Whether the group may use the store."""
    with suppress(asyncssh.SFTPError):
        return bool(((await attributes(session, f"{base}/config")).permissions or 0) & stat.S_IRGRP)
    return False


async def _synced(file: asyncssh.SFTPClientFile) -> None:
    """Have the server's disk hold a file, where the server can be asked for that."""
    with suppress(asyncssh.SFTPOpUnsupported):
        await file.fsync()
