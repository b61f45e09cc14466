"""Rows of secrets: where one comes from, without showing one that stands in the file."""

import shlex
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Button, Input, Static, TextArea

from tui_backup.config.fields import Field as Described
from tui_backup.config.lines import Key
from tui_backup.config.masking import is_open, sealed, unsealed
from tui_backup.primitives.i18n import _
from tui_backup.tui.configuration.rows import LABEL, Lines, Row
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.widgets.choice import Choice
from tui_backup.tui.widgets.field import Field


class SecretRow(Row):
    """Where a secret comes from; one that stands in the file itself is never shown."""

    WAYS: ClassVar[tuple[str, ...]] = ("file", "env", "command")
    """The first is what is offered where nothing is given."""

    class KeyFileWanted(Message):
        """Somebody wants a random secret to be put into the file that is named."""

        def __init__(self, row: "SecretRow") -> None:
            super().__init__()
            self.row = row

    def __init__(self, key: Key, field: Described, value: Any, glyphs: Glyphs) -> None:
        super().__init__(key, field, value, glyphs)
        self._literal = value if isinstance(value, str) and not is_open(field, value) else None
        self._ways = [*self.WAYS, *(["literal"] if self._literal is not None else [])]
        self._texts = dict.fromkeys(self.WAYS, "")
        self._way = self.WAYS[0]
        if self._literal is not None:
            self._way = "literal"
        elif isinstance(value, str):
            self._texts[self._way] = value
        elif isinstance(value, dict) and (way := next(iter(value), "file")) in self.WAYS:
            self._way = way
            named = value[way]
            self._texts[way] = shlex.join(map(str, named)) if isinstance(named, list) else str(named)

    def control(self) -> ComposeResult:
        words = {
            "here": _("here"),
            "file": _("file"),
            "env": _("variable"),
            "command": _("command"),
            "literal": _("set in the file"),
        }
        texts = [words[way] for way in self._ways]
        yield Choice(self.field.label, texts, self._glyphs, chosen=self._ways.index(self._way), width=LABEL)
        with Horizontal(classes="line"):
            yield Static("", classes="label")
            yield Field(self._texts.get(self._way, ""))
            yield Button(_("Create"), compact=True, tooltip=_("Put a random password into this file, for you alone"))

    def on_mount(self) -> None:
        """Show what belongs to the way at hand."""
        self._show_way()

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        self._way = self._ways[event.number]
        self.query_one(Field).value = self._texts.get(self._way, "")
        self._show_way()
        self._take()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._way in self._texts and self._texts[self._way] != event.value:
            self._texts[self._way] = event.value
            self._take()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.KeyFileWanted(self))

    def _show_way(self) -> None:
        self.query_one(Field).display = self._way != "literal"
        self.query_one(Button).display = self._way == "file" and self.key[0] == "repositories"

    def _take(self) -> None:
        if self._way == "literal":
            self.give(self._literal)
            return
        text = self._texts[self._way].strip()
        if self._way == "here":
            self.give(text or None)
            return
        if self._way != "command" or not text:
            self.give({self._way: text} if text else None)
            return
        try:
            self.give({"command": shlex.split(text)})
        except ValueError:
            self.complain(_("a quotation mark has no second one"))


class AddressRow(SecretRow):
    """Where something is sent to; an address may be a secret, and most are none."""

    WAYS: ClassVar[tuple[str, ...]] = ("here", *SecretRow.WAYS)


class SealedRow(Row):
    """A list or a table of secrets as TOML; those that stand in the file itself are masked, and stay if masks do."""

    def control(self) -> ComposeResult:
        yield self.labelled(Lines(self.field.shown(sealed(self.field, self.given))))

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        text = event.text_area.text
        value = self.field.given(text)
        meant = value if value is None or isinstance(value, str) else unsealed(value, self._former)
        self.give(text if meant is None and value is not None else meant)
