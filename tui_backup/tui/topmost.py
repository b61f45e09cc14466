"""Topmost: a screen that is left only while it is on top, so that pressing twice leaves nothing but itself."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

ResultT = TypeVar("ResultT")


class Topmost(Screen[ResultT]):
    """What pages and dialogs share."""

    @property
    def is_left(self) -> bool:
        """Whether it is being taken away: what it shows may be gone already."""
        return self not in self.app.screen_stack

    def dismiss(self, result: ResultT | None = None) -> AwaitComplete:
        """Leave, and hand over an answer; without effect once it was left, and below another screen.

        Textual takes away whatever is on top, which after a second press of a button is the page below. What is not
        there yet is left as soon as it is: nothing of it could be found while it is made.
        """
        if self.app.screen is not self:
            return AwaitComplete()
        if not self.is_mounted:
            self.call_later(self._leave, result)
            return AwaitComplete()
        return super().dismiss(result)

    def _leave(self, result: ResultT | None) -> None:
        """Leave; nobody waits for it, which Textual forbids here."""
        self.dismiss(result)
