"""RecordsPage: what the pages of past runs and of the audit share: a sieve, a filter, rows, and details of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import number, printable
from tui_backup.tui.desk import Desk
from tui_backup.tui.page import Page
from tui_backup.tui.places import Place
from tui_backup.tui.records.sieve import Facet, Sieve
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing, Remark

RecordT = TypeVar("RecordT")

QUIET_S = 0.1
"""How long nothing is said of waiting."""


@dataclass(frozen=True)
class Line(Generic[RecordT]):
    """A record, and what a filter looks at."""

    key: int
    record: RecordT
    words: str
    """Casefolded."""
    facets: dict[str, str]
    """What the sieve looks at."""


class RecordsPage(Page, Generic[RecordT]):
    """Records that can be sifted."""

    CSS_PATH = "records.tcss"
    BINDINGS = [
        Binding("slash", "filter", _("Filter"), key_display="/", id="records.filter",
                tooltip=_("Show only rows with a text")),
        Binding("x", "show_all", _("Show all"), show=False, id="records.show-all", tooltip=_("Take every filter away")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: Place) -> None:
        super().__init__(desk, place)
        self._lines: Sequence[Line[RecordT]] = ()
        self._is_read = False

    def body(self) -> ComposeResult:
        yield Sieve(self.facets(), id="sieve")
        yield Listing[Line[RecordT]](
            self.columns(), key=lambda line: line.key, words=lambda line: line.words, empty=self.empty(), id="records"
        )
        yield FilterLine(id="filter")
        yield Static("", id="detail", markup=False)

    def on_mount(self) -> None:
        """Look at the record."""
        self.listing.say("")
        self.set_timer(QUIET_S, self._wait)
        self.record_changed()

    # what pages say

    def facets(self) -> list[Facet]:
        """Return what the records can be told apart by."""
        raise NotImplementedError

    def columns(self) -> list[Column[Line[RecordT]]]:
        """Return what is shown of a record."""
        raise NotImplementedError

    def empty(self) -> Remark:
        """Return what is said where there are no records."""
        raise NotImplementedError

    def details(self, record: RecordT) -> list[str]:
        """Return what is said of the record at hand, a line each."""
        raise NotImplementedError

    # what they share

    @property
    def listing(self) -> Listing[Line[RecordT]]:
        """The rows."""
        return self.query_one("#records", Listing)

    @property
    def record(self) -> RecordT | None:
        """The record at hand."""
        line = self.listing.row
        return None if line is None else line.record

    @property
    def sieve(self) -> Sieve:
        """What is shown."""
        return self.query_one("#sieve", Sieve)

    def show_lines(self, lines: Sequence[Line[RecordT]]) -> None:
        """Show these records, as far as the sieve lets them through."""
        self._lines, self._is_read = lines, True
        for facet in self.facets():
            self.sieve.offer(facet.id, {line.facets[facet.id] for line in lines if line.facets[facet.id]})
        self._sift()

    def show_failure(self, error: BackupError) -> None:
        """Say that the records cannot be read."""
        self._lines, self._is_read = (), True
        self.sieve.tell("")
        self.listing.say(error.message, error.hint or "", failed=True)

    def yanked(self) -> str | None:
        line = self.listing.row
        return None if line is None else self.listing.text_of(line)

    def _wait(self) -> None:
        """Say that reading takes a while."""
        if not self._is_read:
            self.listing.say(_("reading…"))

    @on(Sieve.Changed)
    def _sift(self) -> None:
        chosen = self.sieve.chosen.items()
        rows = [line for line in self._lines if all(line.facets[facet] == value for facet, value in chosen)]
        self.listing.empty = self.empty() if not chosen else Remark(_("Nothing like that"), _("x shows all again"))
        self.listing.show(rows)
        self._tell()

    @on(FilterLine.Changed)
    def _filtered(self) -> None:
        self._tell()

    def _tell(self) -> None:
        shown, known = len(self.listing.rows), len(self._lines)
        text = _("{shown} of {known}").format(shown=number(shown), known=number(known))
        self.sieve.tell(number(known) if shown == known else text)

    @on(Listing.Moved)
    def _moved(self, event: Listing.Moved) -> None:
        lines = [] if event.row is None else self.details(event.row.record)
        self.query_one("#detail", Static).update(Content("\n".join(printable(line) for line in lines if line)))
        self.refresh_bindings()

    def action_filter(self) -> None:
        """Show only rows with a text."""
        self.query_one(FilterLine).open(self.listing)

    def action_show_all(self) -> None:
        """Take every filter away."""
        if self.query_one(FilterLine).is_open:
            self.query_one(FilterLine).clear()
        self.sieve.clear()
