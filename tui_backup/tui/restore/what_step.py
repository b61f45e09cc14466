"""What: everything a snapshot holds, or what is marked of it."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from tui_backup.errors import BackupError, NotFound, UsageError
from tui_backup.model.entry import Entry
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number, printable
from tui_backup.services.browsing import directories
from tui_backup.services.browsing.directories import Copy
from tui_backup.tui.page import Page
from tui_backup.tui.restore.choices import Choices, typed_patterns
from tui_backup.tui.restore.step import Onward, Step
from tui_backup.tui.restore.tree_listing import Row, TreeListing
from tui_backup.tui.widgets.field import Field
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing
from tui_backup.tui.words import brief_size, counted_files

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

ROOT = b"/"

_MOST_ADDED_UP = 1_000
"""Marks whose sizes are added up at each key."""


class WhatStep(Step):
    """A walk through the snapshot, one directory at a time."""

    BINDINGS = [
        Binding("slash", "filter", _("Filter"), id="restore.filter",
                tooltip=_("Show only names of this directory that hold a text")),
        Binding("e", "exclude", _("Leave out"), id="restore.exclude", tooltip=_("Leave out what matches patterns")),
        Binding("a", "unmark", _("Everything"), show=False, id="restore.unmark",
                tooltip=_("Mark nothing, so that everything is restored")),
    ]  # fmt: skip

    def __init__(self, page: Page, choices: Choices, *, id: str) -> None:  # noqa: A002 - as every widget has it
        super().__init__(page, choices, id=id)
        self._shown: Copy | None = None
        self._path = ROOT

    def compose(self) -> ComposeResult:
        yield Static(id="here", markup=False)
        yield FilterLine()
        yield TreeListing(self.page.desk, self.choices.marks, self._told, id="tree")
        with Horizontal(id="leaving-out"):
            yield Static(_("Leave out"), markup=False, classes="quiet label")
            yield Field(placeholder=_("patterns, such as *.log cache/"), id="patterns")
        yield Static(id="what-remark", markup=False, classes="careful")

    def arrive(self) -> None:
        candidate = self.choices.candidate
        if candidate is not None and candidate.copy != self._shown:
            self._shown = candidate.copy
            self._tree.known.clear()
            self._look(self._first(candidate.copy))
        self.query_one("#patterns", Field).value = self.choices.patterns
        self._tree.redraw()
        self._tree.focus()

    def follow(self) -> None:
        """Show what is to be restored from where it is read now, if that is another place."""
        candidate = self.choices.candidate
        if candidate is not None and candidate.copy != self._shown:
            self.arrive()

    def objection(self) -> str | None:
        try:
            typed_patterns(self.choices.patterns)
        except UsageError as error:
            return error.message
        return None

    def yanked(self) -> str | None:
        row = self._tree.row
        return os.fsdecode(self._path if row is None or row.entry is None else row.path)

    @property
    def _tree(self) -> TreeListing:
        return self.query_one(TreeListing)

    def _first(self, copy: Copy) -> list[bytes]:
        """Return where to begin: with what is marked, else where the snapshot does; each if those before are none."""
        if self.choices.marks:
            return [_above(min(self.choices.marks.marked)), ROOT]
        roots = [os.fsencode(path) for path in copy.snapshot.paths if path.startswith("/")]
        return [roots[0], _above(roots[0]), ROOT] if len(roots) == 1 else [ROOT]

    def _look(self, paths: list[bytes], came_from: bytes | None = None) -> None:
        """Show the first of these directories that is there; the cursor stands on where somebody came from."""
        copy, desk = self._shown, self.page.desk
        assert copy is not None
        self._tree.add_class("-waiting")

        def work(_watch: Watch) -> tuple[bytes, list[Row]]:
            with desk.reading() as workspace:
                path, entries = _directory(workspace, copy, paths)
            above = [] if path == ROOT else [Row(_above(path))]
            return path, [Row(ROOT, is_onward=True), *above, *(Row(entry.path, entry) for entry in entries)]

        def show(found: tuple[bytes, list[Row]]) -> None:
            self._show(*found, came_from)

        self.page.ask("directory", work, show, self._failed, about=copy.repository)

    def _show(self, path: bytes, rows: list[Row], came_from: bytes | None) -> None:
        tree = self._tree
        tree.remove_class("-waiting")
        self.query_one(FilterLine).clear()
        self._path = path
        tree.show(rows)
        if came_from is None or not tree.go_to((came_from, False)):
            tree.cursor = 0
        tree.focus()
        self._say()

    def _failed(self, error: BackupError) -> None:
        self._tree.remove_class("-waiting")
        if self._tree.rows:
            self.page.complain(error)
        else:
            self._tree.say(error.message, error.hint or "", failed=True)

    def _told(self) -> str:
        """Return what one goes on with."""
        marks = self.choices.marks
        if marks:
            count = len(marks.marked)
            words = ngettext("Go on with {count} marked path", "Go on with {count} marked paths", count)
            return words.format(count=number(count)) + self._sizes() + self._left_out()
        candidate = self.choices.candidate
        if candidate is None or candidate.snapshot.files is None:
            return _("Go on with everything")
        facts = ", ".join((counted_files(candidate.snapshot.files), brief_size(candidate.snapshot.size)))
        return _("Go on with everything ({facts})").format(facts=facts)

    def _sizes(self) -> str:
        """Return how much the marked files are, where no directory is among them."""
        if len(self.choices.marks.marked) > _MOST_ADDED_UP:
            return ""
        known = [self._tree.known.get(path) for path in self.choices.marks.marked]
        files = [entry.size for entry in known if entry is not None and entry.kind == "file"]
        return f" ({brief_size(sum(files))})" if len(files) == len(known) else ""

    def _left_out(self) -> str:
        count = len(self.choices.marks.left_out)
        if not count:
            return ""
        return ", " + ngettext("{count} left out", "{count} left out", count).format(count=number(count))

    def _say(self) -> None:
        self.query_one("#here", Static).update(
            Content.assemble((_("In") + "  ", "$quiet"), printable(os.fsdecode(self._path)))
        )
        self._tree.redraw()

    @on(Listing.Marked, "#tree")
    def _marked(self, event: Listing.Marked) -> None:
        event.stop()
        self._say()

    @on(Listing.Chosen, "#tree")
    def _chosen(self, event: Listing.Chosen) -> None:
        event.stop()
        row: Row = event.row
        if row.is_directory:
            self._tree.action_enter()
            return
        if not row.is_onward and not self.choices.marks:
            self._tree.action_mark()
        self.post_message(Onward())

    @on(TreeListing.Entered)
    def _entered(self, event: TreeListing.Entered) -> None:
        self._look([event.path])

    @on(TreeListing.Ascend)
    def _ascend(self) -> None:
        if self._path != ROOT:
            self._look([_above(self._path)], self._path)

    @on(Input.Changed, "#patterns")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.choices.patterns = event.value
        self.query_one("#what-remark", Static).update(Content(printable(self.objection() or "")))

    @on(Input.Submitted, "#patterns")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._tree.focus()

    def action_filter(self) -> None:
        """Let somebody type what the names have to hold."""
        self.query_one(FilterLine).open(self._tree)

    def action_exclude(self) -> None:
        """Type patterns of what is left out."""
        self.query_one("#patterns", Field).focus()

    def action_unmark(self) -> None:
        """Mark nothing."""
        self.choices.marks.clear()
        self._say()


def _directory(workspace: "Workspace", copy: Copy, paths: list[bytes]) -> tuple[bytes, list[Entry]]:
    for path in paths[:-1]:
        with suppress(NotFound):
            return path, directories.directory(workspace, copy, path)
    return paths[-1], directories.directory(workspace, copy, paths[-1])


def _above(path: bytes) -> bytes:
    return path.rpartition(b"/")[0] or ROOT
