"""Plan view: what a plan comes to, sort by sort, with the largest paths of each, or all of them."""

import os
from collections.abc import Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui_backup.engine.restore_plan import PlanItem, PlanWarning
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import number, printable
from tui_backup.services.restore.plan_shares import DELETE, LARGEST, MOST_LISTED, PlanCount, PlanShare
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.widgets.cells import Cell, Piece
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.facts import Fact, Facts
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import brief_size

_CAREFUL = {"overwrite", "keep", DELETE, "refuse"}


class PlanView(Vertical):
    """Facts above, how many paths of each sort, and paths of the sort under the cursor."""

    DEFAULT_CSS = """
    PlanView > #plan-facts { max-height: 45%; margin-left: 1; }
    PlanView > #plan-tables { height: 1fr; margin-top: 1; }
    PlanView #counts { height: 7; }
    PlanView #plan-paths { height: 1fr; }
    PlanView #paths-title { height: 1; padding: 0 1; color: $quiet; }
    PlanView #paths { height: 1fr; }
    """

    BINDINGS = [
        Binding("a", "all", _("All paths"), id="plan.all", tooltip=_("List all paths of this sort")),
    ]

    class Wanted(Message):
        """Somebody wants to see all paths of a sort."""

        def __init__(self, sort: str) -> None:
            super().__init__()
            self.sort = sort

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self._glyphs = glyphs
        self._shares: Mapping[str, PlanShare] | None = None
        self._reasons: dict[bytes, str] = {}
        self._all: dict[str, Sequence[PlanItem]] = {}
        """What was listed whole."""

    def compose(self) -> ComposeResult:
        yield Facts(id="plan-facts")
        with Vertical(id="plan-tables"):
            yield Listing[PlanCount](
                [
                    Column(id="what", title=_("What"), cell=self._label, grows=True),
                    Column(id="paths", title=_("Paths"), cell=lambda row: number(row.count), right=True, width=10),
                    Column(id="bytes", title=_("Size"), cell=self._bytes, right=True, width=9),
                ],
                key=lambda row: row.sort,
                empty=Remark(""),
                id="counts",
            )
            with Vertical(id="plan-paths"):
                yield Static(id="paths-title", markup=False)
                yield Listing[PlanItem](
                    [
                        Column(id="path", title=_("Path"), cell=self._path, grows=True, crop="middle"),
                        Column(
                            id="size",
                            title=_("Size"),
                            cell=lambda item: brief_size(item.size),
                            right=True,
                            width=9,
                            sort=lambda item: item.size,
                        ),
                    ],
                    key=lambda item: item.path,
                    empty=Remark(_("None")),
                    id="paths",
                )

    @property
    def row(self) -> PlanCount | None:
        """The sort under the cursor."""
        return self._counts.row

    @property
    def path(self) -> str | None:
        """The path under the cursor, where one was walked to."""
        paths = self.query_one("#paths", Listing)
        return os.fsdecode(paths.row.path) if paths.has_focus and paths.row is not None else None

    def focus_first(self) -> None:
        """Put the focus where one walks through the sorts."""
        self._counts.focus()

    def say(self, text: str, hint: str = "", *, failed: bool = False) -> None:
        """Say something in place of a plan."""
        self._shares, self._all = None, {}
        self.query_one(Facts).show([])
        self._counts.say(text, hint, failed=failed)
        self._show_paths()

    def show(self, facts: Sequence[Fact], counts: Sequence[PlanCount], warnings: Sequence[PlanWarning]) -> None:
        """Show a plan whose paths nobody has walked through yet."""
        self._shares, self._all = None, {}
        self._reasons = {warning.path: warning.message for warning in warnings if warning.path is not None}
        self.query_one(Facts).show(facts)
        self._counts.show(counts)
        self._counts.go_to(next((each.sort for each in counts if each.count), None))
        self._show_paths()

    def add(self, shares: Mapping[str, PlanShare]) -> None:
        """Show what each sort comes to."""
        self._shares = shares
        self._counts.redraw()
        self._show_paths()

    def show_all(self, sort: str, items: Sequence[PlanItem]) -> None:
        """Show all paths of a sort."""
        self._all[sort] = items
        self._show_paths()

    def action_all(self) -> None:
        """List all paths of the sort under the cursor."""
        row = self.row
        if row is not None and row.sort not in self._all:
            self.post_message(self.Wanted(row.sort))

    @property
    def _counts(self) -> Listing[PlanCount]:
        return self.query_one("#counts", Listing)

    @on(Listing.Moved, "#counts")
    def _moved(self, event: Listing.Moved) -> None:
        event.stop()
        self._show_paths()

    @on(Listing.Moved, "#paths")
    def _stop(self, event: Listing.Moved) -> None:
        event.stop()

    def _show_paths(self) -> None:
        row, paths = self.row, self.query_one("#paths", Listing)
        if row is None or self._shares is None:
            title = "" if row is None else _("adding up…")
            items: Sequence[PlanItem] = ()
        else:
            title, items = self._titled(row, self._shares)
        self.query_one("#paths-title", Static).update(Content(printable(title)))
        paths.display = row is not None and bool(row.count)
        paths.show(items)

    def _titled(self, row: PlanCount, shares: Mapping[str, PlanShare]) -> tuple[str, Sequence[PlanItem]]:
        """Return the paths of a sort that are at hand, and what to call them."""
        if row.sort in self._all:
            items = self._all[row.sort]
            title = (
                _("{sort}: all {count}")
                if len(items) < MOST_LISTED or row.sort == DELETE
                else _("{sort}: the first {count}")
            )
            return title.format(sort=row.label, count=number(len(items))), items
        items = shares[row.sort].largest if row.sort in shares else ()
        if row.sort == DELETE and row.count > len(items):
            self.post_message(self.Wanted(DELETE))
        title = _("{sort}: the {count} largest (a lists all)") if row.count > LARGEST else _("{sort}")
        return title.format(sort=row.label, count=LARGEST), items

    def _label(self, row: PlanCount) -> Cell:
        if not row.count:
            return [(f"{self._glyphs.never} {row.label}", "dim")]
        if row.sort not in _CAREFUL:
            return f"{self._glyphs.ok} {row.label}"
        return [(f"{self._glyphs.stale} {row.label}", "warning")]

    def _bytes(self, row: PlanCount) -> Cell:
        if not row.count:
            return ""
        if self._shares is None:
            return [("…", "dim")]
        return brief_size(self._shares[row.sort].bytes) if row.sort in self._shares else ""

    def _path(self, item: PlanItem) -> Cell:
        reason = self._reasons.get(item.path)
        pieces: list[Piece] = [(os.fsdecode(item.path), "plain")]
        return pieces if reason is None else [*pieces, (f"  {reason}", "warning")]
