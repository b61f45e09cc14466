"""Facts: what is known of one thing, a line each; more than fit can be scrolled."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_backup.primitives.text import printable

Tone = Literal["", "quiet", "good", "careful", "bad"]
"""What a fact means for whoever reads it."""


class Fact(NamedTuple):
    """A label, which may be empty, and a text from wherever."""

    label: str
    text: str
    tone: Tone = ""


_STYLES: dict[str, str] = {
    "": "", "quiet": "$quiet", "good": "$text-success", "careful": "$text-warning", "bad": "$text-error",
}  # fmt: skip


class Facts(VerticalScroll):
    """Labels at the left, texts beside them."""

    DEFAULT_CSS = """
    Facts { height: auto; }
    Facts > Static { height: auto; width: 1fr; }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="facts-text", markup=False)

    def show(self, facts: Sequence[Fact]) -> None:
        """Show these facts in place of others."""
        width = max((len(fact.label) for fact in facts), default=0)
        lines = [_line(fact, width) for fact in facts]
        self.query_one("#facts-text", Static).update(Content("\n").join(lines))
        self.scroll_home(animate=False)


def _line(fact: Fact, width: int) -> Content:
    before = f"{fact.label.ljust(width)}  " if width else ""
    return Content.assemble((before, "$quiet"), (printable(fact.text), _STYLES[fact.tone]))
