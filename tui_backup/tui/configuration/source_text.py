"""Source text: the configuration file itself, with the lines marked in which something is wrong."""

from collections.abc import Collection

from textual.strip import Strip
from textual.widgets import TextArea

from tui_backup.tui.widgets.harmless import harmless


class SourceText(TextArea):
    """An editor for TOML."""

    DEFAULT_CSS = """
    SourceText, SourceText.-textual-compact { background: transparent; padding: 0; height: 1fr; }
    SourceText .text-area--gutter { color: $quiet; }
    SourceText .text-area--cursor-line { background: $block-hover-background; }
    SourceText > .source-text--wrong { color: $text-error; text-style: bold; }
    """
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
            return strip.apply_style(self.get_component_rich_style("source-text--wrong", partial=True))
        return strip
