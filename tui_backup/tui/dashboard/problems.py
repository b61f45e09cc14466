"""The problems: what somebody should look at, each with what can be done about it."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui_backup.errors import BackupError
from tui_backup.model.event import Event
from tui_backup.model.trouble import Trouble
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.dashboard import Overview, overview
from tui_backup.tui.dashboard.cures import Cure, command_of, cure_of, kind_piece
from tui_backup.tui.desk import Desk
from tui_backup.tui.dialogs.confirm import Confirm, Question
from tui_backup.tui.page import Page
from tui_backup.tui.places import Place
from tui_backup.tui.running.starting import start_backup
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.listing import Listing, Remark


class CureListing(Listing[Trouble]):
    """Enter leads to the cure."""

    BINDINGS = [
        Binding("enter", "choose", _("Do something about it"), key_display="enter", id="problems.cure",
                tooltip=_("Go where this can be mended")),
    ]  # fmt: skip


class ProblemsPage(Page):
    """A sentence a problem; below them the one at hand in full."""

    CSS_PATH = "problems.tcss"
    HELP: ClassVar[str] = _(
        "What somebody should look at, the gravest first. Below the list is the problem at hand in full, with what "
        "can be done about it: Enter leads there. A problem goes away by itself once its cause is gone."
    )

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        self._last_runs: dict[str, str | None] = {}

    @property
    def listing(self) -> Listing[Trouble]:
        """The problems."""
        return self.query_one("#problems", Listing)

    def heading(self) -> str:
        return _("Problems")

    def body(self) -> ComposeResult:
        with Vertical(id="problems-pane", classes="pane"):
            yield CureListing(
                [
                    Column(id="kind", title=_("What"), cell=lambda each: [kind_piece(each.kind, self.desk.glyphs)]),
                    Column(id="sentence", title=_("Problem"), cell=lambda each: each.message, grows=True),
                ],
                key=lambda each: (each.kind, each.job, each.repository, each.message),
                empty=Remark(""),
                id="problems",
            )
        with Vertical(id="problem-pane", classes="pane") as pane:
            pane.border_title = _("In full")
            yield Static(id="message", markup=False)
            yield Static(id="hint", classes="quiet", markup=False)
            yield Static(id="cure", markup=False)

    def on_mount(self) -> None:
        """Look at the record."""
        self.record_changed()

    def heard(self, event: Event) -> None:
        """Say whether a job that should be backed up is."""
        self._tell()

    def record_changed(self) -> None:
        """Look at the record again."""
        workspace, now = self.desk.workspace, self.desk.now()
        self.ask(
            "problems",
            lambda _watch: overview(workspace.config, workspace.history, workspace.state_dir, now),
            self._show,
            self._failed,
        )

    def command_line(self) -> Sequence[str] | None:
        """Return what helps against the problem at hand."""
        trouble = self.listing.row
        return ["status"] if trouble is None else command_of(trouble)

    def yanked(self) -> str | None:
        """Return the sentence at hand."""
        return self.listing.row.message if self.listing.row else None

    @on(Listing.Moved)
    def _moved(self) -> None:
        self._tell()

    @on(Listing.Chosen)
    def _chosen(self) -> None:
        cure = self._cure()
        if cure is None:
            self.notify(_("Nothing can be done about this from here"))
        elif cure.place is not None:
            self.go(cure.place)
        elif cure.back_up is not None:
            self._ask_to_back_up(cure.back_up)

    def _ask_to_back_up(self, job: str) -> None:
        if self.desk.board.of_job(job) is not None:
            self.notify(_("{job} is being worked on already").format(job=job), markup=False)
            return
        question = Question(
            title=_("Back up now?"),
            host=self.desk.workspace.host,
            target=", ".join(self.desk.workspace.job(job).repositories),
            facts=[_("A new snapshot of {job} is made; nothing is lost by that.").format(job=job)],
            action=_("Back up"),
        )
        self.app.push_screen(Confirm(question), lambda agreed: self._back_up(job) if agreed else None)

    def _back_up(self, job: str) -> None:
        start_backup(self.desk, job)
        self.notify(_("{job} is being backed up").format(job=job), markup=False)

    def _show(self, found: Overview) -> None:
        self._last_runs = {job.job: job.last_run for job in found.jobs}
        self.listing.empty = Remark(_("All is well"), _("nothing needs to be looked at"))
        if found.problems != tuple(self.listing.given) or not found.problems:
            self.listing.show(found.problems)
        self._tell()

    def _failed(self, error: BackupError) -> None:
        self.listing.say(error.message, error.hint or "", failed=True)
        self._tell()

    def _cure(self) -> Cure | None:
        trouble = self.listing.row
        return None if trouble is None else cure_of(trouble, self._last_runs)

    def _tell(self) -> None:
        """Tell the problem at hand in full."""
        trouble, cure = self.listing.row, self._cure()
        self.query_one("#problem-pane").display = trouble is not None
        if trouble is None:
            return
        self.query_one("#message", Static).update(Content(printable(trouble.message)))
        self.query_one("#hint", Static).update(Content(printable(trouble.hint or "")))
        text = Content.assemble((_("Enter"), "bold"), f"  {printable(cure.text)}") if cure else Content("")
        if trouble.job and self.desk.board.of_job(trouble.job) is not None:
            text = Content(_("{job} is being worked on now").format(job=printable(trouble.job)))
        self.query_one("#cure", Static).update(text)
