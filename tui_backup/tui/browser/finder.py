"""The finder: where a name is, over one snapshot, those of a job, or all; hits come as they are found."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from os import fsdecode

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input

from tui_backup.model.entry import EntryKind
from tui_backup.model.snapshot import short
from tui_backup.model.watch import Watch
from tui_backup.primitives.globs import matcher
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number, printable
from tui_backup.services.browsing.directories import Copy, found_of
from tui_backup.services.browsing.searching import MOST, Search, Sighted
from tui_backup.services.storage.snapshots import Filter, Found, distinct, reach
from tui_backup.services.workspace import Workspace
from tui_backup.tui.browser.choosing import restore_of
from tui_backup.tui.browser.finding_page import FindingPage
from tui_backup.tui.browser.line import Line
from tui_backup.tui.browser.reading_page import Feed
from tui_backup.tui.browser.rows import size_cell, time_of
from tui_backup.tui.desk import Desk
from tui_backup.tui.places import Browser, Finder, Place, Restore, Versions, is_built
from tui_backup.tui.widgets.cells import Cell
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import counted_snapshots, day_and_time


@dataclass(frozen=True)
class Scope:
    """Where to look."""

    place: Finder

    def found(self, workspace: Workspace) -> list[Found]:
        """Return the snapshots to look into; raises BackupError where the only one cannot be reached."""
        asked = self.place
        if asked.snapshot is not None and asked.repository is not None:
            return [found_of(workspace, asked.repository, asked.snapshot)]
        return distinct(reach(workspace, asked.repository), Filter(job=asked.job))

    @property
    def words(self) -> str:
        """Where that is, for people."""
        if self.place.snapshot is not None:
            return _("in snapshot {id}").format(id=short(self.place.snapshot))
        if self.place.job is not None:
            return _("in all snapshots of {job}").format(job=self.place.job)
        if self.place.repository is not None:
            return _("in all snapshots of {job}").format(job=self.place.repository)
        return _("in all snapshots")

    def wider(self) -> "Scope":
        """Return the next wider one; the widest is followed by itself."""
        if self.place.snapshot is not None and self.place.job is not None:
            return Scope(Finder(job=self.place.job))
        return Scope(Finder())


class FinderPage(FindingPage[Sighted]):
    """Search for names."""

    CSS_PATH = "browser.tcss"
    AUTO_FOCUS = "#pattern"
    HELP = _(
        "Type what a name looks like: *.pdf anywhere, /srv/**/logo.png by its whole path; * and ? stay within a name, "
        "** stands for any number of directories. Each state of a file is one line, with the newest snapshot that "
        "has it. Enter opens that snapshot there."
    )

    BINDINGS = [
        Binding("f", "pattern", _("Pattern"), id="finder.pattern", tooltip=_("Search for something else")),
        Binding("W", "widen", _("Wider"), id="finder.widen",
                tooltip=_("Search all snapshots of the job, or of everything")),
        Binding("slash", "filter", _("Filter"), key_display="/", id="finder.filter",
                tooltip=_("Show only lines that hold some text")),
        Binding("v", "versions", _("Versions"), show=False, id="finder.versions",
                tooltip=_("Show how the file looked over time")),
        Binding("R", "restore", _("Restore"), id="finder.restore",
                tooltip=_("Get the file back as it was; a plan is shown first")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        assert isinstance(place, Finder)
        super().__init__(desk, place)
        self._scope = Scope(place)
        self._pattern = ""
        self._search: Search | None = None
        self._feed = Feed[Sighted]()

    def heading(self) -> str:
        return _("Find {where}").format(where=self._scope.words)

    def body(self) -> ComposeResult:
        field = Input(placeholder=_("*.pdf, or a whole path: /srv/**/logo.png"), compact=True, id="pattern")
        field.cursor_blink = False
        yield field
        yield Listing[Sighted](
            self._columns(),
            key=id,
            empty=Remark(_("Enter searches"), _("for a name, with * and ? for what you do not know")),
            words=lambda each: printable(each.entry.path).casefold(),
            id="hits",
        )
        yield FilterLine(id="filter")
        yield self.progress_line()
        yield Line(id="state")

    @property
    def listing(self) -> Listing[Sighted]:
        """What was found."""
        return self.query_one("#hits", Listing)

    def command_line(self) -> Sequence[str] | None:
        if not self._pattern:
            return None
        place = self._scope.place
        snapshot = ["--snapshot", short(place.snapshot)] if place.snapshot else []
        job = ["--job", place.job] if place.job and not place.snapshot else []
        repository = ["-r", place.repository] if place.repository else []
        return ["find", self._pattern, *snapshot, *job, *repository]

    def yanked(self) -> str | None:
        hit = self.listing.row
        return None if hit is None else printable(hit.entry.path)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no place that is not there."""
        return is_built(Restore) if action == "restore" else True

    def action_leave(self) -> None:
        """Stop searching, go from the pattern back to what was found, or leave."""
        if self.query_one("#pattern").has_focus and self.found and not self.is_reading:
            self.listing.focus()
        else:
            super().action_leave()

    # searching

    @on(Input.Submitted, "#pattern")
    def _submitted(self, event: Input.Submitted) -> None:
        self._pattern = event.value.strip()
        if self._pattern:
            self._begin()

    def _begin(self) -> None:
        """Search."""
        self.stop()
        self._search, self._feed, self.found = Search(matcher(self._pattern)), Feed[Sighted](), []
        self.query_one(FilterLine).clear()
        self.listing.empty = Remark("")
        self.listing.show([])
        self.listing.focus()
        self.query_one("#state", Line).say("")
        self.read(partial(self._work, self._search, self._feed), self.ended, self.failed, telling=self._telling)

    def _work(self, search: Search, feed: Feed[Sighted], watch: Watch) -> None:
        with self.desk.reading() as workspace:
            for hit in search.run(self._scope.found(workspace), watch):
                feed.add(hit)

    def _telling(self, watch: Watch) -> str:
        search = self._search
        if search is None or not search.snapshots_total:
            return _("opening the repositories…")
        text = _("searching: {done} of {total}, {looked_at} names looked at, {hits} found")
        return text.format(
            done=number(search.snapshots_done),
            total=counted_snapshots(search.snapshots_total),
            looked_at=number(search.looked_at),
            hits=number(search.hits),
        )

    def beat(self) -> None:
        """Show what was found since the last time."""
        new = self._feed.taken()
        if new:
            self.found += new
            self.listing.show(self.found)
        else:
            self.listing.redraw()

    def conclude(self, trouble: str) -> None:
        """Say what came of the search."""
        search = self._search
        if search is None:
            return
        hint = _("W searches wider")
        if not set(self._pattern) & set("*?[/"):
            hint = _("Names match as a whole: try *{pattern}*. W searches wider").format(pattern=self._pattern)
        self.listing.empty = Remark(_("Nothing found {where}").format(where=self._scope.words), hint)
        self.listing.refresh()
        found = ngettext("{count} found", "{count} found", search.hits).format(count=number(search.hits))
        text = _("{found} in {snapshots}").format(found=found, snapshots=counted_snapshots(search.snapshots_total))
        if search.is_cut_short:
            trouble = _("stopped at {count}: search for less").format(count=number(MOST))
        elif search.damaged:
            trouble = _("not all could be read: {reason}").format(reason=search.damaged[0])
        line = self.query_one("#state", Line)
        line.say(f"{text}; {trouble}" if trouble else text, "careful" if trouble else "")

    # keys

    @on(Listing.Chosen, "#hits")
    def _chosen(self, event: Listing.Chosen) -> None:
        hit: Sighted = event.row
        copy = hit.newest
        self.go(Browser(snapshot=copy.snapshot.id, repository=copy.repository, path=hit.entry.path))

    def action_pattern(self) -> None:
        """Search for something else."""
        self.query_one("#pattern").focus()

    def action_widen(self) -> None:
        """Search wider."""
        self._scope = self._scope.wider()
        self.retitle()
        if self._pattern:
            self._begin()

    def action_filter(self) -> None:
        """Filter what was found."""
        self.query_one(FilterLine).open(self.listing)

    def action_versions(self) -> None:
        """Show how a file looked over time."""
        hit = self.listing.row
        if hit is not None and hit.entry.kind is EntryKind.FILE:
            self.go(Versions(path=hit.entry.path, job=hit.newest.snapshot.job))

    def action_restore(self) -> None:
        """Get what was found back."""
        hit = self.listing.row
        if hit is not None:
            self.go(restore_of(hit.newest, [hit.entry.path]))

    def _columns(self) -> list[Column[Sighted]]:
        now, zone = self.desk.now(), self.desk.zone

        def when(copy: Copy) -> str:
            return day_and_time(copy.snapshot.time, now, zone)

        def path(hit: Sighted) -> Cell:
            return fsdecode(hit.entry.path) + ("/" if hit.entry.kind is EntryKind.DIR else "")

        return [
            Column(id="path", title=_("Path"), cell=path, grows=True, least=36, crop="start",
                   sort=lambda hit: hit.entry.path),
            Column(id="size", title=_("Size"), cell=lambda hit: size_cell(hit.entry), width=8, right=True,
                   sort=lambda hit: hit.entry.size),
            Column(id="modified", title=_("Modified"), cell=lambda hit: day_and_time(time_of(hit.entry), now, zone),
                   width=16, rank=1, sort=lambda hit: hit.entry.mtime_ns),
            Column(id="newest", title=_("Last in"), cell=lambda hit: when(hit.newest), width=16,
                   sort=lambda hit: hit.newest.snapshot.time),
            Column(id="oldest", title=_("First in"), cell=lambda hit: when(hit.oldest), width=16, rank=2,
                   sort=lambda hit: hit.oldest.snapshot.time),
            Column(id="snapshots", title=_("In"), cell=lambda hit: number(hit.snapshots), width=5, right=True, rank=3,
                   sort=lambda hit: hit.snapshots),
        ]  # fmt: skip
