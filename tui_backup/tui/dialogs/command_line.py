"""Shows the command that does the same as what is at hand, and copies it."""

from textual.app import ComposeResult
from textual.containers import Vertical

from tui_backup.primitives.i18n import _
from tui_backup.tui.dialogs.dialog import Dialog, said

_MOST_SHOWN = 4000
"""Characters of a command that are shown; each path that was marked is part of one. All of it is copied."""


class CommandLineDialog(Dialog[None]):
    """A command, ready to be pasted."""

    def __init__(self, line: str) -> None:
        """`line` is the command as it is typed."""
        super().__init__()
        self._line = line

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as box:
            box.border_title = _("The same on the command line")
            yield said(self._line if len(self._line) <= _MOST_SHOWN else f"{self._line[:_MOST_SHOWN]}…", "large")
            yield said(_("It was copied, if your terminal allows that (OSC 52). Esc goes back."), "quiet")

    def on_mount(self) -> None:
        """Copy it."""
        self.app.copy_to_clipboard(self._line)
