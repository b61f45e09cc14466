"""Topmost: a screen that is left only while it is on top, so that pressing twice leaves nothing but itself."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

ResultT = TypeVar("ResultT")


class Topmost(Screen[ResultT]):
    """What pages and dialogs share."""

    def dismiss(self, result: ResultT | None = None) -> AwaitComplete:
        """Leave, and hand over an answer; without effect once it was left, and below another screen.

        Textual takes away whatever is on top, which after a second press of a button is the page below.
        """
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()
