"""Sample: a little of everything that a theme colours."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_backup.primitives.i18n import _
from tui_backup.services.words import status_word
from tui_backup.tui.glyphs import Glyphs


class Sample(VerticalScroll, can_focus=False):
    """Shows what text, states and bars look like."""

    DEFAULT_CSS = """
    Sample { height: 1fr; padding: 1 2; scrollbar-size-vertical: 1; }
    Sample Static { margin-bottom: 1; }
    Sample .cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
        &:nocolor { text-style: reverse; }
    }
    Sample .box { border: round $border; padding: 0 1; }
    Sample .raised { background: $surface; padding: 0 1; }
    """

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        yield Static(self._states(), markup=False)
        yield Static(_("The row under the cursor"), classes="cursor", markup=False)
        yield Static(self._texts(), markup=False)
        yield Static(self._bar(), markup=False)
        yield Static(_("A pane"), classes="box", markup=False)
        yield Static(_("A dialog stands on this"), classes="raised", markup=False)

    def _states(self) -> Content:
        glyphs = self._glyphs
        states = (
            (glyphs.ok, status_word("ok"), "$text-success"),
            (glyphs.stale, status_word("incomplete"), "$text-warning"),
            (glyphs.failed, status_word("failed"), "$text-error"),
            (glyphs.running, status_word("running"), "$accent"),
        )
        return Content("\n").join(Content.styled(f"{sign} {word}", style) for sign, word, style in states)

    def _texts(self) -> Content:
        return Content.assemble(_("Text that matters."), "\n", (_("Text that matters less."), "$quiet"))

    def _bar(self) -> Content:
        glyphs = self._glyphs
        return Content.assemble(
            (glyphs.full * 11, "$accent"), (glyphs.void * 7, "$quiet"), "  61 %  ", (glyphs.bars, "$accent")
        )
