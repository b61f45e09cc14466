"""Asking a long operation to stop."""

from threading import Event

from tui_backup.errors import Cancelled
from tui_backup.primitives.i18n import _


class CancelToken:
    """Set by one thread, looked at by others."""

    def __init__(self) -> None:
        self._event = Event()

    def cancel(self) -> None:
        """Ask for the stop; may be called more than once and from signal handlers."""
        self._event.set()

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
