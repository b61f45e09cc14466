"""Asking a long operation to stop."""

from threading import Event, Lock
from typing import Self
from weakref import WeakSet

from tui_backup.errors import Cancelled
from tui_backup.primitives.i18n import _


class CancelToken:
    """Set by one thread, looked at by others."""

    def __init__(self) -> None:
        self._event = Event()
        self._lock = Lock()
        self._followers = WeakSet[CancelToken]()

    def follow(self, other: Self) -> None:
        """Be cancelled with another token, from here on or at once."""
        with other._lock:
            other._followers.add(self)
        if other.cancelled:
            self.cancel()

    def cancel(self) -> None:
        """Ask for the stop; may be called more than once."""
        self._event.set()
        with self._lock:
            followers = list(self._followers)
        for follower in followers:
            follower.cancel()

    @property
    def cancelled(self) -> bool:
        """Whether somebody has asked."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise Cancelled when somebody has asked."""
        if self._event.is_set():
            raise Cancelled(_("cancelled"))

    def wait(self, timeout_s: float) -> bool:
        """Wait until somebody asks, at most `timeout_s` seconds; return whether they did."""
        return self._event.wait(timeout_s)
