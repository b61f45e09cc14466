"""HeldLock: a lock that this process has, written anew every few minutes so that nobody takes it for abandoned."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType

import msgspec

from tui_backup.errors import BackupError, Locked, StoreError
from tui_backup.formats.restic.locks.files import LockDocument, LockFiles
from tui_backup.formats.restic.times import format_time
from tui_backup.primitives.i18n import _

_CLOCK = time.CLOCK_BOOTTIME if hasattr(time, "CLOCK_BOOTTIME") else time.CLOCK_MONOTONIC
"""Goes on while the machine sleeps, where the system has such a clock."""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long things take, in seconds; restic's values."""

    settle: float = 0.2
    """Between writing a lock and looking again for those of others."""
    refresh: float = 300
    retry: float = 60
    """Until a refresh that failed is tried again."""
    expiry: float = 1350
    """After which a lock that could not be refreshed is lost: well before others may take it for abandoned."""
    own_work: float = 300
    """For which is waited, unasked, until another process of ours has done what it needs the repository alone for."""
    unreadable: tuple[float, ...] = (5, 10, 20)
    """Pauses before a lock that cannot be read is looked at again."""


class HeldLock:
    """A lock of this process until it is released; a context manager.

    A thread of its own refreshes it. The work that it guards calls `check` as it goes along and `confirm` before it
    does what cannot be undone. While it is held SIGHUP does not end the process, if it was taken in the main thread.
    """

    def __init__(
        self,
        files: LockFiles,
        name: str,
        document: LockDocument,
        timing: Timing,
        look_again: Callable[[], None],
        shield: ExitStack,
    ) -> None:
        """Guard the lock file `name`; `look_again` raises on a conflict, `shield` is closed once the lock is gone."""
        self._files = files
        self._document = document
        self._timing = timing
        self._names = [name]
        self._lost: str | None = None
        self._refreshed = time.clock_gettime(_CLOCK)
        self._look_again: Callable[[], None] | None = look_again
        self._refreshing = threading.Lock()
        self._released = threading.Event()
        self._shield = shield
        self._keeper = threading.Thread(target=self._keep, name="lock refresh", daemon=True)
        self._keeper.start()

    def __enter__(self) -> "HeldLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    @property
    def name(self) -> str:
        """The id of the lock's present file."""
        return self._names[-1]

    def look(self) -> None:
        """Look for locks that were written before this one, by who may be gone when this one has settled.

        What is read from now on is no older than what they leave behind; raises Locked or StoreError.
        """
        if self._look_again is not None:
            self._look_again()

    def check(self) -> None:
        """Make sure that the lock is still good, by what this process knows.

        The first call after the time to settle looks for locks that others wrote at the same moment.

        Raises:
            Locked: somebody else took one, another program removed ours, or it could not be refreshed for too long.
        """
        if self._age() >= self._timing.settle:
            self._settle()
        if self._lost is None and self._age() > self._timing.expiry:
            self._refresh()
        if self._lost is not None:
            raise Locked(self._lost, hint=_("the repository may have changed meanwhile; start again"))

    def confirm(self) -> None:
        """Make sure that the lock has settled and is still good, by asking the store; raises Locked or StoreError."""
        if self._look_again is not None:
            self._released.wait(max(0.0, self._timing.settle - self._age()))
            self._settle()
        self.check()
        with self._refreshing:
            if not self._files.exists(self.name):
                self._lose_to_others()
        self.check()

    def release(self) -> None:
        """Remove the lock; more than once does no harm."""
        self._released.set()
        self._keeper.join()
        for name in self._names:
            self._files.give_up(name)
        self._names = self._names[-1:]
        self._shield.close()

    def _settle(self) -> None:
        """Look once for the locks that others wrote at the same moment as ours."""
        if self._look_again is None:
            return
        try:
            self._look_again()
        except Locked as error:
            self._lost = error.message
            raise
        self._look_again = None

    def _keep(self) -> None:
        pause = self._timing.refresh
        while self._lost is None and not self._released.wait(pause):
            pause = self._timing.refresh if self._refresh() else self._timing.retry

    def _refresh(self) -> bool:
        """Write the lock anew and remove its old file; return whether that went well."""
        with self._refreshing:
            try:
                self._renew()
            except BackupError:
                if self._age() > self._timing.expiry:
                    minutes = round(self._age() / 60)
                    self._lost = _("the lock of {place} could not be refreshed for {minutes} minutes").format(
                        place=self._files.place, minutes=minutes
                    )
                return False
            return self._lost is None

    def _renew(self) -> None:
        if not self._files.exists(self.name):
            self._lose_to_others()
            return
        document = msgspec.structs.replace(self._document, time=format_time(time.time_ns()))
        self._names.append(self._files.write(document))
        self._refreshed = time.clock_gettime(_CLOCK)
        while len(self._names) > 1:
            try:
                self._files.delete(self._names[0])
            except StoreError:
                return
            del self._names[0]

    def _lose_to_others(self) -> None:
        self._lost = _("the lock of {place} was removed by another program").format(place=self._files.place)

    def _age(self) -> float:
        """Return the seconds since the lock was last written."""
        return time.clock_gettime(_CLOCK) - self._refreshed
