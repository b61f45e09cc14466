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
from tui_backup.formats.restic.lock_files import FoundLock, LockFiles, new_lock
from tui_backup.formats.restic.lock_held import HeldLock, Timing
from tui_backup.primitives.cancel import CancelToken
from tui_backup.primitives.clock import now
from tui_backup.primitives.hangup import shield_from_hangup
from tui_backup.primitives.i18n import _
from tui_backup.primitives.ledger import Ledger
from tui_backup.primitives.text import age, moment, printable
from tui_backup.stores.base import Store

_FIRST_RETRIES, _LATER_RETRIES = (5.0, 10.0, 20.0, 40.0), 60.0
"""Seconds between attempts to get a lock that somebody else holds."""


class Locks:
    """The locks of one open repository."""

    def __init__(
        self,
        store: Store,
        version: int,
        keys: Keys,
        *,
        ledger: Ledger | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._files = LockFiles(store, version, keys, ledger)
        self._timing = timing or Timing()

    def acquire(self, *, exclusive: bool, retry_s: float = 0, cancel: CancelToken | None = None) -> HeldLock:
        """Take a lock; a shared one has settled once `check` or `confirm` have looked again, an exclusive one at once.

        While somebody else holds a conflicting one, it is tried again for `retry_s` seconds.

        Raises:
            Locked: somebody else holds the repository, or a lock there cannot be read.
            Cancelled: `cancel` was set while waiting.
            StoreError: the locks cannot be listed, read or written.
        """
        token = cancel or CancelToken()
        deadline = time.monotonic() + retry_s
        for pause in chain(_FIRST_RETRIES, repeat(_LATER_RETRIES)):
            try:
                return self._acquire_once(exclusive=exclusive, cancel=token)
            except Locked:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
                _wait(min(pause, left), token)
        raise AssertionError("the pauses never end")

    def found(self) -> list[FoundLock]:
        """Return all locks that count, ours among them; raises StoreError."""
        return list(self._files.found())

    def remove(self, locks: Iterable[FoundLock]) -> None:
        """Remove locks, whoever holds them; raises StoreError."""
        for lock in locks:
            self._files.delete(lock.name)

    def _acquire_once(self, *, exclusive: bool, cancel: CancelToken) -> HeldLock:
        self._refuse_conflict(None, exclusive=exclusive, cancel=cancel)
        document = new_lock(exclusive=exclusive)
        with ExitStack() as shield:
            shield.enter_context(shield_from_hangup())
            name = self._files.write(document)
            look_again = partial(self._refuse_conflict, name, exclusive=exclusive, cancel=cancel)
            held = HeldLock(self._files, name, document, self._timing, look_again, shield.pop_all())
        if exclusive:
            try:
                held.confirm()
            except BaseException:
                held.release()
                raise
        return held

    def _refuse_conflict(self, own: str | None, *, exclusive: bool, cancel: CancelToken) -> None:
        for lock in self._others(own, cancel):
            if exclusive or (lock.document and lock.document.exclusive):
                raise _locked_by(lock, self._files.place)

    def _others(self, own: str | None, cancel: CancelToken) -> list[FoundLock]:
        """Return the locks of others; one that cannot be read may be about to go, or to be whole in a moment."""
        pauses = iter(self._timing.unreadable)
        while True:
            others = [lock for lock in self._files.found() if lock.name != own]
            unreadable = [lock for lock in others if lock.document is None]
            if not unreadable:
                return others
            pause = next(pauses, None)
            if pause is None:
                raise _unreadable(unreadable[0], self._files.place)
            _wait(pause, cancel)


def _wait(seconds: float, cancel: CancelToken) -> None:
    cancel.wait(seconds)
    cancel.check()


def _locked_by(lock: FoundLock, place: str) -> Locked:
    assert lock.document is not None
    template = _("{place} is locked by {user} on {host} (pid {pid}), since {since}, last refreshed {age}")
    if lock.document.exclusive:
        template = _(
            "{place} is locked exclusively by {user} on {host} (pid {pid}), since {since}, last refreshed {age}"
        )
    message = template.format(
        place=place,
        user=_brief(lock.document.username),
        host=_brief(lock.document.hostname),
        pid=_brief(str(lock.document.pid)),
        since=moment(lock.taken),
        age=age(lock.refreshed, now()),
    )
    hint = _("try again when it is done")
    if lock.stale:
        hint = _("it looks abandoned: if that program is gone, `restic unlock` removes its lock")
    return Locked(message, hint=hint)


def _brief(text: str | None) -> str:
    return printable((text or "?")[:100])


def _unreadable(lock: FoundLock, place: str) -> Locked:
    message = _("{place} has a lock that cannot be read: {name}").format(place=place, name=lock.name)
    return Locked(message, hint=_("if no other program works there, `restic unlock --remove-all` removes it"))
