"""Consent: how a plan that was made on another thread is agreed to by whoever sits at the screen."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from tui_backup.errors import Cancelled
from tui_backup.primitives.cancel import CancelToken
from tui_backup.primitives.i18n import _

T = TypeVar("T")

LOOK_S = 0.2
"""How often somebody who waits looks whether it was cancelled meanwhile."""


class Consent(Generic[T]):
    """One plan, and one answer to it."""

    def __init__(self, show: Callable[[T], None]) -> None:
        """`show` hears the plan, on the thread that made it."""
        self._show = show
        self._answered = threading.Event()
        self._is_given = False

    def ask(self, plan: T, cancel: CancelToken) -> None:
        """Wait for the answer, on the thread that made the plan; raises Cancelled where it is no."""
        self._show(plan)
        while not self._answered.wait(LOOK_S):
            cancel.check()
        if not self._is_given:
            raise Cancelled(_("nothing was touched"))

    def give(self) -> None:
        """Agree; for the thread of the UI, as `decline`."""
        self._is_given = True
        self._answered.set()

    def decline(self) -> None:
        """Do not agree; without effect once somebody has agreed."""
        self._answered.set()
