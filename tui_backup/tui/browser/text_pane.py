"""TextPane: lines of text that one can scroll through, of which only those on the screen cost anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable

Kind = Literal["plain", "dim", "keyword", "string", "number", "comment", "name", "added", "removed", "place", "error"]
"""What a piece of a line is; a theme says how that looks."""

TextLine = Sequence[tuple[str, Kind]]
"""Pieces that stand one behind the other, already made printable."""

TAB = 4


@dataclass(frozen=True)
class Text:
    """Lines, and the columns that the longest of them takes."""

    lines: Sequence[TextLine]
    width: int


def text_of(lines: Sequence[TextLine]) -> Text:
    """Measure lines."""
    return Text(lines, max((sum(cell_len(piece) for piece, _kind in line) for line in lines), default=0))


def plain_lines(text: str) -> list[TextLine]:
    """Return the lines of a text, made printable."""
    return [[(shown(line), "plain")] for line in text.split("\n")]


def shown(text: str) -> str:
    """Return a part of a line that a terminal shows and does nothing else with."""
    return printable(text.rstrip("\r").expandtabs(TAB))


class TextPane(ScrollView, can_focus=True):
    """Shows a text."""

    DEFAULT_CSS = """
    TextPane {
        background: transparent; scrollbar-size: 1 1;
        & > .text--dim { color: $quiet; }
        & > .text--keyword { color: $accent; }
        & > .text--string { color: $text-success; }
        & > .text--number { color: $text-warning; }
        & > .text--comment { color: $quiet; }
        & > .text--name { text-style: bold; }
        & > .text--added { color: $text-success; }
        & > .text--removed { color: $text-error; }
        & > .text--place { color: $accent; }
        & > .text--error { color: $text-error; }
        &.-waiting { opacity: 60%; }
    }
    """
    COMPONENT_CLASSES = {
        f"text--{kind}"
        for kind in ("dim", "keyword", "string", "number", "comment", "name", "added", "removed", "place", "error")
    }

    BINDINGS = [
        Binding("j", "scroll_down", _("Down"), show=False, id="text.down"),
        Binding("k", "scroll_up", _("Up"), show=False, id="text.up"),
        Binding("l", "scroll_right", _("Right"), show=False, id="text.right"),
        Binding("h", "scroll_left", _("Left"), show=False, id="text.left"),
        Binding("g", "scroll_home", _("First"), show=False, id="text.first"),
        Binding("G", "scroll_end", _("Last"), show=False, id="text.last"),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id, classes=classes)
        self._text = Text((), 0)

    @property
    def lines(self) -> Sequence[TextLine]:
        """What is shown."""
        return self._text.lines

    def show(self, text: Text) -> None:
        """Show another text, from its beginning."""
        self._text = text
        self.virtual_size = Size(text.width, len(text.lines))
        self.scroll_to(0, 0, animate=False)
        self.refresh()

    def say(self, words: str, kind: Kind = "dim") -> None:
        """Show a few words in place of a text."""
        self.show(text_of([[(shown(line), kind)] for line in words.split("\n")]))

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        left, top = self.scroll_offset
        number, width = y + top, self.size.width
        if number >= len(self._text.lines):
            return Strip.blank(width, self.rich_style)
        segments = [Segment(piece, self._style(kind)) for piece, kind in self._text.lines[number]]
        return Strip(segments).crop(left, left + width).adjust_cell_length(width, self.rich_style)

    def _style(self, kind: Kind) -> Style:
        if kind == "plain":
            return self.rich_style
        return self.rich_style + self.get_component_rich_style(f"text--{kind}", partial=True)
