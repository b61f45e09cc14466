"""The history of one job: its snapshots and the runs that made none, newest first, and how size and time went."""

from collections.abc import Sequence
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from tui_backup.errors import BackupError
from tui_backup.model.run import RunStatus
from tui_backup.model.snapshot import short
from tui_backup.model.standing import Integrity
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.status.dashboard import JobOverview, PastBackup
from tui_backup.services.words import kind_word, status_word
from tui_backup.tui.dashboard.opener import SnapshotOpener
from tui_backup.tui.dashboard.words import copies_pieces, rate_words
from tui_backup.tui.desk import Desk
from tui_backup.tui.widgets.cells import Cell, shortened
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.widgets.sparkline import sparkline
from tui_backup.tui.widgets.titles import entitle
from tui_backup.tui.words import (
    UNKNOWN,
    brief_duration,
    brief_size,
    day_and_time,
    exact,
    integrity_piece,
    integrity_words,
    status_piece,
)


class HistoryPane(Vertical):
    """One row a backup; below them the course of size and time, and what there is to know of the row at hand."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(id="history-pane", classes="pane")
        self._desk = desk
        self._repositories: Sequence[str] = ()
        self._days: list[str] = []
        self._job: JobOverview | None = None
        self._is_another = False
        """Whether the rows shown are those of the job before."""

    @property
    def listing(self) -> Listing[PastBackup]:
        """The rows."""
        return self.query_one("#history", Listing)

    @property
    def backup(self) -> PastBackup | None:
        """The backup under the cursor."""
        return self.listing.row

    def compose(self) -> ComposeResult:
        self.border_title = _("History")
        yield SnapshotOpener[PastBackup](
            self._columns(),
            key=lambda backup: backup.key,
            empty=Remark(""),
            id="history",
        )
        yield Static(id="trends", markup=False)
        yield Static(id="detail", markup=False)

    def turn_to(self, job: JobOverview | None) -> None:
        """Be about another job, whose past is still to come; what is shown is that of the job before."""
        self._job = job
        self._is_another = True

    def wait(self) -> None:
        """Say that the past is looked up."""
        if self.listing.given:
            self.listing.add_class("-waiting")
        else:
            self.listing.say(_("reading…"))

    def show(self, past: Sequence[PastBackup]) -> None:
        """Show the past of the job that this was turned to."""
        listing = self.listing
        listing.empty = Remark(_("No backup yet"), _("B makes one now")) if self._job else Remark("")
        self._settle()
        self._days = [self._day(backup) for backup in past]
        listing.show(past)
        self.count()
        self._draw_trends()
        self._tell()

    def fail(self, error: BackupError) -> None:
        """Say why the past cannot be shown."""
        self._settle()
        self.listing.say(error.message, error.hint or "", failed=True)
        self._draw_trends()
        self._tell()

    def count(self) -> None:
        """Say how many backups are shown, if that is not all, else how the runs of the job go."""
        listing = self.listing
        text = _("{shown} of {all}").format(shown=len(listing.rows), all=len(listing.given))
        entitle(self, subtitle=text if listing.needle else rate_words(self._job) if self._job else "")

    def time_passes(self) -> None:
        """Let days and ages be what they are by now."""
        days = [self._day(backup) for backup in self.listing.given]
        if days != self._days:
            self._days = days
            self.listing.redraw()
            self._tell()

    @on(Listing.Moved, "#history")
    def _moved(self, event: Listing.Moved) -> None:
        event.stop()
        self._tell()

    @on(Resize)
    def _resized(self) -> None:
        self.call_after_refresh(self._draw_trends)
        self.call_after_refresh(self._tell)

    def _settle(self) -> None:
        """Say whose past is shown, from the newest on if that is another's."""
        job, self._repositories = self._job, self._job.repositories if self._job else ()
        entitle(self, title=_("History of {job}").format(job=printable(job.job)) if job else _("History"))
        self.listing.remove_class("-waiting")
        if self._is_another:
            self._is_another = False
            self.listing.cursor = 0

    def _columns(self) -> list[Column[PastBackup]]:
        return [
            Column(id="when", title=_("When"), cell=self._when, least=15, sort=lambda backup: backup.time),
            Column(id="kind", title=_("Kind"), cell=self._kind, most=14, rank=3),
            Column(
                id="size",
                title=_("Size"),
                cell=lambda backup: brief_size(backup.size),
                right=True,
                sort=lambda backup: backup.size or -1,
            ),
            Column(
                id="added",
                title=_("Added"),
                cell=lambda backup: brief_size(backup.added),
                right=True,
                rank=2,
                sort=lambda backup: backup.added or -1,
            ),
            Column(
                id="took",
                title=_("Took"),
                cell=lambda backup: brief_duration(backup.duration),
                right=True,
                rank=4,
                sort=lambda backup: backup.duration or -1.0,
            ),
            Column(id="copies", title=_("Copies"), cell=self._copies, rank=1),
            Column(id="integrity", title=_("Integrity"), cell=self._integrity, least=11),
        ]

    def _when(self, backup: PastBackup) -> str:
        return day_and_time(backup.time, self._desk.now(), self._desk.zone)

    def _day(self, backup: PastBackup) -> str:
        """Return what of a row changes as time passes."""
        return self._when(backup) + integrity_words(backup.standing, self._desk.now())

    def _kind(self, backup: PastBackup) -> str:
        kind = kind_word(backup.kind) if backup.kind else UNKNOWN
        if backup.host in {None, self._desk.workspace.host}:
            return kind
        return _("{kind} on {host}").format(kind=kind, host=backup.host)

    def _copies(self, backup: PastBackup) -> Cell:
        return copies_pieces(backup, self._repositories, self._desk.glyphs) if backup.copies else UNKNOWN

    def _integrity(self, backup: PastBackup) -> Cell:
        standing = backup.standing
        if (backup.status is not RunStatus.OK and standing.integrity is not Integrity.DAMAGED) or not backup.copies:
            return [status_piece(backup.status, self._desk.glyphs)]
        text, role = integrity_piece(standing, self._desk.now())
        sign = f"{self._desk.glyphs.failed} " if standing.integrity is Integrity.DAMAGED else ""
        return [(sign + text, role)]

    def _draw_trends(self) -> None:
        """Draw how size and time went, oldest left."""
        made = [backup for backup in reversed(self.listing.given) if backup.copies]
        trends = self.query_one("#trends", Static)
        titles = _("size"), _("took")
        room = max(0, (self.listing.size.width - sum(len(title) + 1 for title in titles) - 3) // 2)
        bars = self._desk.glyphs.bars
        size = sparkline([backup.size for backup in made], room, bars)
        took = sparkline([backup.duration for backup in made], room, bars)
        text = f"{titles[0]} {size}   {titles[1]} {took}" if len(made) > 1 else ""
        trends.update(Content(text), layout=False)

    def _tell(self) -> None:
        """Tell what there is to know of the row at hand, in one line."""
        detail = self.query_one("#detail", Static)
        facts = [] if self.backup is None else self._facts(self.backup, self._desk.now())
        line = f" {self._desk.glyphs.dot} ".join(printable(fact) for fact in facts)
        detail.update(Content(shortened(line, detail.size.width)), layout=False)

    def _facts(self, backup: PastBackup, now: datetime) -> list[str]:
        facts = [exact(backup.time, self._desk.zone)]
        facts += [short(copy.snapshot) for copy in backup.copies[:1]]
        if backup.status is not RunStatus.OK:
            facts.append(status_word(backup.status))
        if backup.message:
            facts.append(backup.message)
        known: dict[str, list[str]] = {}
        for copy in backup.copies:
            known.setdefault(integrity_words(copy.standing, now), []).append(copy.repository)
        return [*facts, *(f"{', '.join(repositories)} {words}" for words, repositories in known.items())]
