"""The filter line: what the rows of a listing have to hold, typed while the listing follows."""

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from tui_backup.primitives.i18n import _
from tui_backup.tui.widgets.listing import Listing


class FilterLine(Horizontal):
    """Filters one listing at a time. It is seen from `open` until the filter is taken away.

    Enter goes back to the rows and keeps the filter, Escape takes it away.
    """

    DEFAULT_CSS = """
    FilterLine {
        height: 1; padding: 0 1; display: none; background: $surface;
        &.-open { display: block; }
        & > Label { color: $accent; width: 2; }
        & > Input { width: 1fr; background: transparent; &:focus { background: transparent; } }
    }
    """

    BINDINGS = [
        Binding("escape", "clear", _("No filter"), key_display="esc", id="filter.clear",
                tooltip=_("Show all rows again")),
        Binding("down", "keep", show=False, id="filter.keep", tooltip=_("Keep the filter and go back to the rows")),
    ]  # fmt: skip

    class Changed(Message):
        """Other rows are shown."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self._listing: Listing[Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a filter is in force, or being typed."""
        return self._listing is not None

    def compose(self) -> ComposeResult:
        yield Label("/")
        field = Input(placeholder=_("only rows with this text"), compact=True, select_on_focus=False)
        field.cursor_blink = False
        yield field

    def open(self, listing: Listing[Any]) -> None:
        """Let somebody type what the rows of a listing have to hold."""
        if self._listing not in {None, listing}:
            self.clear()
        self._listing = listing
        self.add_class("-open")
        field = self.query_one(Input)
        field.value = listing.needle
        self.screen.set_focus(field)

    def clear(self) -> None:
        """Take the filter away."""
        listing, self._listing = self._listing, None
        self.remove_class("-open")
        self.query_one(Input).value = ""
        if listing is not None:
            listing.needle = ""
            listing.focus()
            self.post_message(self.Changed())

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._listing is not None:
            self._listing.needle = event.value
            self.post_message(self.Changed())

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Go back to the rows."""
        if self._listing is not None and not self._listing.needle:
            self.clear()
        elif self._listing is not None:
            self._listing.focus()

    def action_clear(self) -> None:
        """Show all rows again."""
        self.clear()
