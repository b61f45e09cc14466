"""Requests: what a directory on a server is asked for, in terms of its files.

Each may be repeated: whoever asks twice finds what they would have found after asking once.
"""

import asyncio
import posixpath
import stat
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

import asyncssh
from asyncssh import FXF_READ, SFTPAttrs

from tui_backup.errors import Corrupted, NotFound, Unreadable
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import is_part
from tui_backup.stores.sftp.failures import ABSENT
from tui_backup.stores.sftp.session import Session

PRIVATE_DIRECTORY: Final = 0o700
SHARED_DIRECTORY: Final = 0o770

_TRUSTED_LENGTH: Final = 64 << 20
"""Beyond this, the size is looked at before memory is taken."""

Listing = list[tuple[str, SFTPAttrs]]


async def read(session: Session, path: str, span: tuple[int, int | None], shown: str) -> bytes:
    """Return exactly the bytes from a start on, as many as a length says; None: all.

    Raises:
        NotFound: it is not a file.
        Corrupted: it ends before that, or the server's disk does not give it back.
    """
    start, length = span
    file = await session.sftp.open(path, FXF_READ, encoding=None, block_size=session.read_block)
    try:
        if not length or length > _TRUSTED_LENGTH:
            size = _size(await file.stat(), shown)
            length = size - start if length is None else length
            if length < 0 or start + length > size:
                raise _cut_short(shown)
        return await _blocks(session, file, (start, length), shown)
    except asyncssh.SFTPFailure as error:
        _size(await session.sftp.stat(path), shown)
        message = _("cannot read {path}: {reason}").format(path=shown, reason=error.reason)
        raise Unreadable(message, hint=_("the disk of the server may be failing")) from error
    finally:
        session.later(file.close())


async def attributes(session: Session, path: str) -> SFTPAttrs:
    """Return what is told of a file, links followed."""
    return await session.sftp.stat(path)


async def listed(session: Session, paths: Iterable[str]) -> list[Listing | None]:
    """Return of each directory the names that can be parts of keys; None of one that is not there."""
    return await asyncio.gather(*(_listed(session, path) for path in paths))


async def make_directories(session: Session, base: str, path: str, mode: int) -> None:
    """Make a directory, and those between it and `base`, which has to be there; what exists stays as it is."""
    try:
        await session.sftp.mkdir(path, SFTPAttrs(permissions=mode))
    except ABSENT:
        parent = posixpath.dirname(path)
        if parent in {base, path}:
            raise
        await make_directories(session, base, parent, mode)
        await make_directories(session, path, path, mode)
    except asyncssh.SFTPError:
        if not await is_directory(session, path):
            raise
    else:
        if mode != PRIVATE_DIRECTORY:
            await session.sftp.chmod(path, mode)


async def is_directory(session: Session, path: str) -> bool:
    """Whether something is a directory."""
    try:
        return stat.S_ISDIR((await session.sftp.stat(path)).permissions or 0)
    except asyncssh.SFTPError:
        return False


async def remove(session: Session, path: str) -> asyncssh.SFTPError | None:
    """Remove a file; return what kept it from that. What is not there, or is a directory, is no object."""
    try:
        await session.sftp.remove(path)
    except ABSENT:
        return None
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection):
        raise
    except asyncssh.SFTPError as error:
        return None if await is_directory(session, path) else error
    return None


def removing(paths: Iterable[str]) -> Callable[[Session], Coroutine[Any, Any, list[asyncssh.SFTPError | None]]]:
    """Return the request that removes files, and returns of each what kept it from that."""
    names = list(paths)

    async def request(session: Session) -> list[asyncssh.SFTPError | None]:
        return await asyncio.gather(*(session.answer(remove(session, name)) for name in names))

    return request


async def replace(session: Session, temporary: str, path: str) -> None:
    """Give a file its name, which another one may have.

    A server without posix-rename has no way to do that at once: there the other one is removed first.
    """
    try:
        await session.sftp.posix_rename(temporary, path)
    except asyncssh.SFTPOpUnsupported:
        await _replace_in_steps(session, temporary, path)


async def _replace_in_steps(session: Session, temporary: str, path: str) -> None:
    try:
        await session.sftp.rename(temporary, path)
    except asyncssh.SFTPError as error:
        if isinstance(error, ABSENT) or not await session.sftp.exists(path):
            raise
        await session.sftp.remove(path)
        await session.sftp.rename(temporary, path)


async def _blocks(session: Session, file: asyncssh.SFTPClientFile, span: tuple[int, int], shown: str) -> bytes:
    start, length = span
    if not length:
        return b""
    parts: list[tuple[int, bytes]] = []
    async for part in await file.read_parallel(length, start):
        parts.append(part)
        session.hear()
    parts.sort()
    for at, content in parts:
        if at != start:
            raise _cut_short(shown)
        start += len(content)
    if start != span[0] + length:
        raise _cut_short(shown)
    return parts[0][1] if len(parts) == 1 else b"".join(content for _at, content in parts)


async def _listed(session: Session, path: str) -> Listing | None:
    found: Listing = []
    links: Listing = []
    try:
        async for entry in session.sftp.scandir(path):
            session.hear()
            name = str(entry.filename)
            if is_part(name):
                is_known = entry.attrs.permissions is not None and not stat.S_ISLNK(entry.attrs.permissions)
                (found if is_known else links).append((name, entry.attrs))
    except ABSENT:
        return None
    followed = await asyncio.gather(*(_followed(session, f"{path}/{name}") for name, _attrs in links))
    return found + [(name, attrs) for (name, _link), attrs in zip(links, followed, strict=True) if attrs is not None]


async def _followed(session: Session, path: str) -> SFTPAttrs | None:
    """Return what a link leads to, if it is a file: directories are not entered by links."""
    try:
        attrs = await session.sftp.stat(path)
    except asyncssh.SFTPError:
        return None
    return attrs if stat.S_ISREG(attrs.permissions or 0) else None


def _size(attrs: SFTPAttrs, shown: str) -> int:
    if attrs.permissions is not None and not stat.S_ISREG(attrs.permissions):
        raise NotFound(_("{path} is not a file").format(path=shown))
    return attrs.size or 0


def _cut_short(shown: str) -> Corrupted:
    return Corrupted(_("{path} is shorter than it should be").format(path=shown))
