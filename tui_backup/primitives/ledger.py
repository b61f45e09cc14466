"""Which marks that this program left elsewhere (a lock in a repository) belong to a process that no longer lives."""

import fcntl
import os
import time
from contextlib import suppress

import msgspec

from tui_backup.primitives.processes import Process, is_dead, this_process

_OLD = 30 * 86_400
"""Seconds after which the record of a dead process goes."""

_GONE = 0
"""In place of the pid: the mark was given up by a process that may live on."""


class Ledger:
    """A directory with one small file per mark, locked (`flock`) by the process that left it for as long as it lives.

    A mark is provably dead where its file is here and nobody holds the lock on it, and either this kernel has run ever
    since, so that its locks can be believed, or this machine has been started anew. What another host shares this
    directory for is never called dead. Methods may be called from several threads; names must be plain file names.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._held: dict[str, int] = {}

    def remember(self, name: str) -> None:
        """Note that this process is about to leave the mark; raises OSError."""
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        self._tidy()
        descriptor = os.open(self._path(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._held[name] = descriptor
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.pwrite(descriptor, msgspec.json.encode(this_process()), 0)

    def forget(self, name: str) -> None:
        """Note that the mark is gone, whoever left it."""
        with suppress(OSError):
            os.unlink(self._path(name))
        self._let_go(name)

    def disown(self, name: str) -> None:
        """Note that the mark is still there but counts no more: from here on it is provably dead."""
        descriptor = self._held.get(name)
        if descriptor is not None:
            given_up = msgspec.structs.replace(this_process(), pid=_GONE)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, msgspec.json.encode(given_up), 0)
        self._let_go(name)

    def provably_dead(self, name: str) -> bool:
        """Whether a process of this host left the mark and has ended since."""
        if name in self._held:
            return False
        try:
            return _has_ended(msgspec.json.decode(self._read_unheld(name), type=Process))
        except (OSError, msgspec.DecodeError):
            return False

    def is_held(self, name: str) -> bool:
        """Whether the process that left the mark is known to live: it holds the lock on its file."""
        if name in self._held:
            return True
        try:
            self._read_unheld(name)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def _read_unheld(self, name: str) -> bytes:
        """Return what the file of a mark says; raises OSError, a BlockingIOError where somebody holds its lock."""
        descriptor = os.open(self._path(name), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return os.read(descriptor, 4096)
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, name)

    def _let_go(self, name: str) -> None:
        descriptor = self._held.pop(name, None)
        if descriptor is not None:
            os.close(descriptor)

    def _tidy(self) -> None:
        """Remove old records of dead processes, whose marks other programs have removed meanwhile."""
        with os.scandir(self._directory) as found:
            for entry in found:
                with suppress(OSError):
                    if time.time() - entry.stat().st_mtime > _OLD and self.provably_dead(entry.name):
                        os.unlink(entry.path)


def _has_ended(mark: Process) -> bool:
    """Whether the process of a mark, on whose file nobody holds a lock, has ended for certain."""
    here = this_process()
    if mark.boot == here.boot and (mark.pid == _GONE or mark.space != here.space):
        return True
    return is_dead(mark)
