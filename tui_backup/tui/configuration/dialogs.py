"""Dialogs of the configuration editor: what will be saved, what somebody else saved, a name, and leaving."""

from collections.abc import Sequence
from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui_backup.config.reader import name_trouble
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.tui.dialogs.dialog import Dialog, said
from tui_backup.tui.widgets.field import Field

_STYLES = {"+": "$text-success", "-": "$text-error", "@": "$quiet"}

Answer = Literal["save", "theirs", "both", "leave"]


def difference(lines: Sequence[str]) -> Static:
    """Return a unified diff, as it is shown."""
    shown = [Content.styled(printable(line), _STYLES.get(line[:1], "")) for line in lines]
    return Static(Content("\n").join(shown), classes="difference", markup=False)


class AnswerDialog(Dialog[Answer]):
    """A dialog of which each button but the safe one is an answer."""

    DEFAULT_CSS = """
    AnswerDialog {
        & > #dialog { width: 110; overflow-y: auto; }
        & VerticalScroll { height: auto; max-height: 50vh; margin-top: 1; scrollbar-size-vertical: 1; }
    }
    """

    BINDINGS = [
        Binding("down,j", "scroll(1)", _("Down"), show=False, id="answers.down"),
        Binding("up,k", "scroll(-1)", _("Up"), show=False, id="answers.up"),
        Binding("pagedown,space", "scroll(10)", _("Page down"), show=False, id="answers.page-down"),
        Binding("pageup", "scroll(-10)", _("Page up"), show=False, id="answers.page-up"),
    ]

    def on_mount(self) -> None:
        """Put the focus where nothing happens by accident."""
        self.query_one("#stay").focus()

    def action_scroll(self, lines: int) -> None:
        """Scroll what is shown."""
        for box in self.query(VerticalScroll):
            box.scroll_relative(y=lines, animate=False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        answers: dict[str | None, Answer] = {"save": "save", "theirs": "theirs", "both": "both", "leave": "leave"}
        self.dismiss(answers.get(event.button.id))


class SaveDialog(AnswerDialog):
    """Shows what changes in the file, and asks whether to save it."""

    BINDINGS = [Binding("S,ctrl+s", "save", _("Save"), key_display="S", id="save.save", tooltip=_("Save the file"))]

    def __init__(self, host: str, path: str, lines: Sequence[str]) -> None:
        super().__init__()
        self._host = host
        self._path = path
        self._lines = lines

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as box:
            box.border_title = _("Save the configuration")
            yield said(_("Host    {host}").format(host=self._host), "large")
            yield said(_("Target  {target}").format(target=self._path), "large")
            with VerticalScroll(can_focus=False):
                yield difference(self._lines)
            with Horizontal(id="buttons"):
                yield Button(_("Go on editing"), id="stay", compact=True)
                yield Button(_("Save (S)"), id="save", variant="primary", compact=True)

    def action_save(self) -> None:
        """Save."""
        self.dismiss("save")


class ConflictDialog(AnswerDialog):
    """Shows what somebody else saved and what was to be saved here."""

    def __init__(self, host: str, path: str, theirs: Sequence[str], ours: Sequence[str]) -> None:
        super().__init__()
        self._host = host
        self._path = path
        self._theirs = theirs
        self._ours = ours

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as box:
            box.border_title = _("The file was changed meanwhile")
            yield said(_("Host    {host}").format(host=self._host), "large")
            yield said(_("Target  {target}").format(target=self._path), "large")
            yield said(_("Somebody else has saved it meanwhile. Nothing of yours was saved."))
            with VerticalScroll(can_focus=False):
                yield said(_("Saved by somebody else:"), "quiet")
                yield difference(self._theirs)
                yield said(_("Yours, not saved:"), "quiet")
                yield difference(self._ours)
                yield said(_("Put on top, your keys and values stay; of comments, those of the file."), "quiet")
            with Horizontal(id="buttons"):
                yield Button(_("Go on editing"), id="stay", compact=True)
                yield Button(_("Drop mine"), id="theirs", variant="error", compact=True)
                yield Button(_("Put mine on top"), id="both", variant="primary", compact=True)


class LeaveDialog(AnswerDialog):
    """Asks what becomes of changes that are not saved."""

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as box:
            box.border_title = _("Changes are not saved")
            yield said(_("What you changed here is not in the file yet."))
            with Horizontal(id="buttons"):
                yield Button(_("Stay"), id="stay", compact=True)
                yield Button(_("Leave without saving"), id="leave", variant="error", compact=True)
                yield Button(_("Save…"), id="save", variant="primary", compact=True)


class NameDialog(Dialog[str]):
    """Asks for the name of a job or repository."""

    def __init__(self, title: str, explanation: str, taken: Sequence[str], name: str = "") -> None:
        """`taken` are names that it cannot have."""
        super().__init__()
        self._heading = title
        self._explanation = explanation
        self._taken = taken
        self._former = name

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as box:
            box.border_title = Content(printable(self._heading))
            yield said(self._explanation, "quiet")
            yield Field(self._former, placeholder=_("name"))
            yield said("", "bad")
            with Horizontal(id="buttons"):
                yield Button(_("Back"), id="no", compact=True)
                yield Button(_("Go on"), id="yes", variant="primary", disabled=True, compact=True)

    def on_mount(self) -> None:
        """Begin with typing."""
        self.query_one(Field).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        trouble = name_trouble(event.value) if event.value else ""
        if event.value in self._taken:
            trouble = _("there is one of that name")
        self.query_one(".bad", Static).update(Content(trouble or ""))
        self.query_one("#yes", Button).disabled = bool(trouble) or event.value in {"", self._former}

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if not self.query_one("#yes", Button).disabled:
            self.dismiss(event.value)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(self.query_one(Field).value if event.button.id == "yes" else None)
