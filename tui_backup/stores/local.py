"""A directory: each object a file, written beside its name, synced and renamed."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import msgspec

from tui_backup.errors import Corrupted, NotFound, StoreError, Unreadable
from tui_backup.primitives.about import About
from tui_backup.primitives.atomic import sync, sync_directory, write_all
from tui_backup.primitives.i18n import N_, _
from tui_backup.stores.base import Body, ObjectInfo, Retention, Sink, Space, check_key, is_part
from tui_backup.stores.filling import fill
from tui_backup.stores.recipes import recipe_of
from tui_backup.stores.temporary import is_abandoned, is_temporary, temporary_name
from tui_backup.stores.troubles import ABSENT, trouble_of

_OF_THE_FILE_SYSTEM = "lost+found"


class LocalStore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Objects are read-only files of their owner; directories are made when an object needs them.

    As with restic, a group that may read the object `config` may read everything else and write. The directory itself
    is made by `create` alone, so that a disk that is not mounted is noticed.
    """

    path: Annotated[str, About(N_("Directory"), N_("Relative to this file; ~ is your home"), "directory")]

    @property
    def connections(self) -> int:
        return 1

    @property
    def retention(self) -> Retention | None:
        return None

    def rooted(self, base: str) -> "LocalStore":
        return LocalStore(str(Path(base, os.path.expanduser(self.path)).absolute()))

    def recipe(self) -> tuple[str, bytes] | None:
        return recipe_of("local", self.rooted("."))

    def create(self) -> None:
        try:
            os.makedirs(self.path, 0o700, exist_ok=True)
            sync_directory(os.path.dirname(os.path.abspath(self.path)))
        except OSError as error:
            raise trouble_of(error, _("cannot make the directory {path}: {reason}"), self.path) from error

    def put(self, key: str, body: Body) -> None:
        with self.writing(key) as sink:
            fill(sink, body)

    @contextmanager
    def writing(self, key: str) -> Iterator[Sink]:
        if is_temporary(os.path.basename(check_key(key))):
            raise ValueError(f"the key of a temporary file: {key!r}")
        path = self._path(key)
        temporary = temporary_name(path)
        with _explaining(path):
            descriptor = self._open_new(temporary, key)
        try:
            try:
                yield _Descriptor(descriptor, path)
                with _explaining(path):
                    sync(descriptor)
            finally:
                os.close(descriptor)
            with _explaining(path):
                os.rename(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        with _explaining(path):
            sync_directory(os.path.dirname(path))

    def info(self, key: str) -> ObjectInfo:
        path = self._path(key)
        try:
            status = os.stat(path)
        except OSError as error:
            raise trouble_of(error, _("cannot read {path}: {reason}"), path) from error
        if not stat.S_ISREG(status.st_mode):
            raise NotFound(_("{path} is not a file").format(path=path))
        return ObjectInfo(key, status.st_size, status.st_mtime)

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        path = self._path(key)
        try:
            with _opened(path) as descriptor:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise NotFound(_("{path} is not a file").format(path=path))
                wanted = status.st_size - start if length is None else length
                if wanted < 0 or start + wanted > status.st_size:
                    raise _cut_short(path)
                return _read(descriptor, start, wanted, path)
        except OSError as error:
            trouble = trouble_of(error, _("cannot read {path}: {reason}"), path)
            if error.errno == errno.EIO:
                raise Unreadable(trouble.message, hint=trouble.hint) from error
            raise trouble from error

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for key, entry in self._files(prefix):
            if not is_temporary(entry.name) and (status := _status(entry)):
                yield ObjectInfo(key, status.st_size, status.st_mtime)

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            os.unlink(path)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return
        except OSError as error:
            raise trouble_of(error, _("cannot delete {path}: {reason}"), path) from error

    def delete_all(self, keys: Iterable[str]) -> None:
        trouble: StoreError | None = None
        for key in keys:
            try:
                self.delete(key)
            except StoreError as error:
                trouble = trouble or error
        if trouble is not None:
            raise trouble

    def space(self) -> Space | None:
        try:
            status = os.statvfs(self.path)
        except OSError:
            return None
        return Space(status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize)

    def describe(self) -> str:
        return self.path

    def tidy(self, key: str = "") -> None:
        for leftover, entry in self._files(key):
            if is_temporary(entry.name) and (status := _status(entry)) and is_abandoned(entry.name, status.st_mtime):
                self.delete(leftover)

    def _path(self, key: str) -> str:
        return f"{self.path}/{check_key(key)}"

    def _open_new(self, path: str, key: str) -> int:
        """Open the new file `path` for writing the object `key`; make the object's directories if need be."""
        shared = self._is_shared()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(path, flags, 0o400)
        except FileNotFoundError:
            self._make_directories(key, 0o770 if shared else 0o700)
            descriptor = os.open(path, flags, 0o400)
        if shared:
            os.fchmod(descriptor, 0o440)
        return descriptor

    def _make_directories(self, key: str, mode: int) -> None:
        parent = self.path
        for part in key.split("/")[:-1]:
            path = f"{parent}/{part}"
            with suppress(FileExistsError):
                os.mkdir(path, mode)
                sync_directory(parent)
            parent = path

    def _is_shared(self) -> bool:
        """Whether the group may use the store."""
        try:
            return bool(os.stat(f"{self.path}/config").st_mode & stat.S_IRGRP)
        except OSError:
            return False

    def _files(self, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Yield what is no directory and has a key with this prefix; links to directories are not followed."""
        top = prefix.rpartition("/")[0]
        if top:
            check_key(top)
        waiting = [top]
        while waiting:
            directory = waiting.pop()
            for entry in self._listed(directory):
                key = f"{directory}/{entry.name}" if directory else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if key != _OF_THE_FILE_SYSTEM:
                        waiting.append(key)
                elif key.startswith(prefix):
                    yield key, entry

    def _listed(self, directory: str) -> list[os.DirEntry[str]]:
        path = f"{self.path}/{directory}" if directory else self.path
        try:
            with os.scandir(path) as entries:
                return [entry for entry in entries if is_part(entry.name)]
        except OSError as error:
            if error.errno in ABSENT and directory and os.path.isdir(self.path):
                return []
            raise trouble_of(error, _("cannot list {path}: {reason}"), path) from error


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """Return the status of a regular file, None of anything else and of what has gone meanwhile."""
    try:
        return entry.stat() if entry.is_file() else None
    except OSError:
        return None


@contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read(descriptor: int, start: int, length: int, path: str) -> bytes:
    parts: list[bytes] = []
    while length > 0:
        part = os.pread(descriptor, length, start)
        if not part:
            raise _cut_short(path)
        parts.append(part)
        start += len(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _Descriptor:
    """Writes to an open file."""

    def __init__(self, descriptor: int, path: str) -> None:
        self._descriptor = descriptor
        self._path = path

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        with _explaining(self._path):
            write_all(self._descriptor, memoryview(piece).cast("B"))


@contextmanager
def _explaining(path: str) -> Iterator[None]:
    """Say of what goes wrong with the system that a path cannot be written."""
    try:
        yield
    except OSError as error:
        raise trouble_of(error, _("cannot write {path}: {reason}"), path) from error


def _cut_short(path: str) -> Corrupted:
    return Corrupted(_("{path} is shorter than it should be").format(path=path))
