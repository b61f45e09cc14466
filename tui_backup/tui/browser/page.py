"""The browser: the directories of one snapshot, and beside them what the entry at hand holds."""

import os
from collections.abc import Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from tui_backup.errors import BackupError
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.snapshot import short
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.browsing.directories import Comparison, Copy, Opened, directory, held_by, open_copy
from tui_backup.services.words import entry_word
from tui_backup.tui.browser import taking
from tui_backup.tui.browser.against import Against, compared
from tui_backup.tui.browser.choosing import changes_between, choose_other, restore_of
from tui_backup.tui.browser.line import Line
from tui_backup.tui.browser.preview import Preview
from tui_backup.tui.browser.reading_page import ReadingPage
from tui_backup.tui.browser.rows import Row, columns_of, parent_of
from tui_backup.tui.browser.text_pane import TextPane
from tui_backup.tui.browser.view import Marks, View, Views, first_view, view_at
from tui_backup.tui.desk import Desk
from tui_backup.tui.places import Browser, Finder, Place, Restore, Versions, is_built
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import day_and_time


class BrowserPage(ReadingPage):
    """What a snapshot holds."""

    CSS_PATH = "browser.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    HELP = _(
        "The directories of one snapshot, as they were then. The sign before a name says what has changed since the "
        "snapshot before it: + is new, ~ has changed, - was there and is gone; D compares with the disk of today. "
        "Marks stay while you walk about. Looking changes nothing; what is read is noted in the audit."
    )

    BINDINGS = [
        Binding("right,l", "open", _("Open"), show=False, id="browser.open",
                tooltip=_("Go into the directory, or look at the file")),
        Binding("left,h,backspace", "up", _("Up"), show=False, id="browser.up", tooltip=_("Go to the directory above")),
        Binding("at", "jump", _("Go to a path"), show=False, key_display="@", id="browser.jump",
                tooltip=_("Type a path to go to, from here or from the top")),
        Binding("tab", "preview", _("Preview"), show=False, id="browser.preview",
                tooltip=_("Go to what the entry holds, and back to the list")),
        Binding("slash", "filter", _("Filter"), key_display="/", id="browser.filter",
                tooltip=_("Show only names that hold some text")),
        Binding("f", "find", _("Find"), id="browser.find", tooltip=_("Search all directories of this snapshot")),
        Binding("d", "diff", _("Diff"), id="browser.diff",
                tooltip=_("Compare this directory with another snapshot or with the disk")),
        Binding("D", "against", _("Compare with…"), show=False, id="browser.against",
                tooltip=_("Compare names with the disk of today, or with the snapshot before this one")),
        Binding("v", "versions", _("Versions"), id="browser.versions",
                tooltip=_("Show how the file looked over time")),
        Binding("R", "restore", _("Restore"), id="browser.restore",
                tooltip=_("Get what is marked, or the entry at hand, back; a plan is shown first")),
        Binding("w", "write", _("Write"), show=False, id="browser.write",
                tooltip=_("Write the file into the directory that the program was started in")),
        Binding("x", "export", _("Export"), show=False, id="browser.export",
                tooltip=_("Write what is marked, or the entry at hand, as a tar file")),
        Binding("u", "unmark", _("Unmark all"), show=False, id="browser.unmark", tooltip=_("Take all marks away")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        assert isinstance(place, Browser)
        super().__init__(desk, place)
        self.marks = Marks()
        self._wanted = place
        self._opened: Opened | None = None
        self._views = Views()
        self._view: View | None = None
        self._against = Against()
        self._trouble = ""

    def heading(self) -> str:
        if self._opened is None:
            return _("Snapshot {id}").format(id=short(self._wanted.snapshot))
        snapshot = self._opened.copy.snapshot
        when = day_and_time(snapshot.time, self.desk.now(), self.desk.zone)
        glyph = f" {self.desk.glyphs.dot} "
        return glyph.join((snapshot.job or _("(another program)"), when, snapshot.short_id, self._wanted.repository))

    def body(self) -> ComposeResult:
        yield Line(crop="start", id="path", classes="-strong")
        jump = Input(compact=True, select_on_focus=False, id="jump")
        jump.cursor_blink = False
        yield jump
        with Horizontal(id="panes"):
            with Vertical(id="list"):
                yield Listing[Row](
                    columns_of(self.desk, lambda: self._against.changes),
                    key=lambda row: row.entry.path,
                    empty=Remark(_("Nothing is in this directory")),
                    markable=True,
                    words=lambda row: row.words,
                    id="entries",
                )
                yield FilterLine(id="filter")
            yield Preview(self.desk, id="preview", classes="pane")
        yield self.progress_line()
        yield Line(id="state")

    def on_mount(self) -> None:
        """Open the snapshot."""
        self._open(self._wanted.path)

    @property
    def copy(self) -> Copy | None:
        """The snapshot, once it is open."""
        return self._opened.copy if self._opened else None

    @property
    def listing(self) -> Listing[Row]:
        """The entries."""
        return self.query_one("#entries", Listing)

    @property
    def row(self) -> Row | None:
        """The entry at hand, unless only the other side has it."""
        row = self.listing.row
        return None if row is None or row.is_other else row

    @property
    def chosen(self) -> tuple[Entry, ...]:
        """What is marked, or else the entry at hand."""
        return self.marks.entries or ((self.row.entry,) if self.row else ())

    def command_line(self) -> Sequence[str] | None:
        place = [short(self._wanted.snapshot), "-r", self._wanted.repository]
        row = self.row
        if self._is_previewing and row is not None:
            return ["dump", place[0], os.fsdecode(row.entry.path), *place[1:]]
        path = self._view.path if self._view else self._wanted.path
        return ["ls", place[0], os.fsdecode(path), "--long", *place[1:]]

    def yanked(self) -> str | None:
        row = self.listing.row
        return None if row is None else printable(row.entry.path)

    def stopped(self) -> None:
        if self._view is None:
            self.listing.say(_("Reading was stopped"), _("q goes back"))

    def action_leave(self) -> None:
        """Close what is open on this page, stop what is read, and else go back."""
        if self.query_one("#jump").has_class("-open"):
            self._close_jump()
        elif self._is_previewing and not self.is_reading:
            self._leave_preview()
        else:
            super().action_leave()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no place that is not there."""
        return is_built(Restore) if action == "restore" else True

    # directories

    def _open(self, path: bytes) -> None:
        """Open the snapshot, and go to a path of it."""

        def work(_watch: Watch) -> tuple[Opened, View]:
            with self.desk.reading() as workspace:
                opened = open_copy(workspace, self._wanted.repository, self._wanted.snapshot)
                return opened, first_view(workspace, opened.copy, path)

        self.listing.empty = Remark("")
        self.read(work, lambda found: self._opened_at(*found, path), self._failed, telling=lambda _watch: _("reading…"))

    def _opened_at(self, opened: Opened, view: View, path: bytes) -> None:
        self._opened = opened
        self.retitle()
        if opened.holder is not None:
            self._trouble = held_by(self._wanted.repository, opened.holder)
        self._show(view, path)

    def _failed(self, error: BackupError, path: bytes | None = None) -> None:
        """Say in the place of the list why there is none; `path` is that of a directory that cannot be read."""
        if path is not None:
            self._turn_to(View.of(path, []))
            self._state()
        self.listing.say(error.message, error.hint or "", failed=True)

    def go_into(self, place: bytes | Entry, cursor: bytes | None = None) -> None:
        """Show a directory, with the cursor on one of its entries."""
        copy, path = self.copy, place.path if isinstance(place, Entry) else place
        if copy is None:
            return
        if (view := self._views.get(path)) is not None:
            self.stop()
            self._show(view, cursor)
            return

        def work(_watch: Watch) -> View:
            with self.desk.reading() as workspace:
                return View.of(path, directory(workspace, copy, place))

        telling = _("reading {path}…").format(path=printable(path))
        failed = partial(self._failed, path=path)
        self.read(work, partial(self._show, cursor=cursor), failed, telling=lambda _watch: telling)

    def _show(self, view: View, cursor: bytes | None) -> None:
        """Show a directory that was read."""
        self._views.keep(view)
        self._turn_to(view)
        listing = self.listing
        listing.empty = Remark(_("Nothing is in this directory"))
        listing.marks = set(self.marks.of(view))
        listing.show(view.rows)
        if cursor is None or not listing.go_to(cursor):
            listing.cursor = 0
        self._compare()

    def _turn_to(self, view: View) -> None:
        """Be about a directory."""
        if view is not self._view:
            self.query_one(FilterLine).clear()
        self._view, self._against.comparison = view, None
        self.query_one("#path", Line).left = printable(view.path)
        self.query_one("#path", Line).right = view.told() if view.rows else ""

    def _compare(self) -> None:
        """Have the directory at hand compared, aside."""
        view, opened, against = self._view, self._opened, self._against
        self._state()
        if view is None or opened is None or not against.is_possible(opened):
            return
        side = against.side
        if (known := view.comparisons.get(side)) is not None:
            self._compared(view, *known)
            return

        def work(_watch: Watch) -> tuple[list[Row], Comparison]:
            with self.desk.reading() as workspace:
                found = view.comparisons[side] = compared(workspace, opened, view, side)
                return found

        failed, name = (lambda error: self._state(error.message)), self.reads_from
        self.ask("compare", work, lambda found: self._compared(view, *found), failed, about=name)

    def _compared(self, view: View, rows: list[Row], comparison: Comparison) -> None:
        if view is self._view:
            self._against.comparison = comparison
            self.listing.show(rows)
            self._state()

    def _state(self, trouble: str = "") -> None:
        """Say what is marked, what the signs mean, and what is wrong."""
        line, marked, trouble = self.query_one("#state", Line), self.marks.told(), trouble or self._trouble
        meaning = self._against.meaning(self._opened, self.desk.now(), self.desk.zone)
        line.say(marked or trouble or meaning, "" if marked or not trouble else "careful")
        line.right = meaning if marked else ""

    @property
    def _is_previewing(self) -> bool:
        return self.query_one(TextPane).has_focus

    @on(Listing.Moved, "#entries")
    def _moved(self, event: Listing.Moved) -> None:
        self.query_one(Preview).look_at(self.copy, event.row)

    # keys

    @on(Listing.Chosen, "#entries")
    def _chosen(self) -> None:
        self.action_open()

    @on(Listing.Marked, "#entries")
    def _marked(self, event: Listing.Marked) -> None:
        if self._view is not None:
            self.listing.marks -= self._against.others
            self.marks.turn(self._view, event.turned)
            self._state()

    @on(Input.Submitted, "#jump")
    def _jumped(self, event: Input.Submitted) -> None:
        self._close_jump()
        base = self._view.path if self._view else b"/"
        self._jump_to(os.path.normpath(os.path.join(base, os.fsencode(event.value.strip()))))

    def _jump_to(self, path: bytes) -> None:
        copy = self.copy
        if copy is None:
            return

        def work(_watch: Watch) -> View:
            with self.desk.reading() as workspace:
                return view_at(workspace, copy, path)

        telling = _("looking for {path}…").format(path=printable(path))
        self.read(work, partial(self._show, cursor=path), telling=lambda _watch: telling)

    def _close_jump(self) -> None:
        self.query_one("#jump").remove_class("-open")
        self.listing.focus()

    def _leave_preview(self) -> None:
        self.remove_class("-previewing")
        self.listing.focus()

    def action_open(self) -> None:
        """Go into a directory, or look at a file."""
        row = self.listing.row
        if row is None:
            return
        if row.is_other:
            self.notify(_("That is not in this snapshot; v shows where it is"))
        elif row.is_directory:
            self.go_into(row.entry)
        else:
            self.action_preview()

    def action_up(self) -> None:
        """Go to the directory above, with the cursor on the one that was left."""
        if self._is_previewing:
            self._leave_preview()
        elif self._view is not None and self._view.path != b"/":
            self.go_into(parent_of(self._view.path), self._view.path)

    def action_jump(self) -> None:
        """Let somebody type a path."""
        field = self.query_one("#jump", Input)
        path = os.fsdecode(self._view.path if self._view else b"/")
        field.value = path.rstrip("/") + "/"
        field.add_class("-open")
        field.focus()

    def action_preview(self) -> None:
        """Go to what the entry holds, or back."""
        if self._is_previewing:
            self._leave_preview()
            return
        self.add_class("-previewing")
        self.query_one(TextPane).focus()

    def action_filter(self) -> None:
        """Filter this directory."""
        self.query_one(FilterLine).open(self.listing)

    def action_find(self) -> None:
        """Search the whole snapshot."""
        if self.copy is not None:
            job = self.copy.snapshot.job
            self.go(Finder(job=job, snapshot=self.copy.snapshot.id, repository=self.copy.repository))

    def action_against(self) -> None:
        """Compare with the other thing."""
        self._against.turn()
        if self._view is not None:
            self.listing.show(self._view.rows)
        self._compare()

    def action_diff(self) -> None:
        """Choose what to compare with, and show what changed."""
        copy, view = self.copy, self._view
        if copy is not None and view is not None:
            choose_other(self, copy, lambda choice: self.go(changes_between(copy, choice, view.path)))

    def action_versions(self) -> None:
        """Show how a file looked over time."""
        row = self.listing.row
        if row is None or self.copy is None:
            return
        if row.entry.kind is not EntryKind.FILE:
            kind = entry_word(row.entry.kind)
            self.notify(_("Only files have versions; this is a {kind}").format(kind=kind), markup=False)
        else:
            self.go(Versions(path=row.entry.path, job=self.copy.snapshot.job))

    def action_restore(self) -> None:
        """Get something back."""
        if self.copy is not None and self.chosen:
            self.go(restore_of(self.copy, [entry.path for entry in self.chosen]))

    def action_write(self) -> None:
        """Write the file at hand into the working directory."""
        if self.row is not None and self.copy is not None:
            taking.write(self, self.copy, self.row.entry)

    def action_export(self) -> None:
        """Write what is chosen as a tar file."""
        if self.chosen and self.copy is not None:
            taking.export(self, self.copy, self.chosen)

    def action_unmark(self) -> None:
        """Take all marks away."""
        self.marks.clear()
        self.listing.marks = set()
        self.listing.refresh()
        self._state()
