"""Facts: what is known of one thing, labels at the left; more than fit can be scrolled."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui_backup.primitives.text import printable

Tone = Literal["", "quiet", "good", "careful", "bad"]
"""What a fact means for whoever reads it."""

GAP = 2
"""Blank columns between labels and texts."""

_STYLES: dict[str, str] = {
    "": "", "quiet": "$quiet", "good": "$text-success", "careful": "$text-warning", "bad": "$text-error",
}  # fmt: skip


class Fact(NamedTuple):
    """A label, which may be empty, and a text from wherever."""

    label: str
    text: str
    tone: Tone = ""


class FactLines(Widget):
    """The facts themselves; a text that is longer than its line goes on below itself."""

    DEFAULT_CSS = """
    FactLines { height: auto; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._facts: Sequence[Fact] = ()

    @property
    def text(self) -> str:
        """Everything that is said, unwrapped."""
        return "\n".join(f"{fact.label}  {printable(fact.text)}".strip() for fact in self._facts)

    def show(self, facts: Sequence[Fact]) -> None:
        """Show these facts in place of others."""
        self._facts = facts
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        labels = max((cell_len(fact.label) for fact in self._facts), default=0)
        indent = labels + GAP if labels else 0
        lines: list[Content] = []
        for fact in self._facts:
            label = fact.label + " " * (indent - cell_len(fact.label))
            text = Content.styled(printable(fact.text), _STYLES[fact.tone])
            for number, line in enumerate(text.wrap(max(8, width - indent))):
                before = (label, "$quiet") if not number else " " * indent
                lines.append(Content.assemble(before, line.rstrip()))
        return lines


class Facts(VerticalScroll):
    """Facts in a pane that can be scrolled."""

    DEFAULT_CSS = """
    Facts { height: auto; scrollbar-size-vertical: 1; }
    """

    def compose(self) -> ComposeResult:
        yield FactLines()

    @property
    def text(self) -> str:
        """Everything that is said."""
        return self.query_one(FactLines).text

    def show(self, facts: Sequence[Fact]) -> None:
        """Show these facts in place of others."""
        self.query_one(FactLines).show(facts)
        self.scroll_home(animate=False)
