"""Snapshots: all of them, over all repositories, those of other programs too."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding

from tui_backup.errors import BackupError
from tui_backup.model.snapshot import PIN, SnapshotStatus
from tui_backup.model.standing import Standing
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import number
from tui_backup.services.browsing.directories import Copy, found_of
from tui_backup.services.storage.snapshots import Filter, Row, Trouble, reach, rows
from tui_backup.tui.browser.choosing import changes_between, choose_other
from tui_backup.tui.browser.line import Line
from tui_backup.tui.browser.reading_page import ReadingPage
from tui_backup.tui.desk import Desk
from tui_backup.tui.places import Browser, Finder, Place, Restore, Snapshots, Verify, is_built
from tui_backup.tui.widgets.cells import Cell, Piece
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import brief_size, counted_snapshots, day_and_time, integrity_piece


@dataclass(frozen=True)
class Listed:
    """All snapshots, and the repositories that were not reached."""

    rows: Sequence[Row]
    troubles: Sequence[Trouble]


class SnapshotsPage(ReadingPage):
    """All snapshots, the newest first."""

    CSS_PATH = "browser.tcss"
    HELP = _(
        "Every snapshot in every repository of the configuration, the newest first, those that restic or other "
        "programs made too. A snapshot that was copied has a line for each repository that it lies in."
    )

    BINDINGS = [
        Binding("slash", "filter", _("Filter"), key_display="/", id="snapshots.filter",
                tooltip=_("Show only lines that hold some text: a job, a host, a tag, a day")),
        Binding("f", "find", _("Find"), id="snapshots.find", tooltip=_("Search the snapshot at hand")),
        Binding("d", "diff", _("Diff"), id="snapshots.diff",
                tooltip=_("Compare the snapshot with another one or with the disk")),
        Binding("v", "verify", _("Verify"), id="snapshots.verify",
                tooltip=_("Prove that the snapshot can be restored")),
        Binding("R", "restore", _("Restore"), id="snapshots.restore",
                tooltip=_("Get something of the snapshot back; a plan is shown first")),
        Binding("r,f5", "look_again", _("Refresh"), show=False, key_display="r", id="snapshots.refresh",
                tooltip=_("Look again")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        assert isinstance(place, Snapshots)
        super().__init__(desk, place)
        self._asked = place
        self._is_outdated = False

    def heading(self) -> str:
        if self._asked.job is not None:
            return _("Snapshots of {job}").format(job=self._asked.job)
        return _("Snapshots")

    def body(self) -> ComposeResult:
        yield Listing[Row](
            self._columns(),
            key=lambda row: (row.repository, row.id),
            empty=Remark(""),
            id="snapshots",
        )
        yield FilterLine(id="filter")
        yield self.progress_line()
        yield Line(id="state")

    def on_mount(self) -> None:
        """List them."""
        self.look()

    def record_changed(self) -> None:
        """List them again, as soon as somebody sees it: there may be others."""
        self._is_outdated = True
        if self.is_current:
            self.look()

    def on_screen_resume(self) -> None:
        """Make up for what was put off."""
        if self._is_outdated:
            self.look()

    @property
    def listing(self) -> Listing[Row]:
        """The snapshots."""
        return self.query_one("#snapshots", Listing)

    def look(self) -> None:
        """Ask for the snapshots."""
        asked, self._is_outdated = self._asked, False

        def work(_watch: Watch) -> Listed:
            with self.desk.reading() as workspace:
                reached = reach(workspace, asked.repository)
                found = rows(workspace, reached.shelves, Filter(job=asked.job))
                return Listed(found[::-1], reached.troubles)

        self.read(work, self._show, self._failed, telling=lambda _watch: _("opening the repositories…"))

    def command_line(self) -> Sequence[str] | None:
        asked = self._asked
        job = ["--job", asked.job] if asked.job else []
        return ["list", *job, *(["-r", asked.repository] if asked.repository else [])]

    def yanked(self) -> str | None:
        row = self.listing.row
        return None if row is None else row.id

    def stopped(self) -> None:
        if not self.listing.rows:
            self.listing.say(_("Reading was stopped"), _("r looks again, q goes back"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no place that is not there."""
        places = {"restore": Restore, "verify": Verify}
        return is_built(places[action]) if action in places else True

    def _show(self, listed: Listed) -> None:
        self.listing.empty = Remark(_("No snapshot yet"), _("B on the dashboard backs up now"))
        self.listing.show(listed.rows)
        line = self.query_one("#state", Line)
        if listed.troubles:
            said = "; ".join(f"{trouble.name}: {trouble.error.message}" for trouble in listed.troubles)
            line.say(said, "careful")
        else:
            line.say(counted_snapshots(len(listed.rows)))

    def _failed(self, error: BackupError) -> None:
        self.listing.say(error.message, error.hint or "", failed=True)

    # keys

    @on(Listing.Chosen, "#snapshots")
    def _chosen(self, event: Listing.Chosen) -> None:
        row: Row = event.row
        self.go(Browser(snapshot=row.id, repository=row.repository))

    def action_filter(self) -> None:
        """Filter the snapshots."""
        self.query_one(FilterLine).open(self.listing)

    def action_find(self) -> None:
        """Search the snapshot at hand."""
        row = self.listing.row
        if row is not None:
            self.go(Finder(job=row.job, snapshot=row.id, repository=row.repository))

    def action_diff(self) -> None:
        """Compare the snapshot at hand."""
        row = self.listing.row
        if row is None:
            return

        def work(_watch: Watch) -> Copy:
            with self.desk.reading() as workspace:
                found = found_of(workspace, row.repository, row.id)
                return Copy(snapshot=found.snapshot, repository=row.repository)

        def found(copy: Copy) -> None:
            choose_other(self, copy, lambda choice: self.go(changes_between(copy, choice, b"/")))

        self.read(work, found, telling=lambda _watch: _("reading…"))

    def action_verify(self) -> None:
        """Prove the snapshot at hand."""
        row = self.listing.row
        if row is not None:
            self.go(Verify(repository=row.repository, snapshot=row.id))

    def action_restore(self) -> None:
        """Get something back."""
        row = self.listing.row
        if row is not None:
            self.go(Restore(job=row.job, snapshot=row.id, repository=row.repository))

    def action_look_again(self) -> None:
        """Look again, past what was opened before."""
        self.desk.renew()
        self.look()

    def _columns(self) -> list[Column[Row]]:
        now, zone = self.desk.now(), self.desk.zone

        def integrity(row: Row) -> Cell:
            standing = Standing(integrity=row.integrity, verified_at=row.verified_at, checked_at=row.checked_at)
            return [integrity_piece(standing, now)]

        return [
            Column(id="when", title=_("When"), cell=lambda row: day_and_time(row.time, now, zone), width=16,
                   sort=lambda row: row.time),
            Column(id="job", title=_("Job"), cell=_job_cell, grows=True, least=8, sort=lambda row: row.job or ""),
            Column(id="host", title=_("Host"), cell=lambda row: row.host, most=16, rank=4, sort=lambda row: row.host),
            Column(id="repository", title=_("Repository"), cell=lambda row: row.repository, most=16,
                   sort=lambda row: row.repository),
            Column(id="size", title=_("Size"), cell=lambda row: brief_size(row.size), width=8, right=True,
                   sort=lambda row: row.size or -1),
            Column(id="files", title=_("Files"), cell=lambda row: "-" if row.files is None else number(row.files),
                   width=9, right=True, rank=3, sort=lambda row: row.files or -1),
            Column(id="tags", title=_("Tags"), cell=_tags, most=20, rank=5),
            Column(id="integrity", title=_("Integrity"), cell=integrity, most=14, rank=1),
            Column(id="id", title=_("Snapshot"), cell=lambda row: [(row.short_id, "dim")], width=8, rank=6),
        ]  # fmt: skip


def _job_cell(row: Row) -> Cell:
    """Return the job, or who made it, and what is special about it."""
    name = row.job or _("(another program)")
    if row.status is SnapshotStatus.INCOMPLETE:
        return [(name, "plain"), ("  ", "plain"), (_("incomplete"), "warning")]
    return [(name, "plain" if row.job else "dim")]


def _tags(row: Row) -> Cell:
    """Return the tags that people gave, the pin first."""
    own = [
        tag
        for tag in row.tags
        if tag not in {PIN, "tui-backup", "incomplete"} and not tag.startswith(("job=", "kind="))
    ]
    pin: list[Piece] = [(_("pinned"), "accent"), ("  ", "plain")] if PIN in row.tags else []
    return [*pin, (", ".join(own), "plain")]
