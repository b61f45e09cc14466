"""Asks what an export is to be, and whether it is to be written."""

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.restore.exporting import formats
from tui_backup.tui.dialogs.confirm import Confirm, Question, target_line
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.widgets.choice import Choice


class ExportDialog(Confirm):
    """Confirms, and lets somebody choose the format."""

    CSS = (
        Confirm.CSS.replace("Confirm", "ExportDialog")
        + """
    ExportDialog #format { margin-top: 1; }
    ExportDialog.-low #format { margin-top: 0; }
    """
    )

    def __init__(self, question: Question, stem: bytes, glyphs: Glyphs) -> None:
        """`stem` is the path without the ending that tells the format."""
        super().__init__(question)
        self.format = formats()[0]
        """What is chosen."""
        self._stem = stem
        self._glyphs = glyphs

    @property
    def target(self) -> bytes:
        """Where it would go."""
        return self._stem + b"." + self.format.encode()

    def further(self) -> ComposeResult:
        """Yield the choice."""
        yield Choice(_("Format"), formats(), self._glyphs, id="format")

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        self.format = formats()[event.number]
        self.query_one("#target", Static).update(Content(target_line(printable(self.target))))
