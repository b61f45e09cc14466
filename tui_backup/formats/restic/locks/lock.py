"""Taking a lock, by which restic and we keep out of each other's way.

An exclusive lock tolerates no other, shared ones tolerate each other. Whoever wants one looks for conflicts, writes its
own, waits, and looks again. Locks that look stale still count: they go by `unlock`, or because the ledger proves that a
process of this host left them behind. Source: restic's design document, "Locks", and restic 0.14 to 0.19.
"""

import time
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from itertools import chain, repeat

from tui_backup.errors import Locked
from tui_backup.formats.restic.crypto import Keys
from tui_backup.formats.restic.locks.files import FoundLock, LockFiles, new_lock
from tui_backup.formats.restic.locks.held import HeldLock, Timing
from tui_backup.formats.restic.locks.refusal import AtWork, Desk, locked_by, unreadable
from tui_backup.model.locking import Locking
from tui_backup.model.watch import Watch
from tui_backup.primitives.cancel import CancelToken
from tui_backup.primitives.hangup import shield_from_hangup
from tui_backup.primitives.i18n import _
from tui_backup.primitives.ledger import Ledger
from tui_backup.primitives.text import duration
from tui_backup.stores.base import Store

_FIRST_RETRIES, _LATER_RETRIES = (5.0, 10.0, 20.0, 40.0), 60.0
"""Seconds between attempts to get a lock that somebody else holds."""
_OWN_RETRIES = 1.0
"""The same where that is a process of ours on this host."""


class Locks:
    """The locks of one open repository."""

    def __init__(  # noqa: PLR0913 - what a lock depends on
        self,
        store: Store,
        version: int,
        keys: Keys,
        *,
        name: str = "",
        ledger: Ledger | None = None,
        locking: Locking | None = None,
        timing: Timing | None = None,
    ) -> None:
        """Guard the repository in a store, which the configuration calls `name`."""
        self._files = LockFiles(store, version, keys, ledger)
        self._locking = locking or Locking()
        self._desk = Desk(place=self._files.place, name=name, locking=self._locking, ledger=ledger)
        self._timing = timing or Timing()

    def acquire(self, *, exclusive: bool, settle: bool = True, watch: Watch | None = None) -> HeldLock:
        """Take a lock; it settles when `check` or `confirm` look again, an exclusive one with `settle` at once.

        While somebody else holds a conflicting one, it is tried again for as long as `locking` says, and for some
        minutes where that is a living process of ours on this host, which prunes after its backup for example.

        Raises:
            Locked: somebody else holds the repository, or a lock there cannot be read.
            Cancelled: the watch was asked to stop while waiting.
            StoreError: the locks cannot be listed, read or written.
        """
        token = watch.cancel if watch else CancelToken()
        tell = (watch and watch.on_wait) or self._locking.on_wait
        began = time.monotonic()
        for pause in chain(_FIRST_RETRIES, repeat(_LATER_RETRIES)):
            try:
                held = self._acquire_once(exclusive=exclusive, cancel=token)
                return _sure(held, settle=exclusive and settle)
            except Locked as error:
                ours = isinstance(error, AtWork)
                left = began + max(self._locking.retry_s, self._timing.own_work * ours) - time.monotonic()
                if left <= 0:
                    raise
                if tell is not None:
                    words = _("waiting for at most {time}: {reason}")
                    tell(words.format(time=duration(left), reason=error.message))
                tell = None
                _wait(min(_OWN_RETRIES if ours else pause, left), token)
        raise AssertionError("the pauses never end")

    def found(self, *, tidying: bool = True) -> list[FoundLock]:
        """Return all locks that count, ours among them; without `tidying` also those provably left behind."""
        return list(self._files.found(tidying=tidying))

    def remove(self, names: Iterable[str]) -> None:
        """Remove locks by their ids, whoever holds them; raises StoreError."""
        for name in names:
            self._files.delete(name)

    def _acquire_once(self, *, exclusive: bool, cancel: CancelToken) -> HeldLock:
        self._refuse_conflict(None, exclusive=exclusive, cancel=cancel)
        document = new_lock(exclusive=exclusive)
        with ExitStack() as shield:
            shield.enter_context(shield_from_hangup())
            name = self._files.write(document)
            look_again = partial(self._refuse_conflict, name, exclusive=exclusive, cancel=cancel)
            return HeldLock(self._files, name, document, self._timing, look_again, shield.pop_all())

    def _refuse_conflict(self, own: str | None, *, exclusive: bool, cancel: CancelToken) -> None:
        for lock in self._others(own, cancel):
            if exclusive or (lock.document and lock.document.exclusive):
                raise locked_by(lock, self._desk)

    def _others(self, own: str | None, cancel: CancelToken) -> list[FoundLock]:
        """Return the locks of others; one that cannot be read may be about to go, or to be whole in a moment."""
        pauses = iter(self._timing.unreadable)
        while True:
            others = [lock for lock in self._files.found() if lock.name != own]
            hidden = [lock for lock in others if lock.document is None]
            if not hidden:
                return others
            pause = next(pauses, None)
            if pause is None:
                raise unreadable(hidden[0], self._desk)
            _wait(pause, cancel)


def _sure(held: HeldLock, *, settle: bool) -> HeldLock:
    """Return a lock once it has settled, or at least no conflicting one is older; otherwise it is released."""
    try:
        if settle:
            held.confirm()
        else:
            held.look()
    except BaseException:
        held.release()
        raise
    return held


def _wait(seconds: float, cancel: CancelToken) -> None:
    cancel.wait(seconds)
    cancel.check()
