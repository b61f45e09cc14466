"""Versions: how one file looked over time, and where each state of it can be had."""

from collections.abc import Sequence
from functools import partial
from os import fsdecode

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding

from tui_backup.errors import BackupError
from tui_backup.model.entry import Entry
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import number, printable
from tui_backup.services.browsing.directories import Copy, entry_at
from tui_backup.services.browsing.tracing import Trace, Traced, trace
from tui_backup.tui.browser import taking
from tui_backup.tui.browser.choosing import restore_of
from tui_backup.tui.browser.line import Line
from tui_backup.tui.browser.reading_page import ReadingPage
from tui_backup.tui.browser.text_pane import Text
from tui_backup.tui.browser.unified import UnifiedDialog, compared
from tui_backup.tui.desk import Desk
from tui_backup.tui.places import Browser, Place, Restore, Versions, is_built
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import brief_size, counted_snapshots, day_and_time


class VersionsPage(ReadingPage):
    """The versions of a file."""

    CSS_PATH = "browser.tcss"
    HELP = _(
        "Each line is one content of the file, the newest first: when it was modified, from which snapshot to which it "
        "was there, and in which repositories it lies. Mark two and press d to see what is different between them."
    )

    BINDINGS = [
        Binding("d", "diff", _("Diff"), id="versions.diff",
                tooltip=_("Show what is different between two marked versions, or the one at hand and the one before")),
        Binding("b", "browse", _("Browse"), id="versions.browse",
                tooltip=_("Open the newest snapshot that has this version")),
        Binding("w", "write", _("Write"), id="versions.write",
                tooltip=_("Write this version into the directory that the program was started in")),
        Binding("R", "restore", _("Restore"), id="versions.restore",
                tooltip=_("Get this version back; a plan is shown first")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        assert isinstance(place, Versions)
        super().__init__(desk, place)
        self._asked = place

    def heading(self) -> str:
        return _("Versions")

    def body(self) -> ComposeResult:
        line = Line(crop="start", id="path", classes="-strong")
        line.left = printable(self._asked.path)
        yield line
        yield Listing[Traced](
            self._columns(),
            key=lambda each: each.version.sha256,
            empty=Remark(""),
            markable=True,
            id="versions",
        )
        yield self.progress_line()
        yield Line(id="state")

    def on_mount(self) -> None:
        """Look for the versions."""

        def work(watch: Watch) -> Trace:
            with self.desk.reading() as workspace:
                return trace(workspace, self._asked.path, self._asked.job, watch)

        self.read(work, self._show, self._failed, telling=_telling)

    @property
    def listing(self) -> Listing[Traced]:
        """The versions."""
        return self.query_one("#versions", Listing)

    def command_line(self) -> Sequence[str] | None:
        return ["versions", fsdecode(self._asked.path), *(["--job", self._asked.job] if self._asked.job else [])]

    def yanked(self) -> str | None:
        row = self.listing.row
        return None if row is None else row.version.sha256

    def stopped(self) -> None:
        if not self.listing.rows:
            self.listing.say(_("Reading was stopped"), _("q goes back"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no place that is not there."""
        return is_built(Restore) if action == "restore" else True

    def _show(self, found: Trace) -> None:
        self.listing.show(found.versions[::-1])
        count = len(found.versions)
        line = self.query_one("#path", Line)
        line.right = _("{count} versions").format(count=number(count)) if count != 1 else _("one version")
        troubles = [_("{name} was not reached").format(name=trouble.name) for trouble in found.troubles]
        if found.damaged:
            damaged = _("{snapshots} cannot be read there")
            troubles.append(damaged.format(snapshots=counted_snapshots(found.damaged)))
        self.query_one("#state", Line).say("; ".join(troubles) or self._where(), "careful" if troubles else "")

    def _failed(self, error: BackupError) -> None:
        self.listing.say(error.message, error.hint or "", failed=True)

    def _where(self) -> str:
        if self._asked.job is None:
            return _("in all snapshots")
        return _("in all snapshots of {job}").format(job=self._asked.job)

    # keys

    @on(Listing.Chosen, "#versions")
    def _chosen(self) -> None:
        if is_built(Restore):
            self.action_restore()
        else:
            self.action_browse()

    def action_restore(self) -> None:
        """Get the version at hand back."""
        row = self.listing.row
        if row is not None:
            self.go(restore_of(row.newest, [self._asked.path]))

    def action_browse(self) -> None:
        """Open the newest snapshot that has the version."""
        row = self.listing.row
        if row is not None:
            place = row.newest
            self.go(Browser(snapshot=place.snapshot.id, repository=place.repository, path=self._asked.path))

    def action_write(self) -> None:
        """Write the version at hand into the working directory."""
        row = self.listing.row
        if row is None:
            return
        copy = row.newest

        def work(_watch: Watch) -> Entry:
            with self.desk.reading() as workspace:
                return entry_at(workspace, copy, self._asked.path)

        self.read(work, partial(taking.write, self, copy), telling=lambda _watch: _("reading…"))

    def action_diff(self) -> None:
        """Show what is different between two versions."""
        pair = self._pair()
        if pair is None:
            self.notify(_("Mark two versions with Space"))
            return
        older, newer = (each.newest for each in pair)
        labels = self._label(older), self._label(newer)

        def work(watch: Watch) -> Text:
            with self.desk.reading() as workspace:
                return compared(workspace, self._asked.path, (older, newer), labels, watch)

        self.read(work, partial(self._show_difference, labels), telling=lambda _watch: _("comparing the two versions…"))

    def _show_difference(self, labels: tuple[str, str], text: Text) -> None:
        title = _("From {before} to {after}").format(before=labels[0], after=labels[1])
        self.app.push_screen(UnifiedDialog(title, text))

    def _pair(self) -> tuple[Traced, Traced] | None:
        """Return the two versions to compare, the older one first."""
        marked = self.listing.marked
        if len(marked) == 2:
            newer, older = marked
            return older, newer
        rows, at = self.listing.given, self.listing.row
        if marked or at is None:
            return None
        number_ = rows.index(at)
        return (rows[number_ + 1], at) if number_ + 1 < len(rows) else None

    def _label(self, copy: Copy) -> str:
        return day_and_time(copy.snapshot.time, self.desk.now(), self.desk.zone)

    def _columns(self) -> list[Column[Traced]]:
        now, zone = self.desk.now(), self.desk.zone
        return [
            Column(id="modified", title=_("Modified"), cell=lambda each: day_and_time(each.version.mtime, now, zone),
                   width=16),
            Column(id="size", title=_("Size"), cell=lambda each: brief_size(each.version.size), width=8, right=True,
                   sort=lambda each: each.version.size),
            Column(id="first", title=_("First in"), cell=lambda each: day_and_time(each.version.first, now, zone),
                   width=16, rank=3),
            Column(id="last", title=_("Last in"), cell=lambda each: day_and_time(each.version.last, now, zone),
                   width=16, rank=1),
            Column(id="snapshots", title=_("In"), cell=lambda each: number(len(each.version.snapshots)), width=5,
                   right=True, rank=4),
            Column(id="repositories", title=_("Where"), cell=lambda each: ", ".join(each.repositories), grows=True,
                   least=10, rank=0),
            Column(id="hash", title="SHA-256", cell=lambda each: [(each.version.sha256[:12], "dim")], width=12,
                   rank=2),
        ]  # fmt: skip


def _telling(watch: Watch) -> str:
    if not watch.files_total:
        return _("opening the repositories…")
    if watch.files_done < watch.files_total:
        text = _("asking {total}: {done} done")
        return text.format(total=counted_snapshots(watch.files_total), done=number(watch.files_done))
    return _("reading the contents: {bytes}").format(bytes=brief_size(watch.bytes_done))
