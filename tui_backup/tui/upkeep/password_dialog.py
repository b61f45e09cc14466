"""A new password: typed twice without being seen, or made by the program and shown once."""

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui_backup.errors import UsageError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import Secret, random_secret
from tui_backup.primitives.text import printable
from tui_backup.services.storage.keyrings import Keeping, check_for_file, weakness
from tui_backup.tui.dialogs.dialog import Dialog, said
from tui_backup.tui.upkeep.tick import Tick
from tui_backup.tui.widgets.field import Field


@dataclass(frozen=True)
class NewPassword:
    """What somebody decided on."""

    secret: Secret
    update_file: bool
    """Whether the configured file is to hold it from then on."""


@dataclass(frozen=True, kw_only=True)
class PasswordWish:
    """What a password is asked for."""

    title: str
    host: str
    repository: str
    facts: tuple[str, ...]
    """What will happen, a line each."""
    action: str
    keeping: Keeping | None = None
    """Where the configured password is kept, if that is the one that changes."""


class PasswordField(Field):
    """One line that shows nothing of what is typed."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self.password = True


class PasswordDialog(Dialog[NewPassword]):
    """Asks for a password twice; a weak one is warned about."""

    CSS = """
    PasswordDialog.-low .note { display: none; }
    PasswordDialog.-low #generated { margin-top: 0; }
    PasswordDialog .label { color: $quiet; }
    PasswordDialog #verdict { min-height: 1; height: auto; }
    PasswordDialog #generated { display: none; color: $accent; text-style: bold; margin-top: 1; }
    PasswordDialog #generated.-shown { display: block; }
    """

    BINDINGS = [
        Binding("f2", "generate", _("Make one"), id="password.generate",
                tooltip=_("Have a password made that nobody can guess")),
    ]  # fmt: skip

    def __init__(self, wish: PasswordWish) -> None:
        super().__init__()
        self._wish = wish

    def compose(self) -> ComposeResult:
        wish = self._wish
        with VerticalScroll(id="dialog", can_focus=False) as box:
            box.border_title = Content(wish.title)
            yield said(_("Host    {host}").format(host=wish.host), "large")
            yield said(_("Target  {target}").format(target=wish.repository), "large")
            for fact in wish.facts:
                yield said(fact, "quiet note")
            yield said(_("New password"), "label")
            yield PasswordField(id="first")
            yield said(_("The same again"), "label")
            yield PasswordField(id="second")
            yield Static(id="verdict", markup=False)
            yield Static(id="generated", markup=False)
            yield from self._about_file()
            with Horizontal(id="buttons"):
                yield Button(_("Make one (F2)"), id="generate", compact=True)
                yield Button(_("Do nothing"), id="no", compact=True)
                yield Button(Content(wish.action), id="yes", variant="error", disabled=True, compact=True)

    def on_mount(self) -> None:
        """Put the focus where one types."""
        self.query_one("#first").focus()

    @on(Input.Changed)
    def _typed(self) -> None:
        first, second = self._values
        verdict, tone, is_good = self._judged(first, second)
        shown = self.query_one("#verdict", Static)
        shown.update(printable(verdict))
        shown.set_class(tone == "careful", "careful")
        shown.set_class(tone == "quiet", "quiet")
        self.query_one("#yes", Button).disabled = not is_good

    @on(Tick.Changed)
    def _ticked(self) -> None:
        self._typed()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "first":
            self.query_one("#second").focus()
        elif not self.query_one("#yes", Button).disabled:
            self.query_one("#yes").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "generate":
            self.action_generate()
        elif event.button.id == "yes":
            self.dismiss(NewPassword(Secret(self._values[0]), self._updates_file))
        else:
            self.dismiss(None)

    def action_generate(self) -> None:
        """Fill in a password that is made, and show it this once."""
        made = random_secret().reveal()
        for name in ("#first", "#second"):
            self.query_one(name, Input).value = made
        shown = self.query_one("#generated", Static)
        words = _("{password}\nShown only here and now: keep it somewhere else than on this host.")
        shown.update(words.format(password=made))
        shown.add_class("-shown")
        self.query_one("#no").focus()

    @property
    def _values(self) -> tuple[str, str]:
        return self.query_one("#first", Input).value, self.query_one("#second", Input).value

    @property
    def _updates_file(self) -> bool:
        return any(box.value for box in self.query(Tick))

    def _about_file(self) -> ComposeResult:
        kept = self._wish.keeping
        if kept is None:
            return
        if kept.file is not None:
            yield Tick(_("write it to {path} too").format(path=kept.file), value=True, id="update")
            return
        words = _("The configured password will open {name} no longer: {what}.")
        yield said(words.format(name=self._wish.repository, what=kept.instruction), "careful")

    def _judged(self, first: str, second: str) -> tuple[str, str, bool]:
        """Return what is to be said of what was typed, how, and whether it can be taken."""
        if not first:
            return "", "", False
        try:
            weak = weakness(Secret(first))
            if self._updates_file:
                check_for_file(Secret(first))
        except UsageError as error:
            return error.message, "careful", False
        if first != second:
            return _("The two are not the same yet"), "quiet", False
        return (f"! {weak}", "careful", True) if weak else ("", "", True)
