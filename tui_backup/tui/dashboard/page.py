"""The dashboard: whether all is well, what happened, and what goes on."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.widget import Widget

from tui_backup.errors import BackupError
from tui_backup.model.event import Event, Progressed
from tui_backup.model.snapshot import short
from tui_backup.primitives.i18n import _
from tui_backup.services.status.dashboard import Overview, PastBackup, overview, past_backups
from tui_backup.tui.dashboard.health import counted_jobs, health
from tui_backup.tui.dashboard.history_pane import HistoryPane
from tui_backup.tui.dashboard.jobs_pane import JobsPane
from tui_backup.tui.dashboard.progress_pane import ProgressPane
from tui_backup.tui.dashboard.visits import PLACES, VISITS, AtHand
from tui_backup.tui.desk import Desk
from tui_backup.tui.page import Page
from tui_backup.tui.places import Place, Problems, is_built
from tui_backup.tui.run_board import RunView
from tui_backup.tui.running.starting import cancel_run, start_backup
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing
from tui_backup.tui.widgets.masthead import Masthead

PATIENCE_S = 0.1
"""How long an answer may take before anything is said about waiting."""

REST_S = 0.5
"""How long the terminal is left alone after it was told how far a run is; longer where several go on."""

_PARTS = ("jobs", "history", "progress")


class DashboardPage(Page):
    """Jobs, the history of one, and what goes on."""

    CSS_PATH = "dashboard.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-middling"), (32, "-tall")]
    HELP: ClassVar[str] = _(
        "The jobs, and beside or below them what the one under the cursor has: its snapshots, newest first, and the "
        "runs that made none. Keys act on that job, or on the snapshot under the cursor of the history. The first "
        "line says whether all is well; ! leads to what is not. A copy is a dot, hollow where it is missing. "
        "“proven” means that every byte was read back and authenticated, “checked” that the structure was."
    )

    BINDINGS = [
        Binding("B", "back_up", _("Back up"), id="dashboard.back-up", tooltip=_("Back up this job now")),
        Binding("x", "cancel_run", _("Cancel run"), id="dashboard.cancel-run", tooltip=_("Have this run stop")),
        *VISITS,
        Binding("D", "switch_running_due", _("Run due"), show=False, id="dashboard.run-due",
                tooltip=_("Run what is due as long as this interface is open, or stop doing so")),
        Binding("q", "leave", _("Quit"), id="page.leave", tooltip=_("Leave the program")),
        Binding("escape", "take_back", _("Back"), show=False, id="dashboard.take-back",
                tooltip=_("Take back a filter, or the zoom")),
        Binding("slash", "filter", _("Filter"), key_display="/", id="dashboard.filter",
                tooltip=_("Show only the rows with a text")),
        Binding("1", "jump('jobs')", _("Jobs"), show=False, id="dashboard.jobs", tooltip=_("Go to the jobs")),
        Binding("2", "jump('history')", _("History of the job"), show=False, id="dashboard.history",
                tooltip=_("Go to the history")),
        Binding("3", "jump('progress')", _("Progress"), show=False, id="dashboard.progress",
                tooltip=_("Go to what goes on")),
        Binding("z", "zoom", _("Zoom"), show=False, id="dashboard.zoom",
                tooltip=_("Give this part the whole screen, or take it back")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        self._overview: Overview | None = None
        self._past: list[PastBackup] | None = None
        self._looking_at: str | None = None
        """The job whose past is shown, or is being looked up."""
        self._is_looking = self._is_outdated = False
        self._has_moved = self._rests = False
        self._zoomed: str | None = None

    @property
    def rests(self) -> bool:
        """Whether something that runs said may be drawn later."""
        return self._rests

    @property
    def jobs(self) -> JobsPane:
        """The jobs."""
        return self.query_one(JobsPane)

    @property
    def history(self) -> HistoryPane:
        """The history of the job at hand."""
        return self.query_one(HistoryPane)

    @property
    def progress(self) -> ProgressPane:
        """What goes on."""
        return self.query_one(ProgressPane)

    def heading(self) -> str:
        return counted_jobs(self._overview) if self._overview else ""

    def body(self) -> ComposeResult:
        self._take_shape()
        with Container(id="panes"):
            yield JobsPane(self.desk)
            yield HistoryPane(self.desk)
        yield ProgressPane(self.desk)
        yield FilterLine()

    def on_mount(self) -> None:
        """Look at the record."""
        self.record_changed()
        self.set_timer(PATIENCE_S, self._say_that_it_takes_time)

    def heard(self, event: Event) -> None:
        """Show how far runs are."""
        if not isinstance(event, Progressed):
            self.refresh_bindings()
        self._has_moved = True
        if not self._rests:
            self._draw_runs()

    def record_changed(self) -> None:
        """Look at the record again."""
        workspace, now = self.desk.workspace, self.desk.now()
        self.ask(
            "overview",
            lambda _watch: overview(workspace.config, workspace.history, workspace.state_dir, now),
            self._show,
            self._overview_failed,
        )

    def command_line(self) -> Sequence[str] | None:
        """Return what the part with the focus is about."""
        chosen = self._at_hand()
        if chosen.view is not None:
            return ["attach", chosen.view.run]
        if self.history.has_focus_within and chosen.backup is not None and chosen.backup.best_copy is not None:
            return ["ls", short(chosen.backup.best_copy.snapshot)]
        return ["run", chosen.job.job] if chosen.job else None

    def yanked(self) -> str | None:
        """Return the name or the id of what is at hand."""
        chosen = self._at_hand()
        if chosen.view is not None:
            return chosen.view.run
        if self.history.has_focus_within and chosen.backup is not None:
            return chosen.backup.best_copy.snapshot if chosen.backup.best_copy else chosen.backup.run
        return chosen.job.job if chosen.job else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done, and places that there are."""
        if not self.is_mounted:
            return False
        match action, parameters:
            case "visit", ("problems",):
                return is_built(Problems) and bool(self._overview and self._overview.problems)
            case "visit", (str(name),):
                return is_built(PLACES[name])
            case "back_up", _:
                return self.jobs.job is not None
            case "filter", _:
                return not self.query_one(FilterLine).has_focus_within
            case "cancel_run", _:
                return self._run_to_cancel() is not None
            case _:
                return True

    @on(Masthead.MinuteBegan)
    def _let_time_pass(self) -> None:
        self.record_changed()

    @on(Masthead.Chosen)
    def _asked_for_problems(self) -> None:
        self.action_visit("problems")

    @on(JobsPane.Selected)
    def _job_selected(self) -> None:
        self._look_back()

    @on(Listing.Chosen)
    def _chosen(self) -> None:
        self.action_visit("browse")

    @on(FilterLine.Changed)
    def _filtered(self) -> None:
        self.jobs.count()
        self.history.count()

    def action_visit(self, name: str) -> None:
        """Go where an action leads, with what is at hand."""
        if not self.check_action("visit", (name,)):
            return
        place = self._at_hand().place(name)
        if place is not None:
            self.go(place)
        else:
            self.notify(_("There is no run here") if name == "run-log" else _("There is no snapshot here"))

    def action_back_up(self) -> None:
        """Back the job at hand up."""
        job = self.jobs.job
        if job is None:
            return
        if self.desk.board.of_job(job.job) is not None:
            self.notify(_("{job} is being worked on already").format(job=job.job), markup=False)
            return
        start_backup(self.desk, job.job)
        self.progress.draw()

    def action_cancel_run(self) -> None:
        """Have a run stop."""
        if (view := self._run_to_cancel()) is not None:
            cancel_run(self, view.run, view.job, view.repository)

    def action_switch_running_due(self) -> None:
        """Run what is due here, or stop doing so."""
        from tui_backup.tui.running.due import switch_running_due

        switch_running_due(self)

    def action_filter(self) -> None:
        """Filter the rows of the part at hand."""
        pane = self.history if self.history.has_focus_within else self.jobs
        self.query_one(FilterLine).open(pane.listing)

    def action_jump(self, name: str) -> None:
        """Go to a part of the screen."""
        if name == "progress" and self.progress.is_idle:
            self.notify(_("Nothing goes on"))
            return
        if self._zoomed is not None:
            self._zoom(name)
        parts: dict[str, Widget] = {
            "jobs": self.jobs.listing,
            "history": self.history.listing,
            "progress": self.progress.lines,
        }
        parts[name].focus()

    def action_zoom(self) -> None:
        """Give the part at hand the whole screen, or take it back."""
        panes = {"history": self.history, "progress": self.progress}
        at_hand = next((name for name, pane in panes.items() if pane.has_focus_within), "jobs")
        self._zoom(at_hand if self._zoomed is None else None)

    def action_take_back(self) -> None:
        """Take back a filter, or the zoom. Escape pressed once too often ends nothing."""
        self._take_back()

    def action_leave(self) -> None:
        """Take back a filter, or the zoom; else leave."""
        if not self._take_back():
            super().action_leave()

    def _take_back(self) -> bool:
        line = self.query_one(FilterLine)
        if line.is_open:
            line.clear()
        elif self._zoomed is not None:
            self._zoom(None)
        else:
            return False
        return True

    def _zoom(self, name: str | None) -> None:
        self._zoomed = name
        self.set_class(name is not None, "-zoomed")
        for each in _PARTS:
            self.set_class(each == name, f"-zoom-{each}")

    def _take_shape(self) -> None:
        """Be laid out for the terminal from the first paint on; Textual looks at breakpoints after that."""
        width, height = self.app.size
        for size, breakpoints in ((width, self.HORIZONTAL_BREAKPOINTS), (height, self.VERTICAL_BREAKPOINTS)):
            fitting = [name for least, name in breakpoints if size >= least]
            self.add_class(fitting[-1])
        self._make_room_for_schedules()

    def _make_room_for_schedules(self) -> None:
        """Have room for when jobs run next, where some do by themselves."""
        jobs = self.desk.workspace.config.jobs.values()
        self.set_class(any(job.timing.schedules for job in jobs), "-scheduled")

    def _at_hand(self) -> AtHand:
        view = self.progress.view if self.progress.has_focus_within else None
        return AtHand(job=self.jobs.job, backup=self.history.backup, view=view)

    def _run_to_cancel(self) -> RunView | None:
        """Return the run at hand if it goes on: the chosen one, or that of the job."""
        if self.progress.has_focus_within and self.progress.view is not None:
            return self.progress.view if self.progress.view.is_going_on else None
        return self.desk.board.of_job(self.jobs.job.job) if self.jobs.job else None

    def _draw_runs(self) -> None:
        """Draw how far runs are, and rest: often enough for people, seldom enough for a slow line."""
        self._rests = self._has_moved
        if not self._has_moved:
            self.jobs.draw_runs(is_last=True)
        else:
            self._has_moved = False
            self.progress.draw()
            self.jobs.draw_runs()
            self.set_timer(REST_S * max(1, len(self.desk.board.going_on)), self._draw_runs)

    def _say_that_it_takes_time(self) -> None:
        if self._overview is None:
            self.jobs.wait()

    def _show(self, found: Overview) -> None:
        """Show how everything stands, and draw only what is not as it was."""
        is_news, self._overview = found != self._overview, found
        masthead = self.query_one(Masthead)
        masthead.health = health(found, self.desk.glyphs, self.desk.now())
        if is_news:
            masthead.can_focus = bool(found.problems)
            self.retitle()
            self._make_room_for_schedules()
            self.jobs.show(found.jobs)
            self.refresh_bindings()
        else:
            self.jobs.time_passes()
        self._is_outdated = True
        self._look_back()

    def _overview_failed(self, error: BackupError) -> None:
        self.jobs.fail(error)

    def _look_back(self) -> None:
        """Look up the past of the job at hand, unless that is what is shown; one question at a time."""
        job = self.jobs.job
        name = job.job if job else None
        if self._is_looking or (name == self._looking_at and not self._is_outdated):
            return
        if name != self._looking_at:
            self._past = None
            self.history.turn_to(job)
        self._looking_at, self._is_outdated = name, False
        if name is None:
            self.history.show([])
            return
        self._is_looking = True
        workspace = self.desk.workspace
        self.set_timer(PATIENCE_S, self._wait_for_the_past)
        self.ask(
            "past",
            lambda _watch: past_backups(workspace.history, workspace.job(name)),
            self._show_past,
            self._past_failed,
        )

    def _wait_for_the_past(self) -> None:
        if self._is_looking and self._past is None:
            self.history.wait()

    def _show_past(self, past: list[PastBackup]) -> None:
        self._is_looking = False
        if past == self._past:
            self.history.time_passes()
        else:
            self._past = past
            self.history.show(past)
        self._look_back()

    def _past_failed(self, error: BackupError) -> None:
        self._is_looking = False
        self.history.fail(error)
        self._look_back()
