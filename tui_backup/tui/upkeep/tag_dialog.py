"""The tags of a snapshot: pinned or not, and others."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from tui_backup.errors import UsageError
from tui_backup.model.snapshot import PIN
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.upkeep.tagging import check_tags
from tui_backup.tui.dialogs.dialog import Dialog, said
from tui_backup.tui.upkeep.tick import Tick
from tui_backup.tui.widgets.field import Field


class TagDialog(Dialog[tuple[str, ...]]):
    """Asks for the tags that a snapshot is to have, and answers with them."""

    CSS = """
    TagDialog Tick { margin: 1 0; }
    TagDialog.-low Tick { margin: 0; }
    TagDialog.-low .note { display: none; }
    TagDialog #verdict { height: auto; min-height: 1; }
    """

    def __init__(self, host: str, target: str, tags: tuple[str, ...]) -> None:
        """`tags` are those that a person may change."""
        super().__init__()
        self._host = host
        self._target = target
        self._is_pinned = PIN in tags
        self._tags = [tag for tag in tags if tag != PIN]
        self._others = ", ".join(self._tags)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as box:
            box.border_title = _("Tags of a snapshot")
            yield said(_("Host    {host}").format(host=self._host), "large")
            yield said(_("Target  {target}").format(target=self._target), "large")
            yield Tick(_("pinned: no policy ever forgets it"), value=self._is_pinned, id="pin")
            yield said(_("Other tags, with commas between them"), "quiet")
            yield Field(self._others, id="tags")
            yield Static(id="verdict", classes="careful", markup=False)
            yield said(
                _("The snapshot gets another id. Its copies in other repositories keep their tags."), "quiet note"
            )
            with Horizontal(id="buttons"):
                yield Button(_("Do nothing"), id="no", compact=True)
                yield Button(_("Change"), id="yes", variant="error", compact=True)

    def on_mount(self) -> None:
        """Put the focus on what is changed most."""
        self.query_one("#pin").focus()

    @on(Input.Changed)
    def _typed(self) -> None:
        try:
            check_tags([tag for tag in self._wanted if tag not in self._tags])
        except UsageError as error:
            verdict = error.message
        else:
            verdict = ""
        self.query_one("#verdict", Static).update(printable(verdict))
        self.query_one("#yes", Button).disabled = bool(verdict)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.query_one("#yes").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(self._wanted if event.button.id == "yes" else None)

    @property
    def _wanted(self) -> tuple[str, ...]:
        """The tags as somebody wants them; where nobody touched the text they stay, even those with a comma in them."""
        text = self.query_one("#tags", Input).value
        typed = self._tags if text == self._others else [tag.strip() for tag in text.split(",")]
        pin = [PIN] if self.query_one("#pin", Tick).value else []
        return tuple(dict.fromkeys([*pin, *filter(None, typed)]))
