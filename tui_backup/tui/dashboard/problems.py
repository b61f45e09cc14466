"""The problems: what somebody should look at, each with what can be done about it."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui_backup.errors import BackupError
from tui_backup.model.event import Event
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.alerts.acknowledging import Acknowledged, acknowledge, to_acknowledge
from tui_backup.services.status.dashboard import Overview, overview
from tui_backup.tui.dashboard.cures import Cure, command_of, cure_of, kind_piece
from tui_backup.tui.desk import Desk, RecordChanged
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
        Binding("A", "screen.acknowledge", _("Acknowledge"), id="problems.acknowledge",
                tooltip=_("Say that you know what is wrong here: nobody is reminded of it any more")),
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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to acknowledge what somebody is reminded of, or what keeps a job from forgetting."""
        if action != "acknowledge":
            return True
        trouble = self.listing.row if self.is_mounted else None
        if trouble is None or not (trouble.job or trouble.repository):
            return False
        return trouble.kind is TroubleKind.SUDDEN_CHANGE or bool(self.desk.workspace.config.notifiers)

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
        elif cure.acknowledge is not None:
            self._ask_to_acknowledge(cure.acknowledge)

    def action_acknowledge(self) -> None:
        """Say that somebody knows what is wrong with the job at hand."""
        trouble = self.listing.row
        if trouble is not None:
            self._ask_to_acknowledge(trouble.job, None if trouble.job else trouble.repository)

    def _ask_to_acknowledge(self, job: str | None, repository: str | None = None) -> None:
        workspace = self.desk.workspace
        self.ask(
            "known",
            lambda _watch: to_acknowledge(workspace, job, repository=repository),
            partial(self._confirm_acknowledging, job, repository),
        )

    def _confirm_acknowledging(self, job: str | None, repository: str | None, found: Acknowledged) -> None:
        if found.is_nothing:
            name = job or repository
            self.notify(_("There is nothing to acknowledge of {job}").format(job=name), markup=False)
            return
        facts = [alert.trouble.message for alert in found.alerts]
        facts += [_("Nobody is reminded of this any more; it stays a problem until it is over.")] if facts else []
        facts += [_("Nobody tries to start {name} again.").format(name=name) for name in found.stopped]
        warnings = []
        if found.change is not None:
            facts += [_("Retention goes on: old snapshots are forgotten again as the policy says.")]
            warnings = [_("Look at what has changed first: somebody may have encrypted your data.")]
        question = Question(
            title=_("Acknowledge?"),
            host=self.desk.workspace.host,
            target=(_("Job {name}") if job else _("Repository {name}")).format(name=job or repository),
            facts=facts,
            warnings=warnings,
            action=_("Acknowledge"),
        )
        self.app.push_screen(Confirm(question), lambda agreed: self._acknowledge(job, repository) if agreed else None)

    def _acknowledge(self, job: str | None, repository: str | None) -> None:
        workspace, now = self.desk.workspace, self.desk.now()
        self.ask(
            "acknowledge",
            lambda _watch: acknowledge(workspace, job, now, repository=repository),
            lambda _done: self._acknowledged(),
        )

    def _acknowledged(self) -> None:
        self.post_message(RecordChanged())
        self.notify(_("Acknowledged"))

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
        self.refresh_bindings()
        self.query_one("#problem-pane").display = trouble is not None
        if trouble is None:
            return
        self.query_one("#message", Static).update(Content(printable(trouble.message)))
        self.query_one("#hint", Static).update(Content(printable(trouble.hint or "")))
        text = Content.assemble((_("Enter"), "bold"), f"  {printable(cure.text)}") if cure else Content("")
        if trouble.job and self.desk.board.of_job(trouble.job) is not None:
            text = Content(_("{job} is being worked on now").format(job=printable(trouble.job)))
        self.query_one("#cure", Static).update(text)
