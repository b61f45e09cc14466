"""Tick: yes or no, told by a sign and not by its colour."""

from textual.content import Content
from textual.widgets import Checkbox

from tui_backup.primitives.text import printable


class Tick(Checkbox):
    """`[x]` or `[ ]`, and what that is about; text from data may be given as it is."""

    DEFAULT_CSS = """
    Tick.-textual-compact, Tick.-textual-compact:focus {
        background: transparent; background-tint: transparent; border: none !important; padding: 0;
    }
    """

    def __init__(self, label: str, *, value: bool, id: str) -> None:  # noqa: A002 - as every widget has it
        super().__init__(Content(printable(label)), value, id=id, compact=True)

    @property
    def _button(self) -> Content:
        return Content("[x]" if self.value else "[ ]")
