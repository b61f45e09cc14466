"""The lines of the runs that go on. Only a line that has changed is drawn again: that is all the terminal gets."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui_backup.primitives.i18n import _
from tui_backup.tui.widgets.cells import Piece

Line = Sequence[Piece]


class RunLines(Widget, can_focus=True):
    """Lines that one can walk through; what is in them is somebody else's."""

    DEFAULT_CSS = """
    RunLines {
        height: auto;
        & > .runs--cursor { background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold; }
        & > .runs--bold { text-style: bold; }
        & > .runs--dim { color: $quiet; }
        & > .runs--accent { color: $accent; }
        & > .runs--ok { color: $text-success; }
        & > .runs--warning { color: $text-warning; }
        & > .runs--error { color: $text-error; }
    }
    """
    COMPONENT_CLASSES = {f"runs--{name}" for name in ("cursor", "bold", "dim", "accent", "ok", "warning", "error")}

    BINDINGS = [
        Binding("down,j", "move(1)", _("Down"), show=False, id="runs.down"),
        Binding("up,k", "move(-1)", _("Up"), show=False, id="runs.up"),
    ]

    cursor: reactive[int] = reactive(0)
    """Number of the line that is chosen."""

    class Moved(Message):
        """Another line is chosen."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines."""
        before, self._lines = self._lines, lines
        if len(before) != len(lines):
            self.cursor = self.validate_cursor(self.cursor)
            self.refresh(layout=True)
            return
        for y, (old, new) in enumerate(zip(before, lines, strict=True)):
            if old != new:
                self.refresh(Region(0, y, self.size.width, 1))

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, len(self._lines) - 1))

    def watch_cursor(self) -> None:
        self.post_message(self.Moved())

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(1, len(self._lines))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        is_chosen = y == self.cursor and self.has_focus
        segments = [Segment(text, self._style(role, is_chosen=is_chosen)) for text, role in self._lines[y]]
        return Strip(segments).adjust_cell_length(width, self._style("plain", is_chosen=is_chosen)).simplify()

    @on(events.Click)
    def _clicked(self, event: events.Click) -> None:
        self.cursor = event.y

    def action_move(self, by: int) -> None:
        self.cursor += by

    def _style(self, role: str, *, is_chosen: bool) -> Style:
        if is_chosen:
            return self.rich_style + self.get_component_rich_style("runs--cursor", partial=True)
        return self.rich_style + (
            Style.null() if role == "plain" else self.get_component_rich_style(f"runs--{role}", partial=True)
        )
