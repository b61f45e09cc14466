"""Confirm: what will be done, to what, on which host; the safe answer has the focus."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.tui.dialogs.dialog import Dialog, printable_lines, said


@dataclass(frozen=True, kw_only=True)
class Question:
    """What somebody is asked before something is changed."""

    title: str
    host: str
    """Of this machine."""
    target: str
    """What is changed: a directory, a repository."""
    facts: Sequence[str] = ()
    """What will happen, a line each."""
    warnings: Sequence[str] = ()
    undo: str = ""
    """How it can be undone, or that it cannot be."""
    word: str | None = None
    """What has to be typed; None: a button is enough."""
    action: str = ""
    """What the button that does it says."""


class Confirm(Dialog[bool]):
    """Asks, and answers True only if somebody agreed; None or False otherwise."""

    CSS = """
    Confirm #typed { margin-top: 1; }
    Confirm #said { height: auto; max-height: 50vh; scrollbar-size-vertical: 1; }
    Confirm.-low #said { max-height: 40vh; }
    Confirm.-low #typed { margin-top: 0; }
    """

    BINDINGS = [
        Binding("down", "scroll(1)", _("Down"), show=False, id="confirm.down"),
        Binding("up", "scroll(-1)", _("Up"), show=False, id="confirm.up"),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        asked = self._question
        with Vertical(id="dialog") as box:
            box.border_title = Content(printable(asked.title))
            yield said(_("Host    {host}").format(host=asked.host), "large")
            yield Static(Content(target_line(asked.target)), id="target", classes="large", markup=False)
            with VerticalScroll(id="said", can_focus=False):
                for fact in asked.facts:
                    yield said(fact)
                for warning in asked.warnings:
                    yield said(f"! {warning}", "careful")
                if asked.undo:
                    yield said(asked.undo, "quiet")
            yield from self.further()
            if asked.word is not None:
                yield said(_("Type {word} to go on:").format(word=asked.word))
                yield Input(id="typed", compact=True)
            with Horizontal(id="buttons"):
                yield Button(_("Do nothing"), id="no", compact=True)
                is_held = asked.word is not None
                yield Button(Content(asked.action), id="yes", variant="error", disabled=is_held, compact=True)

    def further(self) -> ComposeResult:
        """Yield what else is asked."""
        yield from ()

    def on_mount(self) -> None:
        """Put the focus where nothing happens by accident."""
        self.query_one("#no" if self._question.word is None else "#typed").focus()

    def action_scroll(self, by: int) -> None:
        """Show more of what will happen, where not all of it fits."""
        self.query_one("#said").scroll_relative(y=by, animate=False)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#yes", Button).disabled = event.value != self._question.word

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value == self._question.word:
            self.query_one("#yes").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


def target_line(target: str) -> str:
    """Return the line that names the target; text from data may be given as it is."""
    return printable_lines(_("Target  {target}").format(target=target))
