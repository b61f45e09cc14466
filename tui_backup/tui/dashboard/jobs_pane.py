"""The jobs: how each stands, how old its last good backup is, and how its runs went."""

import math

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Resize
from textual.message import Message

from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.status.dashboard import JobOverview, JobState
from tui_backup.services.status.overview import RATED_RUNS
from tui_backup.tui.dashboard.opener import SnapshotOpener
from tui_backup.tui.dashboard.words import outcome_pieces, running_piece, state_piece, widest_state
from tui_backup.tui.desk import Desk
from tui_backup.tui.places import Configuration, is_built
from tui_backup.tui.widgets.cells import Cell, plain
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.widgets.titles import entitle
from tui_backup.tui.words import ago, coming_day_and_time, until

LOOKS_FOR_A_ROW = 4
"""Of so many looks at how far runs are, one is shown among the jobs; the progress shows all."""

LONGEST_NAME, LONGEST_BESIDE = 24, 9
"""Columns that the name of a job gets before others have to go, and beside the history of one."""

_WIDE = 60
"""Columns of a pane that has nothing beside it, at least."""


class JobsPane(Vertical):
    """One row a job."""

    class Selected(Message):
        """The cursor stands on another job, or on none."""

        def __init__(self, job: JobOverview | None) -> None:
            super().__init__()
            self.job = job

    def __init__(self, desk: Desk) -> None:
        super().__init__(id="jobs-pane", classes="pane")
        self._desk = desk
        self._ages: list[tuple[str, str]] = []
        self._states: dict[str, str] = {}
        """How far it is shown to be, of each job that is worked on."""
        self._looks = 0

    @property
    def listing(self) -> Listing[JobOverview]:
        """The rows."""
        return self.query_one("#jobs", Listing)

    @property
    def job(self) -> JobOverview | None:
        """The job under the cursor."""
        return self.listing.row

    def compose(self) -> ComposeResult:
        self.border_title = _("Jobs")
        yield SnapshotOpener[JobOverview](
            self._columns(()),
            key=lambda job: job.job,
            empty=Remark(""),
            id="jobs",
        )

    def show(self, jobs: tuple[JobOverview, ...]) -> None:
        """Show the jobs as they stand."""
        self.listing.empty = Remark(_("No job yet"), _("n makes one") if is_built(Configuration) else "")
        self.listing.columns = tuple(self._columns(jobs))
        self._ages = [self._times(job) for job in jobs]
        for job in jobs:
            self._note_state(job)
        self.listing.show(jobs)
        self.count()

    def wait(self) -> None:
        """Say that the jobs are looked up."""
        self.listing.say(_("reading…"))

    def fail(self, error: BackupError) -> None:
        """Say why the jobs cannot be shown."""
        self.listing.say(error.message, error.hint or "", failed=True)

    def count(self) -> None:
        """Say how many jobs are shown, if that is not all, else when the one under the cursor runs next."""
        listing = self.listing
        text = ""
        if listing.needle:
            text = _("{shown} of {all}").format(shown=len(listing.rows), all=len(listing.given))
        elif self.job is not None and self.job.waiting:
            text = _("{job} waits: {reason}").format(job=self.job.job, reason=printable(self.job.waiting))
        elif self.job is not None and self.job.next_run:
            coming = coming_day_and_time(self.job.next_run, self._desk.now(), self._desk.zone)
            text = _("next run: {time}").format(time=coming)
        entitle(self, subtitle=text)

    def time_passes(self) -> None:
        """Let ages be what they are by now."""
        ages = [self._times(job) for job in self.listing.given]
        if ages != self._ages:
            self._ages = ages
            self.listing.redraw()
            self.count()

    @on(Resize)
    def _resized(self) -> None:
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        """Give names the room that there is by now."""
        listing = self.listing
        columns = self._columns(tuple(listing.given))
        if [column.least for column in columns] != [column.least for column in listing.columns]:
            listing.columns = tuple(columns)
            listing.redraw()

    def draw_runs(self, *, is_last: bool = False) -> None:
        """Show which jobs are worked on, and from time to time, or at last, how far that is."""
        self._looks += 1
        for job in self.listing.given:
            before, state = self._states.get(job.job), plain(self._state(job))
            is_new = (before is None) is not (self._desk.board.of_job(job.job) is None)
            if is_new or (before not in {None, state} and (is_last or self._looks % LOOKS_FOR_A_ROW == 0)):
                self._note_state(job)
                self.listing.redraw(job.job)

    @on(Listing.Moved, "#jobs")
    def _moved(self, event: Listing.Moved) -> None:
        event.stop()
        self.count()
        self.post_message(self.Selected(event.row))

    def _columns(self, jobs: tuple[JobOverview, ...]) -> list[Column[JobOverview]]:
        """Return the columns; the name takes what is left, and at least what these jobs need."""
        states = list(JobState)
        width = widest_state(self._desk.glyphs)
        most = LONGEST_NAME if self.size.width >= _WIDE else LONGEST_BESIDE
        longest = min(most, max((len(job.job) for job in jobs), default=0))
        return [
            Column(
                id="state",
                title=_("State"),
                cell=self._state,
                width=width,
                sort=lambda job: states.index(job.state),
            ),
            Column(
                id="job", title=_("Job"), cell=lambda job: job.job, grows=True, least=longest, sort=lambda job: job.job
            ),
            Column(
                id="age",
                title=_("Last good"),
                cell=self._age,
                right=True,
                sort=lambda job: job.last_success.timestamp() if job.last_success else 0.0,
            ),
            *([self._next_column()] if any(job.next_run for job in jobs) else []),
            Column(id="runs", title=_("Newest runs"), cell=self._outcomes, width=RATED_RUNS, right=True, rank=2),
        ]

    def _next_column(self) -> Column[JobOverview]:
        return Column(
            id="next",
            title=_("Next"),
            cell=self._next,
            right=True,
            rank=1,
            sort=lambda job: job.next_run.timestamp() if job.next_run else math.inf,
        )

    def _state(self, job: JobOverview) -> Cell:
        view = self._desk.board.of_job(job.job)
        if view is not None:
            return [running_piece(view.progress, self._desk.glyphs)]
        return [state_piece(job.state, self._desk.glyphs)]

    def _note_state(self, job: JobOverview) -> None:
        """Note what is shown of a job that is worked on."""
        self._states.pop(job.job, None)
        if self._desk.board.of_job(job.job) is not None:
            self._states[job.job] = plain(self._state(job))

    def _age(self, job: JobOverview) -> str:
        return ago(job.last_success, self._desk.now())

    def _next(self, job: JobOverview) -> Cell:
        return [(_("waiting"), "warning")] if job.waiting else until(job.next_run, self._desk.now())

    def _times(self, job: JobOverview) -> tuple[str, str]:
        return self._age(job), until(job.next_run, self._desk.now())

    def _outcomes(self, job: JobOverview) -> Cell:
        return outcome_pieces(job.outcomes, self._desk.glyphs)
