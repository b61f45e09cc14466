"""Rows of a form: a label, what is given for one key, and below it a line of help or what is wrong with it."""

from collections.abc import Sequence
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantFocus
from textual.message import Message
from textual.strip import Strip
from textual.suggester import Suggester
from textual.widgets import Input, Static, TextArea

from tui_backup.config.fields import Field as Described
from tui_backup.config.lines import Key
from tui_backup.primitives.about import Shape
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.tui.dialogs.dialog import said
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.widgets.choice import Choice
from tui_backup.tui.widgets.field import Field
from tui_backup.tui.widgets.harmless import harmless

LABEL = 16
"""Columns of a label."""


class Row(Vertical):
    """One key."""

    class Edited(Message):
        """Somebody has given another value; None: the key is left out."""

        def __init__(self, row: "Row", value: Any) -> None:
            super().__init__()
            self.row = row
            self.value = value

    def __init__(self, key: Key, field: Described, value: Any, glyphs: Glyphs) -> None:
        """`value` is what the file has, None where it has nothing."""
        super().__init__()
        self.key = key
        self.field = field
        self.given = value
        """What the row says at present."""
        self._former = value
        self._glyphs = glyphs
        self._reason: str | None = None
        self._told = ""
        self._note = Static(Content(field.help), classes="note", markup=False)

    def compose(self) -> ComposeResult:
        yield from self.control()
        yield self._note

    def control(self) -> ComposeResult:
        """Yield what the value is given with."""
        yield from ()

    def give(self, value: Any) -> None:
        """Take a value that somebody has given."""
        if value != self.given:
            self.given = value
            self.post_message(self.Edited(self, value))

    def complain(self, reason: str | None) -> None:
        """Say what is wrong, in the place of the help; None: nothing is."""
        self._note_that(reason and (self.field.trouble(self.given) or reason), self._told)

    def tell(self, text: str) -> None:
        """Say what the value comes to, in the place of the help while nothing is wrong."""
        self._note_that(self._reason, text)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Be seen whole, with what is said below; what is not seen at all the screen puts into its middle."""
        if self.screen.can_view_entire(event.widget):
            self.call_after_refresh(self.scroll_visible, animate=False)

    def _note_that(self, reason: str | None, told: str) -> None:
        if (reason, told) == (self._reason, self._told):
            return
        self._reason, self._told = reason, told
        text = told or self.field.help if reason is None else f"{self._glyphs.failed} {printable(reason)}"
        self._note.update(Content(text))
        self.set_class(reason is not None, "-wrong")
        if self.has_focus_within:
            self.call_after_refresh(self.scroll_visible, animate=False)

    @property
    def placeholder(self) -> str:
        """What is said in an empty field: what holds where nothing is given."""
        default = self.field.default
        if isinstance(default, tuple):
            return ", ".join(map(str, default))
        return "" if default is None else str(default)

    def labelled(self, *control: Field | TextArea | Static) -> Horizontal:
        """Return a control with the label before it."""
        return Horizontal(Static(Content(self.field.label), classes="label", markup=False), *control, classes="line")


class TextRow(Row):
    """A text, a number, a duration or a size."""

    def control(self) -> ComposeResult:
        yield self.labelled(Field(self.field.shown(self.given), placeholder=self.placeholder))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.give(self.field.given(event.value, self._former))


class LastName(Suggester):
    """Offers the rest of the last of several names."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._names = names

    async def get_suggestion(self, value: str) -> str | None:
        """Return the text with its last name whole; None where that is none of those known, or there already."""
        begin = value[value.rfind(",") + 1 :].lstrip()
        taken = {name.strip() for name in value.split(",")[:-1]}
        whole = next((name for name in self._names if begin and name.startswith(begin) and name not in taken), None)
        return None if whole is None else value + whole[len(begin) :]


class NamesRow(Row):
    """Names, with commas between them."""

    def control(self) -> ComposeResult:
        names = self.given if isinstance(self.given, list) else []
        suggester = LastName(self.field.words) if self.field.words else None
        yield self.labelled(Field(", ".join(map(str, names)), placeholder=self.placeholder, suggester=suggester))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.give([name.strip() for name in event.value.split(",") if name.strip()] or None)


class Lines(TextArea):
    """Texts, one a line."""

    DEFAULT_CSS = """
    Lines, Lines.-textual-compact {
        height: auto; max-height: 8; background: $panel; padding: 0 1; scrollbar-size: 1 1;
    }
    Lines:focus { background: $block-cursor-blurred-background; }
    Lines .text-area--cursor-line { background: transparent; }
    Lines:ansi, Lines:nocolor { text-style: underline; }
    """

    def __init__(self, text: str) -> None:
        super().__init__(text, compact=True, soft_wrap=False, highlight_cursor_line=False)
        self.cursor_blink = False

    def render_line(self, y: int) -> Strip:
        """Draw it; whatever somebody pastes means nothing to the terminal."""
        return harmless(super().render_line(y))


class ListRow(Row):
    """Several texts."""

    def control(self) -> ComposeResult:
        yield self.labelled(Lines(self.field.shown(self.given)))

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.give(self.field.given(event.text_area.text, self._former))


class ChoiceRow(Row):
    """One of a few."""

    def __init__(self, key: Key, field: Described, value: Any, glyphs: Glyphs) -> None:
        super().__init__(key, field, value, glyphs)
        flags = [(_("yes"), True), (_("no"), False)]
        named = [(choice, choice) for choice in field.choices] or flags
        self._options: list[tuple[str, Any]] = named
        if field.default is None and not field.required:
            self._options = [(_("default"), None), *named]

    def control(self) -> ComposeResult:
        value = self.field.default if self.given is None else self.given
        values = [each for _text, each in self._options]
        chosen = values.index(value) if value in values else 0
        texts = [text for text, _value in self._options]
        yield Choice(self.field.label, texts, self._glyphs, chosen=chosen, width=LABEL)

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        self.give(self._options[event.number][1])


class KindRow(ChoiceRow):
    """The kind of an adapter; another one has other keys."""

    def __init__(self, key: Key, field: Described, value: Any, glyphs: Glyphs, *, shape: Shape) -> None:
        """`shape` says what it is a kind of."""
        super().__init__(key, field, value, glyphs)
        self.shape: Shape = shape


def heading(text: str) -> Static:
    """Return the line above a group of rows; text from data may be given as it is."""
    return said(text, "heading")
