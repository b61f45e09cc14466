"""Help: what a page is for, and every key that works there."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll

from tui_backup.primitives.i18n import _
from tui_backup.tui.dialogs.dialog import Dialog, said
from tui_backup.tui.inherited_words import key_words
from tui_backup.tui.widgets.listing import Listing

if TYPE_CHECKING:
    from tui_backup.tui.page import Page

Keys = dict[str, tuple[list[str], str]]
"""Action -> the keys for it, and what it does."""


class HelpDialog(Dialog[None]):
    """Explains a page."""

    DEFAULT_CSS = """
    HelpDialog {
        & > #dialog { scrollbar-size-vertical: 1; }
        & .group { color: $accent; text-style: bold; margin-top: 1; }
        & .key { height: auto; }
        & .key > .keys { text-style: bold; }
        & .key > .words { width: 1fr; }
    }
    """
    BINDINGS = [
        Binding("question_mark,q", "give_up", _("Back"), show=False, id="help.give-up", tooltip=_("Close this")),
    ]

    def __init__(self, page: "Page") -> None:
        super().__init__()
        self._text = page.HELP
        self._groups = _groups(page)
        keys = (" ".join(keys) for _title, group in self._groups for keys, _words in group.values())
        self._width = 2 + max((cell_len(each) for each in keys), default=0)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog") as box:
            box.border_title = _("Help")
            if self._text:
                yield said(self._text)
            for title, group in self._groups:
                yield said(title, "group")
                for keys, words in group.values():
                    yield from self._line(" ".join(keys), words)

    def on_mount(self) -> None:
        """Let the arrows scroll."""
        self.query_one("#dialog").focus()

    def _line(self, keys: str, words: str) -> Iterator[Horizontal]:
        left, right = said(keys, "keys"), said(words, "words")
        left.styles.width = self._width
        yield Horizontal(left, right, classes="key")


def _groups(page: "Page") -> list[tuple[str, Keys]]:
    """Return the keys that work on a page and in what has its focus, each action once, by where else they work."""
    here: Keys = {}
    lists: Keys = {}
    everywhere: Keys = {}
    for node, binding, enabled, tooltip in page.active_bindings.values():
        words = key_words(tooltip or binding.tooltip or binding.description)
        is_inherited = isinstance(node, Listing) and not binding.id
        if not enabled or not words or is_inherited:
            continue
        room = (binding.id or "page").partition(".")[0]
        group = {"listing": lists, "page": everywhere}.get(room, here)
        keys, _words = group.setdefault(binding.action, ([], words))
        if (shown := page.app.get_key_display(binding)) not in keys:
            keys.append(shown)
    titled = [(_("On this page"), here), (_("In lists"), lists), (_("Everywhere"), everywhere)]
    return [(title, group) for title, group in titled if group]
