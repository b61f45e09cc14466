"""Preview: metadata above, and below that what an entry holds, once the cursor has rested on it."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui_backup.errors import BackupError
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.browsing.directories import Copy
from tui_backup.tui.asking import Answered, Asker
from tui_backup.tui.browser.rows import Row
from tui_backup.tui.browser.sample import Sample, facts_of, sample_of
from tui_backup.tui.browser.text_pane import TextPane
from tui_backup.tui.desk import Desk

RESTS_S = 0.15
"""How long the cursor has to rest on an entry before it is looked into."""


class Preview(Vertical):
    """Shows one entry. What is read is read aside, and given up when another one is to be shown."""

    DEFAULT_CSS = """
    Preview {
        & > #facts { height: auto; max-height: 8; color: $quiet; }
        & > TextPane { height: 1fr; margin-top: 1; }
    }
    """

    def __init__(self, desk: Desk, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id, classes=classes)
        self._desk = desk
        self._asker = Asker(desk.questions, self)
        self._shown: tuple[Copy, Row] | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="facts", markup=False)
        yield TextPane(id="text")

    def on_answered(self, message: Answered) -> None:
        """Hand over an answer."""
        message.stop()
        message.deliver()

    def on_unmount(self) -> None:
        """Stop what nobody waits for any more."""
        self._asker.drop_all()

    def on_show(self) -> None:
        """Look into the entry at hand."""
        self._rest()

    @property
    def pane(self) -> TextPane:
        """Where the content is."""
        return self.query_one(TextPane)

    def look_at(self, copy: Copy | None, row: Row | None) -> None:
        """Show the metadata of an entry, and what it holds as soon as that is read."""
        if self._shown is not None and row is not None and self._shown[1] is row:
            return
        self._asker.drop_all()
        self._shown = None if copy is None or row is None else (copy, row)
        if self._shown is None or row is None:
            self._label("", [], "")
            self.pane.say("")
            return
        self._label(row.name, facts_of(row.entry, self._desk.zone), "")
        self.pane.add_class("-waiting")
        self._rest()

    def _rest(self) -> None:
        """Look into the entry unless another one follows at once; where nobody sees it, not at all."""
        if self._shown is None or not self.is_on_screen:
            return
        copy, row = self._shown
        if row.is_other:
            self._say(_("not in this snapshot"), _("v shows where it is"))
            return
        width = self.pane.size.width

        def work(watch: Watch) -> Sample:
            watch.cancel.wait(RESTS_S)
            watch.check()
            with self._desk.reading() as workspace:
                return sample_of(workspace, copy, row.entry, width, watch)

        self._asker.ask("sample", work, self._show, self._failed, copy.repository)

    def _show(self, sample: Sample) -> None:
        self.pane.remove_class("-waiting")
        self.pane.show(sample.text)
        self.border_subtitle = Content(printable(sample.remark))

    def _failed(self, error: BackupError) -> None:
        self._say(error.message, error.hint, failed=True)

    def _say(self, text: str, hint: str | None, *, failed: bool = False) -> None:
        self.pane.remove_class("-waiting")
        self.pane.say("\n".join(filter(None, (text, hint))), "error" if failed else "dim")

    def _label(self, name: str, facts: list[str], remark: str) -> None:
        self.border_title = Content(printable(name))
        self.border_subtitle = Content(remark)
        self.query_one("#facts", Static).update(Content("\n".join(facts)))
