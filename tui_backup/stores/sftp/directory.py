"""Directory: the objects of a store as files on a server."""

import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Final

import asyncssh

from tui_backup.errors import NotFound, StoreError
from tui_backup.primitives.i18n import N_, _
from tui_backup.primitives.secret import Secret
from tui_backup.stores.base import Body, ObjectInfo, Sink, Space, check_key
from tui_backup.stores.filling import fill
from tui_backup.stores.sftp.address import Address
from tui_backup.stores.sftp.failures import failure, write_failure
from tui_backup.stores.sftp.line import line_to
from tui_backup.stores.sftp.requests import (
    PRIVATE_DIRECTORY,
    attributes,
    is_directory,
    listed,
    make_directories,
    read,
    removing,
)
from tui_backup.stores.sftp.session import Session
from tui_backup.stores.sftp.upload import Upload, begun
from tui_backup.stores.sftp.way import Way
from tui_backup.stores.temporary import is_abandoned, is_temporary

_READ: Final = N_("cannot read {path}: {reason}")
_WRITE: Final = N_("cannot write {path}: {reason}")
_LIST: Final = N_("cannot list {path}: {reason}")
_DELETE: Final = N_("cannot delete {path}: {reason}")
_MAKE: Final = N_("cannot make the directory {path}: {reason}")

_LISTED_AT_ONCE: Final = 32
_DELETED_AT_ONCE: Final = 128
_OF_THE_FILE_SYSTEM: Final = "lost+found"


class Directory:
    """A directory on a server, which this process may be connected to already."""

    def __init__(self, way: Way, address: Address) -> None:
        self._line = line_to(way)
        self._base = address.path
        self._shown = address.shown

    def secret(self, name: str) -> Secret | None:
        """Return an option of the way to the server that is a secret."""
        return self._line.secret(name)

    def create(self) -> None:
        """Make the directory, and those above it."""
        with self._explaining(_MAKE, ""):
            self._line.ask(lambda session: make_directories(session, "", self._base, PRIVATE_DIRECTORY))

    def put(self, key: str, body: Body) -> None:
        """Keep an object; all of it is sent again when the connection is lost."""

        def write() -> None:
            with self.writing(key) as sink:
                fill(sink, body)

        self._line.tried(write)

    @contextmanager
    def writing(self, key: str) -> Iterator[Sink]:
        """Give what takes an object piece by piece; it cannot go on over another connection than it began on."""
        if is_temporary(check_key(key).rpartition("/")[2]):
            raise ValueError(f"the key of a temporary file: {key!r}")
        path = self._path(key)
        with self._explaining(_WRITE, key):
            upload = Upload(self._line, *self._line.ask(lambda session: begun(session, self._base, path)))
        try:
            try:
                yield upload
                upload.land(path)
            except asyncssh.SFTPError as error:
                space = self.space()
                raise write_failure(error, _(_WRITE), self._name(key), space) from error
        except BaseException:
            upload.abandon()
            raise
        self._line.clear_up()

    def info(self, key: str) -> ObjectInfo:
        """Return what a listing would show."""
        with self._explaining(_READ, key):
            attrs = self._line.ask(lambda session: attributes(session, self._path(key)))
        if not stat.S_ISREG(attrs.permissions or stat.S_IFREG):
            raise NotFound(_("{path} is not a file").format(path=self._name(key)))
        return _info(key, attrs)

    def get(self, key: str, start: int, length: int | None) -> bytes:
        """Return bytes of an object."""
        path, name = self._path(key), self._name(key)
        with self._explaining(_READ, key):
            return self._line.ask(lambda session: read(session, path, (start, length), name))

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield objects as their directories are listed."""
        for key, attrs in self._files(prefix):
            if not is_temporary(key.rpartition("/")[2]):
                yield _info(key, attrs)

    def delete_all(self, keys: Iterable[str]) -> None:
        """Remove objects, many at once."""
        waiting, trouble = iter(keys), None
        while batch := list(islice(waiting, _DELETED_AT_ONCE)):
            request = removing(map(self._path, batch))
            for key, error in zip(batch, self._line.ask(request), strict=True):
                if error is not None and trouble is None:
                    trouble = failure(error, _(_DELETE), self._name(key))
        if trouble is not None:
            raise trouble

    def space(self) -> Space | None:
        """Return how much room there is; None where the server does not tell."""

        async def request(session: Session) -> Space:
            told = await session.sftp.statvfs(self._base)
            return Space(told.bavail * told.frsize, told.blocks * told.frsize)

        try:
            return self._line.ask(request)
        except (asyncssh.SFTPError, StoreError):
            return None

    def tidy(self, prefix: str) -> None:
        """Remove what interrupted writes have left behind."""
        self.delete_all(
            key for key, attrs in self._files(prefix) if is_abandoned(key.rpartition("/")[2], float(attrs.mtime or 0))
        )

    def _path(self, key: str) -> str:
        return f"{self._base.rstrip('/')}/{check_key(key)}"

    def _name(self, key: str) -> str:
        return f"{self._shown}/{key}" if key else self._shown

    def _files(self, prefix: str) -> Iterator[tuple[str, asyncssh.SFTPAttrs]]:
        """Yield what is no directory and has a key with this prefix; links to directories are not followed."""
        top = prefix.rpartition("/")[0]
        if top:
            check_key(top)
        waiting = [top]
        while waiting:
            directories, waiting = waiting[:_LISTED_AT_ONCE], waiting[_LISTED_AT_ONCE:]
            for directory, name, attrs in self._listed(directories):
                key = f"{directory}/{name}" if directory else name
                if not stat.S_ISDIR(attrs.permissions or 0):
                    if key.startswith(prefix) and stat.S_ISREG(attrs.permissions or stat.S_IFREG):
                        yield key, attrs
                elif key != _OF_THE_FILE_SYSTEM:
                    waiting.append(key)

    def _listed(self, directories: list[str]) -> Iterator[tuple[str, str, asyncssh.SFTPAttrs]]:
        paths = [self._path(directory) if directory else self._base for directory in directories]
        with self._explaining(_LIST, directories[0]):
            listings = self._line.ask(lambda session: listed(session, paths))
            if None in listings and not self._line.ask(lambda session: is_directory(session, self._base)):
                raise asyncssh.SFTPNoSuchFile("")
        for directory, listing in zip(directories, listings, strict=True):
            for name, attrs in listing or ():
                yield directory, name, attrs

    @contextmanager
    def _explaining(self, message: str, key: str) -> Iterator[None]:
        """Say of what the server refuses what it was about."""
        try:
            yield
        except asyncssh.SFTPError as error:
            raise failure(error, _(message), self._name(key)) from error


def _info(key: str, attrs: asyncssh.SFTPAttrs) -> ObjectInfo:
    return ObjectInfo(key, attrs.size or 0, float(attrs.mtime or 0))
