"""From: the snapshot to bring something back from."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui_backup.errors import BackupError
from tui_backup.model.snapshot import SnapshotStatus
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import printable
from tui_backup.services.questions import SEVERAL
from tui_backup.services.restore import restore_candidates
from tui_backup.services.restore.restore_candidates import Candidate, Candidates
from tui_backup.services.words import kind_word, status_word
from tui_backup.tui.page import Page
from tui_backup.tui.restore.choices import Choices
from tui_backup.tui.restore.step import WAIT_S, Onward, Step
from tui_backup.tui.widgets.cells import Cell, Piece, plain
from tui_backup.tui.widgets.choice import Choice
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.facts import Fact, Facts
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import UNKNOWN, ago, brief_size, counted_files, day_and_time, exact, integrity_piece


class FromStep(Step):
    """Snapshots of a job, or of all; what the record knows is there at once, and set right once it was looked."""

    BINDINGS = [
        Binding("left_square_bracket", "day(1)", _("Day before"), show=False, id="restore.day-before",
                tooltip=_("Jump to the snapshots of the day before")),
        Binding("right_square_bracket", "day(-1)", _("Day"), key_display="[ ]", id="restore.day-after",
                tooltip=_("Jump to the snapshots of the day before, or of the day after")),
        Binding("slash", "filter", _("Filter"), id="restore.filter-snapshots",
                tooltip=_("Show only snapshots whose line holds a text")),
    ]  # fmt: skip

    class Met(Message):
        """The snapshot that somebody came with is there."""

    class Present(Message):
        """The repositories have been looked into."""

    def __init__(self, page: Page, choices: Choices, *, job: str | None, snapshot: str | None, id: str) -> None:  # noqa: A002 - as every widget has it
        super().__init__(page, choices, id=id)
        desk = page.desk
        self._jobs: list[str | None] = [None, *desk.workspace.config.jobs]
        self._job = job if job in self._jobs else None
        self._wanted = snapshot
        self._met: tuple[str, str] | None = None
        """The key of what was wanted, once it was found."""
        self._candidates = Candidates(found=())
        self._is_present = False
        """Whether that is what the repositories hold, rather than what the record knows."""
        self._put: tuple[str, str] | None = None
        """The row that nobody but this step has put the cursor on."""

    def compose(self) -> ComposeResult:
        glyphs = self.page.desk.glyphs
        options = [_("all") if job is None else job for job in self._jobs]
        yield Choice(_("Job"), options, glyphs, chosen=self._jobs.index(self._job), width=4, id="job")
        yield FilterLine()
        yield Static(id="offer", classes="careful", markup=False)
        yield Listing[Candidate](
            self._columns(),
            key=lambda candidate: candidate.key,
            empty=Remark(_("No snapshot"), _("Nothing was backed up yet, or what was is gone.")),
            id="candidates",
        )
        yield Facts(id="from-facts")

    def on_mount(self) -> None:
        """Look, first into the record, then into the repositories."""
        workspace = self.page.desk.workspace
        self.query_one("#offer").display = False
        self._listing.say("")
        self.set_timer(WAIT_S, self._say_waiting)
        self.page.ask("recorded", lambda _watch: restore_candidates.recorded(workspace), self._show_recorded)
        self.look()

    def look(self) -> None:
        """Look into the repositories."""
        desk = self.page.desk

        def work(_watch: object) -> Candidates:
            with desk.reading() as workspace:
                return restore_candidates.present(workspace)

        self.page.ask("candidates", work, self._show, self._failed, about=SEVERAL)

    def arrive(self) -> None:
        self._listing.focus()

    def objection(self) -> str | None:
        return _("There is no snapshot to restore from") if self.choices.candidate is None else None

    def yanked(self) -> str | None:
        candidate = self._listing.row
        return None if candidate is None else candidate.snapshot.id

    def choose(self, snapshot: str) -> bool:
        """Choose the snapshot of an id; return whether it is there."""
        candidate = self._candidates.preferred(snapshot=snapshot)
        if candidate is None:
            return False
        if candidate not in self._listing.rows:
            self.query_one("#job", Choice).chosen = 0
            self._fill()
        self._listing.go_to(candidate.key)
        self.choices.candidate = candidate
        return True

    def offer(self, text: str) -> None:
        """Say something above the snapshots; nothing takes it away."""
        offer = self.query_one("#offer", Static)
        offer.update(Content(printable(text)))
        offer.display = bool(text)

    @property
    def job(self) -> str | None:
        """The job whose snapshots are shown; None: all are."""
        return self._jobs[self.query_one("#job", Choice).chosen]

    @property
    def _listing(self) -> Listing[Candidate]:
        return self.query_one("#candidates", Listing)

    def _show_recorded(self, candidates: Candidates) -> None:
        """Show what the record knows, until the repositories have been looked into."""
        if candidates.found and not self._is_present:
            self._candidates = candidates
            self._fill()

    def _show(self, candidates: Candidates) -> None:
        self._candidates, self._is_present = candidates, True
        self._fill()
        self.choices.candidate = self._listing.row
        self.post_message(self.Present())

    def _asked(self, job: str | None) -> Candidate | None:
        """Return what somebody came for: by its id, or, where that copy is not to be had, what was met before."""
        if self._wanted is None:
            return None
        found = self._candidates.preferred(job, self._wanted)
        if found is None:
            found = next((each for each in self._candidates.found if each.key == self._met), None)
        self._met = found.key if found is not None else self._met
        return found

    def _say_waiting(self) -> None:
        if self._listing.remark is not None and not self._listing.remark.text:
            self._listing.say(_("reading…"))

    def _failed(self, error: BackupError) -> None:
        if self._candidates.found:
            self.page.complain(error)
        else:
            self._listing.say(error.message, error.hint or "", failed=True)

    def _fill(self) -> None:
        """Show the snapshots of the job; the cursor stays where somebody has put it, else it goes to the best."""
        listing, job = self._listing, self.job
        held = listing.row
        listing.show([each for each in self._candidates.found if job in {None, each.snapshot.job}])
        if held is None or held.key == self._put:
            wanted = self._asked(job)
            preferred = wanted or self._candidates.preferred(job)
            if preferred is not None and listing.go_to(preferred.key):
                self._put, self.choices.candidate = preferred.key, preferred
            if wanted is not None:
                self.post_message(self.Met())

    @on(Choice.Chosen, "#job")
    def _turned(self, event: Choice.Chosen) -> None:
        event.stop()
        self._wanted = None
        self._put = self._listing.row.key if self._listing.row is not None else None
        self._fill()

    @on(Listing.Moved, "#candidates")
    def _moved(self, event: Listing.Moved) -> None:
        event.stop()
        candidate = event.row
        self.choices.candidate = candidate
        self.query_one(Facts).show([] if candidate is None else self._facts(candidate))

    @on(Listing.Chosen, "#candidates")
    def _chosen(self, event: Listing.Chosen) -> None:
        event.stop()
        self.post_message(Onward())

    def action_day(self, by: int) -> None:
        """Go to the first snapshot of another day; 1 is back in time."""
        listing = self._listing
        here = listing.row
        if here is None:
            return
        days = [self.page.desk.local(each.snapshot.time).date() for each in listing.rows]
        today, number = days[listing.cursor], listing.cursor
        while 0 <= number + by < len(days) and days[number] == today:
            number += by
        while by < 0 and number > 0 and days[number - 1] == days[number]:
            number -= 1
        listing.cursor = number

    def action_filter(self) -> None:
        """Let somebody type what the lines have to hold."""
        self.query_one(FilterLine).open(self._listing)

    def _columns(self) -> Sequence[Column[Candidate]]:
        desk = self.page.desk
        return [
            Column(id="state", title=_("State"), cell=self._state, sort=lambda row: plain(self._state(row))),
            Column(
                id="when",
                title=_("When"),
                cell=lambda row: day_and_time(row.snapshot.time, desk.now(), desk.zone),
                sort=lambda row: row.snapshot.time,
            ),
            Column(id="job", title=_("Job"), cell=_job, grows=True, least=8, sort=_job),
            Column(id="kind", title=_("Kind"), cell=lambda row: kind_word(row.snapshot.kind or UNKNOWN), rank=3),
            Column(
                id="size",
                title=_("Size"),
                cell=lambda row: brief_size(row.snapshot.size),
                right=True,
                sort=lambda row: row.snapshot.size or 0,
            ),
            Column(id="copies", title=_("From"), cell=_places, most=24, rank=2),
            Column(id="integrity", title=_("Integrity"), cell=self._integrity, rank=1),
        ]

    def _state(self, candidate: Candidate) -> list[Piece]:
        glyphs = self.page.desk.glyphs
        if candidate.is_damaged:
            return [(f"{glyphs.failed} " + _("damaged"), "error")]
        if candidate.snapshot.status is not SnapshotStatus.OK:
            return [(f"{glyphs.stale} {status_word(candidate.snapshot.status)}", "warning")]
        return [(f"{glyphs.ok} {status_word('ok')}", "ok")]

    def _integrity(self, candidate: Candidate) -> list[Piece]:
        return [integrity_piece(candidate.standing, self.page.desk.now())]

    def _facts(self, candidate: Candidate) -> list[Fact]:
        desk, snapshot = self.page.desk, candidate.snapshot
        used = _("{repository}: {id}").format(repository=candidate.copy.repository, id=snapshot.short_id)
        others = [copy.repository for copy in candidate.copies[1:]]
        if others:
            used += "  " + _("(also in {names})").format(names=", ".join(others))
        when = f"{exact(snapshot.time, desk.zone)}  ({ago(snapshot.time, desk.now())})"
        holds = [", ".join(snapshot.paths)]
        if snapshot.files is not None:
            holds = [counted_files(snapshot.files), *holds]
        facts = [
            Fact(_("Made"), _("{time} on {host}").format(time=when, host=snapshot.host)),
            Fact(_("Holds"), "  ".join(holds)),
            Fact(_("Read from"), used),
        ]
        return [*facts, *self._warnings()]

    def _warnings(self) -> list[Fact]:
        troubles = self._candidates.troubles
        if not troubles:
            return []
        names = ", ".join(f"{trouble.name} ({trouble.error.message})" for trouble in troubles)
        text = ngettext("not reached: {names}", "not reached: {names}", len(troubles)).format(names=names)
        return [Fact("", text, "careful")]


def _job(candidate: Candidate) -> str:
    return candidate.snapshot.job or candidate.snapshot.program or candidate.snapshot.host


def _places(candidate: Candidate) -> Cell:
    others = len(candidate.copies) - 1
    return candidate.copy.repository if not others else f"{candidate.copy.repository} +{others}"
