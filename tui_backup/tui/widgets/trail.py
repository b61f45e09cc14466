"""Trail: the steps of something in one line, with a sign at the one at hand."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui_backup.tui.glyphs import Glyphs


class Trail(Widget):
    """Names of steps. Those that were passed can be clicked."""

    DEFAULT_CSS = """
    Trail { height: 1; padding: 0 1; color: $quiet; }
    """

    at: reactive[int] = reactive(0)
    """Number of the step at hand, from 0."""

    class Chosen(Message):
        """Somebody wants to go to a step."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, names: Sequence[str], glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self._names = names
        self._glyphs = glyphs

    def render(self) -> Content:
        parts: list[tuple[str, str]] = []
        for number, name in enumerate(self._names):
            if number:
                parts.append(("  >  ", "$quiet"))
            style = "bold $accent" if number == self.at else "$foreground" if number < self.at else "$quiet"
            parts.append((self._text(number, name), style))
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Go to the step that was clicked on."""
        offset = event.get_content_offset(self)
        begin = 0
        for number, name in enumerate(self._names):
            end = begin + cell_len(self._text(number, name))
            if offset is not None and begin <= offset.x < end:
                self.post_message(self.Chosen(number))
            begin = end + 5

    def _text(self, number: int, name: str) -> str:
        sign = self._glyphs.ok if number == self.at else self._glyphs.never
        return f"{sign} {name}"
