"""Dialog: a small screen over a page, with one line of buttons of which the safe one has the focus."""

from typing import TypeVar

from textual.binding import Binding
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.tui.topmost import Topmost

ResultT = TypeVar("ResultT")


class Dialog(Topmost[ResultT], ModalScreen[ResultT]):
    """What all dialogs share; Escape leaves them with nothing done."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 60%;
        & > #dialog {
            width: 72; max-width: 96%; height: auto; max-height: 96%;
            padding: 1 2; background: $surface; border: round $border;
            border-title-color: $foreground; border-title-style: bold;
        }
        & .quiet { color: $quiet; }
        & .bad { color: $text-error; }
        & .careful { color: $text-warning; }
        & .large { text-style: bold; }
        & #buttons { height: auto; margin-top: 1; align-horizontal: right; }
        & Button { margin-left: 2; min-width: 12; }
        &.-low > #dialog { padding: 0 2; }
        &.-low #buttons { margin-top: 0; }
    }
    """

    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-tall")]

    BINDINGS = [
        Binding("escape", "give_up", _("Back"), id="dialog.give-up", tooltip=_("Leave with nothing done")),
        Binding("left", "app.focus_previous", _("Previous"), show=False, id="dialog.previous"),
        Binding("right", "app.focus_next", _("Next"), show=False, id="dialog.next"),
    ]

    def action_give_up(self) -> None:
        """Leave with nothing done."""
        self.dismiss(None)


def said(text: str, classes: str = "") -> Static:
    """Return a paragraph; text from data may be given as it is, markup in it means nothing."""
    return Static(Content(printable_lines(text)), classes=classes, markup=False)


def printable_lines(text: str) -> str:
    """Return text of several lines that a terminal shows and does nothing else with."""
    return "\n".join(printable(line) for line in text.split("\n"))
