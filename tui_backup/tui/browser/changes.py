"""Changes: what is different between two snapshots, or has changed on disk since one."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from os import fsdecode

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding

from tui_backup.engine.diff import Change, Difference
from tui_backup.model.snapshot import short
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import number, printable
from tui_backup.services.browsing.comparing import between, with_disk
from tui_backup.services.browsing.directories import found_of
from tui_backup.services.browsing.opened import reading
from tui_backup.services.storage.snapshots import Found
from tui_backup.tui.browser.finding_page import FindingPage
from tui_backup.tui.browser.line import Line
from tui_backup.tui.browser.reading_page import Feed
from tui_backup.tui.browser.rows import SIGNS
from tui_backup.tui.desk import Desk
from tui_backup.tui.places import Browser, Changes, Place, Versions
from tui_backup.tui.widgets.cells import Cell
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import brief_size, day_and_time

MOST = 100_000
"""Changes that are listed; all are counted."""

KINDS: Sequence[tuple[Change, ...]] = (
    tuple(Change),
    (Change.ADDED,),
    (Change.CONTENT, Change.TYPE),
    (Change.REMOVED,),
    (Change.METADATA,),
)
"""What one can look at alone, in the order of the key that turns."""


class Totals:
    """What all changes come to."""

    def __init__(self) -> None:
        self.counts: Counter[Change] = Counter()
        self.more = 0
        """Bytes of what is new, and by which what has changed is larger."""
        self.less = 0

    def add(self, difference: Difference) -> None:
        """Count one."""
        self.counts[difference.change] += 1
        grown = (difference.size_after or 0) - (difference.size_before or 0)
        self.more += max(0, grown)
        self.less += max(0, -grown)

    def told(self) -> str:
        """Return what they come to; nothing where there are none."""
        count = self.counts
        changed = count[Change.CONTENT] + count[Change.TYPE]
        parts = [
            (count[Change.ADDED], _("+ {count} new")),
            (changed, _("~ {count} changed")),
            (count[Change.REMOVED], _("- {count} gone")),
            (count[Change.METADATA], _("{count} only metadata")),
        ]
        told = [text.format(count=number(each)) for each, text in parts if each]
        sizes = [(self.more, _("{size} more")), (self.less, _("{size} less"))]
        return "  ".join([*told, *(text.format(size=brief_size(size)) for size, text in sizes if size)])


class ChangesPage(FindingPage[Difference]):
    """What changed."""

    CSS_PATH = "browser.tcss"
    HELP = _(
        "What is different between an older state and a newer one: + is new, ~ has other content, - is gone; a grey ~ "
        "has only other permissions, owners or times. Contents are compared where sizes and times leave a doubt."
    )

    BINDINGS = [
        Binding("t", "turn", _("Kind"), id="changes.kind",
                tooltip=_("Show all changes, or only what is new, changed, gone or has other metadata")),
        Binding("slash", "filter", _("Filter"), key_display="/", id="changes.filter",
                tooltip=_("Show only lines that hold some text")),
        Binding("v", "versions", _("Versions"), id="changes.versions",
                tooltip=_("Show how the file looked over time")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        assert isinstance(place, Changes)
        super().__init__(desk, place)
        self._asked = place
        self._sides: tuple[Found, Found | None] | None = None
        self._feed = Feed[Difference]()
        self._totals = Totals()
        self._kind = 0
        self._noted: Watch | None = None
        self._unread: list[bytes] = []

    def heading(self) -> str:
        if self._sides is None:
            return _("Changes")
        before, after = self._sides
        newer = self._when(after) if after else _("the disk of today")
        return _("Changes from {before} to {after}").format(before=self._when(before), after=newer)

    def body(self) -> ComposeResult:
        line = Line(crop="start", id="path", classes="-strong")
        line.left = printable(self._asked.path)
        yield line
        yield Listing[Difference](
            self._columns(),
            key=lambda each: each.path,
            empty=Remark(""),
            words=lambda each: printable(each.path).casefold(),
            id="changes",
        )
        yield FilterLine(id="filter")
        yield self.progress_line()
        yield Line(id="state")

    def on_mount(self) -> None:
        """Compare."""
        self.read(self._work, self.ended, self.failed, telling=self._telling)

    @property
    def reads_from(self) -> str | None:
        asked = self._asked
        return asked.repository if asked.other_repository in {None, asked.repository} else None

    @property
    def listing(self) -> Listing[Difference]:
        """The changes."""
        return self.query_one("#changes", Listing)

    def command_line(self) -> Sequence[str] | None:
        asked = self._asked
        if asked.other is None:
            return None
        return [
            "diff",
            short(asked.snapshot),
            short(asked.other),
            *(["-r", self.reads_from] if self.reads_from else []),
        ]

    def lacks_command_line(self) -> str:
        return _(
            "The command line compares snapshots with each other only. What a restore would change on disk is told by "
            "restore {snapshot} --in-place --dry-run"
        ).format(snapshot=short(self._asked.snapshot))

    def yanked(self) -> str | None:
        row = self.listing.row
        return None if row is None else printable(row.path)

    def _work(self, watch: Watch) -> None:
        asked, feed = self._asked, self._feed
        noted = self._noted = Watch(watch.cancel, lambda path, _message: self._unread.append(path or b""))
        with self.desk.reading() as workspace:
            before = found_of(workspace, asked.repository, asked.snapshot)
            after = (
                found_of(workspace, asked.other_repository or asked.repository, asked.other) if asked.other else None
            )
            self._sides = before, after
            shelves = [before.shelf, *([after.shelf] if after else [])]
            with reading(shelves, noted):
                changes = (
                    between(before, after, noted, asked.path)
                    if after
                    else with_disk(workspace, before, noted, asked.path)
                )
                for change in changes:
                    feed.add(change)

    def _telling(self, watch: Watch) -> str:
        looked_at = number(self._noted.files_done if self._noted else 0)
        text = _("comparing: {looked_at} names looked at, {count} changes so far")
        return text.format(looked_at=looked_at, count=number(self._totals.counts.total()))

    def beat(self) -> None:
        """Show what was found since the last time."""
        self.retitle()
        if new := self._feed.taken():
            for each in new:
                self._totals.add(each)
            self.found += new[: MOST - len(self.found)]
            self._show()
        self.query_one("#state", Line).say(self._totals.told())

    def conclude(self, trouble: str) -> None:
        self.listing.empty = Remark(_("Nothing has changed"))
        self._show()
        if self._totals.counts.total() > len(self.found):
            trouble = _("the first {count} are shown").format(count=number(len(self.found)))
        elif self._unread:
            trouble = _("{count} could not be read on disk").format(count=number(len(self._unread)))
        line = self.query_one("#state", Line)
        line.say("; ".join(filter(None, (self._totals.told(), trouble))), "careful" if trouble else "")

    def _show(self) -> None:
        wanted = KINDS[self._kind]
        self.listing.show([each for each in self.found if each.change in wanted] if self._kind else self.found)

    # keys

    @on(Listing.Chosen, "#changes")
    def _chosen(self, event: Listing.Chosen) -> None:
        change: Difference = event.row
        asked = self._asked
        is_old = change.change is Change.REMOVED or asked.other is None
        if asked.other is None and change.change is Change.ADDED:
            self.notify(_("That is on disk only, in no snapshot yet"))
        elif is_old:
            self.go(Browser(snapshot=asked.snapshot, repository=asked.repository, path=change.path))
        else:
            repository = asked.other_repository or asked.repository
            self.go(Browser(snapshot=asked.other or "", repository=repository, path=change.path))

    def action_turn(self) -> None:
        """Show another kind of changes."""
        self._kind = (self._kind + 1) % len(KINDS)
        self.query_one("#path", Line).right = self._kind_word()
        self._show()

    def action_filter(self) -> None:
        """Filter the changes."""
        self.query_one(FilterLine).open(self.listing)

    def action_versions(self) -> None:
        """Show how a file looked over time."""
        row = self.listing.row
        if row is not None and self._sides is not None:
            self.go(Versions(path=row.path, job=self._sides[0].snapshot.job))

    def _kind_word(self) -> str:
        words = ("", _("only what is new"), _("only what has changed"), _("only what is gone"), _("only metadata"))
        return words[self._kind]

    def _when(self, found: Found) -> str:
        return day_and_time(found.snapshot.time, self.desk.now(), self.desk.zone)

    def _columns(self) -> list[Column[Difference]]:
        def path(each: Difference) -> Cell:
            return [(fsdecode(each.path), SIGNS[each.change][1] if each.change is Change.REMOVED else "plain")]

        def size(of: Callable[[Difference], int | None]) -> Callable[[Difference], Cell]:
            return partial(_size, of)

        sign = "~" if self.desk.glyphs.is_ascii else "±"
        return [
            Column(id="change", title=sign, cell=lambda each: [SIGNS[each.change]], width=1,
                   sort=lambda each: each.change),
            Column(id="path", title=_("Path"), cell=path, grows=True, least=20, crop="start",
                   sort=lambda each: each.path),
            Column(id="before", title=_("Before"), cell=size(lambda each: each.size_before), width=8, right=True,
                   sort=lambda each: each.size_before or -1),
            Column(id="after", title=_("After"), cell=size(lambda each: each.size_after), width=8, right=True,
                   sort=lambda each: each.size_after or -1),
        ]  # fmt: skip


def _size(of: Callable[[Difference], int | None], each: Difference) -> Cell:
    count = of(each)
    return "" if count is None else brief_size(count)
