"""Two versions of a text, and what is different between them."""

import difflib
from collections.abc import Iterator

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content

from tui_backup.errors import BackupError
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.browsing.directories import Copy, entry_at
from tui_backup.services.restore.handing_out import beginning
from tui_backup.services.workspace import Workspace
from tui_backup.tui.browser.sample import is_text
from tui_backup.tui.browser.text_pane import Kind, Text, TextLine, TextPane, shown, text_of
from tui_backup.tui.dialogs.dialog import Dialog, said
from tui_backup.tui.words import brief_size

MOST_BYTES = 1 << 20
"""Of a version that is compared line by line."""

MOST_LINES = 20_000


class UnifiedDialog(Dialog[None]):
    """Shows how one version became the other."""

    CSS = """
    UnifiedDialog > #dialog { width: 96%; height: 92%; padding: 0 1; }
    UnifiedDialog TextPane { height: 1fr; }
    """

    BINDINGS = [Binding("q", "give_up", _("Back"), show=False, id="unified.give-up")]

    def __init__(self, title: str, text: Text) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as box:
            box.border_title = Content(printable(self._title))
            yield TextPane(id="difference")
            yield said(_("Arrows scroll, Esc goes back."), "quiet")

    def on_mount(self) -> None:
        """Show the text."""
        pane = self.query_one(TextPane)
        pane.show(self._text)
        pane.focus()


def compared(
    workspace: Workspace, path: bytes, copies: tuple[Copy, Copy], labels: tuple[str, str], watch: Watch
) -> Text:
    """Return what is different between a file in two snapshots, as a unified diff.

    Raises:
        BackupError: one of them cannot be read, is no text, or is too large.
    """
    before, after = (_lines(workspace, copy, path, watch) for copy in copies)
    changes = difflib.unified_diff(before, after, *labels, lineterm="")
    lines = list(_coloured(changes, watch))
    if not lines:
        lines = [[(_("The texts are the same, line by line."), "dim")]]
    return text_of(lines)


def _lines(workspace: Workspace, copy: Copy, path: bytes, watch: Watch) -> list[str]:
    entry = entry_at(workspace, copy, path)
    if entry.size > MOST_BYTES:
        message = _("a version is larger than {size}: it is not compared line by line")
        raise BackupError(message.format(size=brief_size(MOST_BYTES)), hint=_("w writes it to a file"))
    content = beginning(workspace, copy, entry, lambda _read: MOST_BYTES, watch)
    if not is_text(content):
        raise BackupError(_("a version is no text: sizes and hashes are all that can be compared here"))
    lines = content.decode("utf-8", "replace").splitlines()
    if len(lines) > MOST_LINES:
        raise BackupError(_("a version has too many lines to compare them here"), hint=_("w writes it to a file"))
    return lines


def _coloured(changes: Iterator[str], watch: Watch) -> Iterator[TextLine]:
    kinds: dict[str, Kind] = {"+": "added", "-": "removed", "@": "place"}
    for number, line in enumerate(changes):
        watch.check()
        kind: Kind = "name" if number < 2 else kinds.get(line[:1], "plain")
        yield [(shown(line), kind)]
