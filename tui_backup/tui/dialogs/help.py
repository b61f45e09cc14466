"""Help: what a page is for, and every key that works there."""

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from tui_backup.primitives.i18n import _
from tui_backup.tui.dialogs.dialog import Dialog, said
from tui_backup.tui.inherited_words import key_words

if TYPE_CHECKING:
    from tui_backup.tui.page import Page

KEY_WIDTH = 14


class HelpDialog(Dialog[None]):
    """Explains a page."""

    BINDINGS = [Binding("question_mark,q", "give_up", show=False, id="help.give-up")]

    def __init__(self, page: "Page") -> None:
        super().__init__()
        self._text = page.HELP
        self._lines = [f"{key:<{KEY_WIDTH}}{text}" for key, text in _keys(page)]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog") as box:
            box.border_title = _("Help")
            if self._text:
                yield said(f"{self._text}\n")
            yield said("\n".join(self._lines))


def _keys(page: "Page") -> list[tuple[str, str]]:
    """Return the keys that work on a page and in what has its focus, each action once, and what they do."""
    found: dict[str, tuple[list[str], str]] = {}
    for _node, binding, enabled, tooltip in page.active_bindings.values():
        words = key_words(tooltip or binding.tooltip or binding.description)
        if enabled and words:
            keys, _words = found.setdefault(binding.action, ([], words))
            keys.append(page.app.get_key_display(binding))
    return [(" ".join(dict.fromkeys(keys)), words) for keys, words in found.values()]
