"""The directory of one cache: files that are named by the SHA-256 of their content, below the keys of a store.

Whatever goes wrong here is no failure of anybody: what cannot be read is not there, what cannot be written is left out.
Several processes share a directory; a file appears whole or not at all, and may go at any time.
"""

import hashlib
import os
import re
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from tui_backup.primitives.atomic import write_all
from tui_backup.stores.base import check_key
from tui_backup.stores.temporary import is_abandoned, is_temporary, temporary_name

UNUSED_S = 30 * 86_400
"""How long a cache that nobody uses is kept; as restic does it."""
_MOST_BYTES = 8 << 30
"""What the files of one cache take at most."""
_SPARE_BYTES = 1 << 30
"""What a cache leaves free on its file system."""
_TAG = b"""Signature: 8a477f597d28d172789f06886806bc55
# What lies here can be fetched again. See https://bford.info/cachedir/
"""
_CACHE = re.compile(r"[0-9a-f]{64}")


class CacheFiles:
    """Files of one cache; may be used from several threads."""

    def __init__(self, directory: str) -> None:
        """Make the directory, have the caches beside it go that nobody uses any more, and tidy this one."""
        self._directory = directory
        self._proven: set[str] = set()
        """Keys of files that this process has found whole."""
        self._lock = threading.Lock()
        self._bytes = 0
        with suppress(OSError):
            self._settle_in()

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes | None:
        """Return bytes of a file, None where it is not here, is damaged, or too short; what is damaged is removed."""
        path = self._path(key)
        try:
            with open(path, "rb", buffering=0, opener=_opener) as file:
                if key not in self._proven:
                    if hashlib.file_digest(file, "sha256").hexdigest() != _name(key):
                        self.remove(key)
                        return None
                    with suppress(OSError):
                        os.utime(file.fileno())
                    self._proven.add(key)
                wanted = os.fstat(file.fileno()).st_size - start if length is None else length
                content = os.pread(file.fileno(), wanted, start) if wanted >= 0 else b""
        except OSError:
            return None
        return content if len(content) == wanted else None

    def keep(self, key: str, content: bytes | bytearray | memoryview) -> None:
        """Keep a file, if it is whole and there is room for it."""
        size = memoryview(content).nbytes
        if hashlib.sha256(content).hexdigest() != _name(key) or not self._has_room(size):
            return
        with suppress(OSError):
            _write(self._path(key), memoryview(content).cast("B"))
            self._proven.add(key)
            self._account(size)

    def sizes(self, prefix: str) -> dict[str, int]:
        """Return key -> bytes of the files below a prefix, those first that were read last."""
        found = sorted(self._below(prefix), key=lambda each: each[1].st_mtime, reverse=True)
        return {key: status.st_size for key, status in found if not is_temporary(key)}

    def remove(self, key: str) -> None:
        """Have a file go."""
        self._proven.discard(key)
        with suppress(OSError):
            os.unlink(self._path(key))

    def retain(self, prefix: str, keys: set[str], before: float) -> None:
        """Have every file go whose key has this prefix and is none of these, unless it was kept after `before`."""
        for key, status in self._below(prefix):
            if key not in keys and status.st_ctime < before:
                self.remove(key)

    def _below(self, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
        top = prefix.rpartition("/")[0]
        for path, status in _files(f"{self._directory}/{top}"):
            key = os.path.relpath(path, self._directory)
            if key.startswith(prefix):
                yield key, status

    def _path(self, key: str) -> str:
        return f"{self._directory}/{check_key(key)}"

    def _settle_in(self) -> None:
        above = os.path.dirname(self._directory)
        _make_private(self._directory)
        os.utime(self._directory)
        if not os.path.lexists(f"{above}/CACHEDIR.TAG"):
            _write(f"{above}/CACHEDIR.TAG", memoryview(_TAG))
        for entry in os.scandir(above):
            is_old = time.time() - entry.stat(follow_symlinks=False).st_mtime > UNUSED_S
            if is_old and _CACHE.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
        for path, status in _files(self._directory):
            if not is_temporary(path):
                self._bytes += status.st_size
            elif is_abandoned(os.path.basename(path), status.st_mtime):
                os.unlink(path)

    def _has_room(self, size: int) -> bool:
        try:
            status = os.statvfs(self._directory)
        except OSError:
            return False
        return status.f_bavail * status.f_frsize >= _SPARE_BYTES + size and size <= _MOST_BYTES

    def _account(self, size: int) -> None:
        """Count what was kept; where that is too much, have go what was not used for longest."""
        with self._lock:
            self._bytes += size
            if self._bytes <= _MOST_BYTES:
                return
            found = sorted(_files(self._directory), key=lambda each: each[1].st_mtime)
            self._bytes = sum(status.st_size for _path, status in found)
            for path, status in found:
                if self._bytes <= _MOST_BYTES * 9 // 10:
                    break
                self.remove(os.path.relpath(path, self._directory))
                self._bytes -= status.st_size


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _make_private(path: str) -> None:
    """Make a directory and those above it that are missing, each for its owner alone."""
    if not os.path.isdir(path):
        _make_private(os.path.dirname(path))
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW)


def _files(directory: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield path and status of every regular file below a directory."""
    for above, _directories, names in os.walk(directory):
        for name in names:
            path = f"{above}/{name}"
            with suppress(OSError):
                status = os.lstat(path)
                if stat.S_ISREG(status.st_mode):
                    yield path, status


def _write(path: str, content: memoryview) -> None:
    """Write a file beside its name; it need not outlive a crash, as whoever reads it looks at its hash."""
    _make_private(os.path.dirname(path))
    temporary = temporary_name(path)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            write_all(descriptor, content)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
