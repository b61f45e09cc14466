"""The schedule page: everything that runs by itself, what comes next first, and the line at hand in full."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui_backup.errors import BackupError
from tui_backup.model.schedule import Trigger, What
from tui_backup.primitives.clock import in_zone
from tui_backup.primitives.cron_words import in_words
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.programs.requirements import unmet
from tui_backup.services.schedule.agenda import Appointment, Item, agenda
from tui_backup.services.schedule.callers import Caller, callers
from tui_backup.services.schedule.due import is_backup_due
from tui_backup.services.words import what_word
from tui_backup.services.workspace import Workspace
from tui_backup.tui.desk import Desk
from tui_backup.tui.page import Page
from tui_backup.tui.places import Configuration, Place
from tui_backup.tui.running.due import switch_running_due
from tui_backup.tui.schedules.words import callers_piece, facts_of
from tui_backup.tui.widgets.cells import Cell, Role
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.facts import Facts
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.widgets.masthead import Masthead
from tui_backup.tui.widgets.titles import entitle
from tui_backup.tui.words import UNKNOWN, clock_change, coming_day_and_time, until

_WIDEST = 36
"""Columns that a line in words gets before others have to go."""

_CLASSES: dict[Role, str] = {"ok": "good", "warning": "careful", "error": "bad", "accent": "here"}


@dataclass(frozen=True)
class Row:
    """One line of a job, and what it leads to."""

    item: Item
    waiting: str | None
    """Why what is due now does not begin."""

    @property
    def trigger(self) -> Trigger:
        """The line."""
        return self.item.trigger

    @property
    def next(self) -> Appointment | None:
        """When it comes next."""
        return next(iter(self.item.next), None)


class SchedulesPage(Page):
    """What runs by itself, and when."""

    CSS_PATH = "schedules.tcss"
    HELP: ClassVar[str] = _(
        "Everything that runs by itself, what comes next first: backups, verifications, and prunes. Below the list is "
        "the line at hand in full: its next moments in the zone of the job and in UTC, what daylight saving does to "
        "them, and what becomes of moments that nobody was there for. Cron, systemd or `tui-backup daemon` has to look "
        "at what is due; D has this interface do the same for as long as it is open."
    )
    BINDINGS = [
        Binding("D", "switch_running_due", _("Run due"), id="schedules.run-due",
                tooltip=_("Run what is due as long as this interface is open, or stop doing so")),
        Binding("e", "edit_job", _("Edit"), id="schedules.edit-job", tooltip=_("Change this job")),
        Binding("slash", "filter", _("Filter"), key_display="/", id="schedules.filter",
                tooltip=_("Show only rows with a text")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        self._job = getattr(place, "job", None)
        """The job on whose first line the cursor is to stand."""
        self._callers: Sequence[Caller] = ()

    @property
    def listing(self) -> Listing[Row]:
        """The lines."""
        return self.query_one("#schedules", Listing)

    def heading(self) -> str:
        return _("Schedules")

    def body(self) -> ComposeResult:
        yield Static(id="callers", markup=False)
        with Vertical(id="schedules-pane", classes="pane") as pane:
            pane.border_title = _("What runs by itself")
            yield Listing[Row](
                self._columns(()),
                key=lambda row: row.trigger,
                empty=Remark(_("No job has a schedule"), _("e edits the job")),
                id="schedules",
            )
        with Vertical(id="line-pane", classes="pane"):
            yield Facts()
        yield FilterLine()

    def on_mount(self) -> None:
        """Look at the clock, and who looks at it besides."""
        self.record_changed()
        config = self.desk.workspace.config
        self.ask("callers", lambda _watch: callers(config), self._tell_who)

    def record_changed(self) -> None:
        """Look again."""
        workspace, now = self.desk.workspace, self.desk.now()
        self.ask("schedules", lambda _watch: _rows(workspace, now), self._show, self._failed)

    def due_switched(self) -> None:
        super().due_switched()
        self._tell_who(self._callers)

    def command_line(self) -> Sequence[str]:
        return ["schedule", "show"]

    def yanked(self) -> str | None:
        row = self.listing.row
        return None if row is None else row.trigger.line

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to edit what there is."""
        if action == "edit_job":
            return self.is_mounted and self._job_at_hand() is not None
        return True

    @on(Masthead.MinuteBegan)
    def _let_time_pass(self) -> None:
        self.record_changed()

    @on(Listing.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()
        self._tell()

    @on(Listing.Chosen)
    def action_edit_job(self) -> None:
        """Change the job at hand."""
        job = self._job_at_hand()
        if job is not None:
            self.go(Configuration(job=job))

    def action_switch_running_due(self) -> None:
        """Run what is due here, or stop doing so."""
        switch_running_due(self)

    def action_filter(self) -> None:
        """Show only rows with a text."""
        self.query_one(FilterLine).open(self.listing)

    def _job_at_hand(self) -> str | None:
        """Return the job at hand; where none has a schedule, the one that somebody came from, or the first."""
        row = self.listing.row
        jobs = self.desk.workspace.config.jobs
        return row.trigger.job if row is not None else self._job or next(iter(jobs), None)

    def _columns(self, rows: Sequence[Row]) -> list[Column[Row]]:
        """Return the columns; the last takes what is left, and at least what these rows need."""
        widest = min(_WIDEST, max((len(_when(row)) for row in rows), default=0))
        return [
            Column(id="next", title=_("Next"), cell=self._next, least=12, sort=_moment),
            Column(id="in", title="", cell=self._in, right=True, rank=1),
            Column(id="job", title=_("Job"), cell=_job, most=24, sort=_job),
            Column(id="what", title=_("What"), cell=_what, most=20, sort=_what),
            Column(id="line", title=_("Line"), cell=lambda row: row.trigger.line, most=20, rank=2),
            Column(id="when", title=_("When"), cell=_when, grows=True, least=widest),
        ]  # fmt: skip

    def _next(self, row: Row) -> Cell:
        if row.waiting is not None:
            return [(_("waiting"), "warning")]
        if row.next is None:
            return UNKNOWN
        at, change = row.next.at, row.next.effect
        there = in_zone(at, row.trigger.zone)
        time = coming_day_and_time(at, self.desk.now(), row.trigger.zone)
        if there.utcoffset() != self.desk.local(at).utcoffset():
            time = f"{time} {there:%Z}"
        return [(time, "plain"), (f" {clock_change(change)}" if change else "", "warning")]

    def _in(self, row: Row) -> str:
        return until(row.next.at, self.desk.now()) if row.next else ""

    def _show(self, rows: list[Row]) -> None:
        self.query_one("#callers").display = bool(rows)
        if rows != self.listing.given or not rows:
            self.listing.columns = tuple(self._columns(rows))
            self.listing.show(rows)
        else:
            self.listing.redraw()
        if self._job is not None and rows:
            first = next((row for row in rows if row.trigger.job == self._job), None)
            self._job = None
            if first is not None:
                self.listing.go_to(first.trigger)
        self._tell()

    def _tell_who(self, found: Sequence[Caller]) -> None:
        """Say whether anything on this host runs what is due."""
        self._callers = found
        text, role = callers_piece(found, self.desk.glyphs, is_here=self.desk.runs_due)
        place = self.query_one("#callers", Static)
        place.set_classes(_CLASSES[role])
        place.update(Content(printable(text)))

    def _failed(self, error: BackupError) -> None:
        self.listing.say(error.message, error.hint or "", failed=True)
        self._tell()

    def _tell(self) -> None:
        """Tell the line at hand in full."""
        row, pane = self.listing.row, self.query_one("#line-pane")
        pane.display = row is not None
        if row is None:
            return
        title = _("{job}: {what}").format(job=printable(row.trigger.job), what=printable(what_word(row.trigger)))
        entitle(pane, title=title)
        job = self.desk.workspace.config.jobs.get(row.trigger.job)
        if job is not None:
            facts = facts_of(row.item, job, row.waiting, self.desk.now())
            self.query_one(Facts).show(facts)


def _rows(workspace: Workspace, now: datetime) -> list[Row]:
    """Return every line of every job, what comes next first."""
    waiting = {
        job.name: unmet(job) if job.timing.require and is_backup_due(job, workspace.history, now) else None
        for job in workspace.config.jobs.values()
    }
    rows = [
        Row(each, waiting[each.trigger.job] if each.trigger.what is What.BACKUP else None)
        for each in agenda(workspace.config, now)
    ]
    return sorted(rows, key=_moment)


def _moment(row: Row) -> tuple[bool, float]:
    return row.next is None, row.next.at.timestamp() if row.next else 0.0


def _job(row: Row) -> str:
    return row.trigger.job


def _what(row: Row) -> str:
    return what_word(row.trigger)


def _when(row: Row) -> str:
    return in_words(row.trigger.line) or row.trigger.line
