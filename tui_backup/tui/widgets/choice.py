"""Choice: one of a few, all of them in one line."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.tui.glyphs import Glyphs

GAP = 2
"""Blank columns between two options."""


class Choice(Widget, can_focus=True):
    """A label and options, of which one is chosen. What does not fit is left out around the chosen one."""

    DEFAULT_CSS = """
    Choice { height: 1; padding: 0 1; }
    Choice:focus { background: $block-hover-background; }
    """

    BINDINGS = [
        Binding("left,h", "step(-1)", _("Previous"), show=False, id="choice.previous"),
        Binding("right,l,space", "step(1)", _("Next"), show=False, id="choice.next"),
    ]

    chosen: reactive[int] = reactive(0, init=False)
    """Number of the option that is chosen."""

    class Chosen(Message):
        """Another option is chosen."""

        def __init__(self, choice: "Choice", number: int) -> None:
            super().__init__()
            self.choice = choice
            self.number = number

        @property
        def control(self) -> "Choice":
            """The choice, for `@on(..., selector)`."""
            return self.choice

    def __init__(
        self,
        label: str,
        options: Sequence[str],
        glyphs: Glyphs,
        *,
        chosen: int = 0,
        width: int = 0,
        id: str | None = None,  # noqa: A002 - as every widget has it
    ) -> None:
        """`width` is that of the label's column."""
        super().__init__(id=id)
        self._label = label.ljust(width)
        self._options = [printable(option) for option in options]
        self._glyphs = glyphs
        self._spans: list[tuple[int, int, int]] = []
        """Where each option that is shown begins and ends, and its number."""
        self.set_reactive(Choice.chosen, chosen)

    def render(self) -> Content:
        """Draw the label and the options that fit."""
        parts: list[Content | tuple[str, str]] = [(f"{self._label}  ", "$quiet")]
        at = cell_len(self._label) + GAP
        self._spans = []
        first, last = self._shown(self.content_size.width - at)
        if first:
            parts.append((f"{self._glyphs.ellipsis} ", "$quiet"))
            at += 2
        for number in range(first, last):
            text = self._text(number)
            is_chosen = number == self.chosen
            parts += [(text, "bold $foreground" if is_chosen else "$quiet"), (" " * GAP, "")]
            self._spans.append((at, at + cell_len(text), number))
            at += cell_len(text) + GAP
        if last < len(self._options):
            parts.append((self._glyphs.ellipsis, "$quiet"))
        return Content.assemble(*parts)

    def validate_chosen(self, number: int) -> int:
        return number % len(self._options) if self._options else 0

    def watch_chosen(self, number: int) -> None:
        self.post_message(self.Chosen(self, number))

    def rename(self, number: int, option: str) -> None:
        """Give an option another text."""
        self._options[number] = printable(option)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked on."""
        at = event.get_content_offset(self)
        for begin, end, number in self._spans:
            if at is not None and begin <= at.x < end:
                self.chosen = number

    def action_step(self, by: int) -> None:
        """Choose a neighbour."""
        self.chosen += by

    def _text(self, number: int) -> str:
        sign = self._glyphs.present if number == self.chosen else self._glyphs.missing
        return f"{sign} {self._options[number]}"

    def _shown(self, room: int) -> tuple[int, int]:
        """Return the numbers of the first option that fits, and of the one behind the last."""
        widths = [cell_len(self._text(number)) + GAP for number in range(len(self._options))]
        first = last = self.chosen
        if not widths:
            return 0, 0
        last += 1
        room -= widths[first] + 4
        while True:
            if last < len(widths) and widths[last] <= room:
                room -= widths[last]
                last += 1
            elif first and widths[first - 1] <= room:
                room -= widths[first - 1]
                first -= 1
            else:
                return first, last
