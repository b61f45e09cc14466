"""The palette: type a little of what you want, and do it."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tui_backup.primitives.i18n import _, pgettext
from tui_backup.primitives.text import printable
from tui_backup.tui.commands import Action, matching
from tui_backup.tui.dialogs.dialog import Dialog
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.field import Field
from tui_backup.tui.widgets.listing import Listing, Remark


class Palette(Dialog[Action]):
    """Finds actions by name, in either language; answers the one that was chosen."""

    AUTO_FOCUS = "Field"
    DEFAULT_CSS = """
    Palette {
        align-vertical: top;
        & > #dialog { margin-top: 2; height: 80%; max-height: 20; }
        & Listing { height: 1fr; margin-top: 1; }
        & Listing > .listing--cursor-blurred {
            background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
        }
        &:nocolor Listing > .listing--cursor-blurred { text-style: reverse; }
        & #explanation { height: 1; margin-top: 1; color: $quiet; }
    }
    """
    BINDINGS = [
        Binding("down", "move('down')", _("Down"), show=False, id="palette.down"),
        Binding("up", "move('up')", _("Up"), show=False, id="palette.up"),
        Binding("pagedown", "move('page_down')", _("Page down"), show=False, id="palette.page-down"),
        Binding("pageup", "move('page_up')", _("Page up"), show=False, id="palette.page-up"),
    ]

    def __init__(self, known: Sequence[Action]) -> None:
        """`known` are all actions that there are."""
        super().__init__()
        self._known = known

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as box:
            box.border_title = _("Find any action by its name")
            yield Field(placeholder=_("in English or Portuguese"))
            yield Listing[Action](
                [
                    Column(id="name", title=_("Action"), cell=lambda action: action.name, grows=True),
                    Column(
                        id="key",
                        title=pgettext("on the keyboard", "Key"),
                        cell=lambda action: action.key,
                        right=True,
                    ),
                ],
                key=id,
                empty=Remark(""),
            )
            yield Static("", id="explanation", markup=False)

    def on_mount(self) -> None:
        """Show everything."""
        self._listing.can_focus = False
        self._listing.show(self._known)

    @property
    def _listing(self) -> Listing[Action]:
        return self.query_one(Listing)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        found = matching(self._known, event.value)
        if found:
            self._listing.cursor = 0
            self._listing.show(found)
            self._listing.cursor = 0
        else:
            self._listing.say(_("Nothing matches “{text}”").format(text=printable(event.value)))

    @on(Listing.Moved)
    def _moved(self, event: Listing.Moved) -> None:
        action = event.row
        self.query_one("#explanation", Static).update(Content(action.explanation if action else ""))

    @on(Input.Submitted)
    @on(Listing.Chosen)
    def _chosen(self) -> None:
        if self._listing.row is not None:
            self.dismiss(self._listing.row)

    def action_move(self, where: str) -> None:
        """Move the cursor."""
        moves = {
            "down": self._listing.action_down,
            "up": self._listing.action_up,
            "page_down": self._listing.action_page_down,
            "page_up": self._listing.action_page_up,
        }
        moves[where]()
