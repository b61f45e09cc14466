"""Source text: the configuration file itself, with the lines marked in which something is wrong."""

from collections.abc import Collection

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.strip import Strip
from textual.widgets import TextArea

from tui_backup.primitives.i18n import _
from tui_backup.tui.widgets.harmless import harmless


class SourceText(TextArea):
    """An editor for TOML."""

    DEFAULT_CSS = """
    SourceText, SourceText.-textual-compact { background: transparent; padding: 0; height: 1fr; scrollbar-size: 1 1; }
    SourceText .text-area--gutter { color: $quiet; }
    SourceText .text-area--cursor-line { background: $block-hover-background; }
    SourceText > .source-text--wrong { color: $text-error; text-style: bold; }
    """
    BINDINGS = [
        Binding("escape,q", "screen.leave", _("Back"), key_display="esc", id="text.leave",
                tooltip=_("Go back where you were")),
        Binding("f2", "screen.turn", _("Forms"), id="text.turn", tooltip=_("Show the forms again")),
        Binding("ctrl+s", "screen.save", _("Save"), key_display="^s", id="text.save",
                tooltip=_("Show what changes in the file, then save it")),
    ]  # fmt: skip

    COMPONENT_CLASSES = {"source-text--wrong"}

    def __init__(self) -> None:
        super().__init__(id="text", compact=True, soft_wrap=False, show_line_numbers=True)
        self.cursor_blink = False
        self._wrong: Collection[int] = ()

    def mark(self, lines: Collection[int]) -> None:
        """Mark lines, counted from 1."""
        self._wrong = lines
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw a line; whatever stands in it means nothing to the terminal."""
        strip = harmless(super().render_line(y))
        if y + int(self.scroll_offset.y) + 1 in self._wrong:
            wrong = self.get_component_rich_style("source-text--wrong", partial=True)
            return Strip([Segment(text, (style or Style()) + wrong) for text, style, _ in strip], strip.cell_length)
        return strip
