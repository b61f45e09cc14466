"""The log of one run, going on or over: it follows until somebody walks up in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from tui_backup.errors import BackupError
from tui_backup.model.event import Ending, Event, Progressed
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number, printable
from tui_backup.services.endings import where
from tui_backup.services.run_logs import MOST, RunFacts, RunLog, open_log
from tui_backup.services.words import kind_word, status_word, verb_word
from tui_backup.tui.dashboard.log_tail import log_lines
from tui_backup.tui.dashboard.progress_line import progress_pieces
from tui_backup.tui.dashboard.run_lines import RunLines
from tui_backup.tui.desk import Desk
from tui_backup.tui.page import Page
from tui_backup.tui.places import RunLog as RunLogPlace
from tui_backup.tui.run_board import RunBoard, RunView
from tui_backup.tui.running.starting import cancel_run
from tui_backup.tui.widgets.cells import Piece
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import ago, day_and_time

LOOK_S = 0.5
"""How long news are gathered before they are shown."""

LOOK_AGAIN_S = 2.0
"""How often a run that goes on is looked at though it says nothing: its process may have died."""


@dataclass(frozen=True)
class Said:
    """One line of the log."""

    number: int
    piece: Piece


class RunLogPage(Page):
    """What one run said, whoever started it."""

    CSS_PATH = "run_log.tcss"
    HELP = _(
        "Everything that a run said: with what it began, its warnings, and how it ended. While it goes on its last "
        "line is followed, until you walk up; End follows again."
    )
    BINDINGS = [
        Binding("x", "cancel", _("Cancel it"), id="run-log.cancel", tooltip=_("Ask this run to stop")),
        Binding("slash", "filter", _("Filter"), key_display="/", id="run-log.filter",
                tooltip=_("Only show lines with some text")),
    ]  # fmt: skip

    def __init__(self, desk: Desk, place: RunLogPlace) -> None:
        super().__init__(desk, place)
        self._run = place.run
        self._log: RunLog | None = None
        self._board = RunBoard()
        self._said: list[Said] = []
        self._is_waiting = self._is_looking = False

    @property
    def listing(self) -> Listing[Said]:
        """What was said."""
        return self.query_one("#said", Listing)

    def heading(self) -> str:
        facts = self._log.facts if self._log else None
        place = where(facts.job, facts.repository) if facts else ""
        return _("log of {run}").format(run=place or self._run)

    def body(self) -> ComposeResult:
        yield Static(id="facts", markup=False)
        progress = RunLines(id="progress")
        progress.can_focus = False
        yield progress
        yield Listing[Said](
            [Column(id="said", title=_("What it said"), cell=lambda said: [said.piece], grows=True)],
            key=lambda said: said.number,
            empty=Remark(_("It has said nothing yet")),
            id="said",
        )
        yield Static(id="whole", classes="quiet", markup=False)
        yield FilterLine(id="filter")

    def on_mount(self) -> None:
        """Read what it has said so far."""
        self.listing.say(_("reading…"))
        self._is_looking = True
        self.ask("log", self._open, self._opened, self._failed)
        self.set_interval(LOOK_AGAIN_S, self._look_again)

    def heard(self, event: Event) -> None:
        """Look soon where this run has said something."""
        if event.run == self._run and not self._is_waiting:
            self._is_waiting = True
            self.set_timer(LOOK_S, self._look)

    def command_line(self) -> Sequence[str]:
        return ("attach", self._run)

    def yanked(self) -> str | None:
        row = self.listing.row
        return row.piece[0] if row else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to cancel only what goes on."""
        if action == "cancel":
            return self._log is not None and not self._log.is_over
        return super().check_action(action, parameters)

    @on(Listing.Moved, "#said")
    def _moved(self, event: Listing.Moved) -> None:
        """Show all of a line that is cut."""
        text = printable(event.row.piece[0]) if event.row else ""
        room = self.listing.size.width
        self.query_one("#whole", Static).update(Content(text if len(text) > room else ""))

    def action_cancel(self) -> None:
        if self._log is not None:
            cancel_run(self, self._run, self._log.facts.job, self._log.facts.repository)

    def action_filter(self) -> None:
        self.query_one(FilterLine).open(self.listing)

    # reading, aside

    def _open(self, _watch: Watch) -> tuple[RunLog, list[Event]]:
        log = open_log(self.desk.workspace, self._run)
        return log, log.news()

    def _opened(self, opened: tuple[RunLog, list[Event]]) -> None:
        self._log, news = opened
        self.retitle()
        self.listing.show([])
        self._take(news)

    def _failed(self, error: BackupError) -> None:
        self.listing.say(error.message, error.hint or "", failed=True)

    def _look_again(self) -> None:
        if self._log is not None and not self._log.is_over and not self._is_looking:
            self._look()

    def _look(self) -> None:
        """Read what has been said since, unless that is being done."""
        self._is_waiting = False
        log = self._log
        if log is None or self._is_looking:
            return
        self._is_looking = True
        self.ask("log", lambda _watch: log.news(), self._take, self._failed)

    def _take(self, news: list[Event]) -> None:
        self._is_looking = False
        for event in news:
            self._board.hear(event)
        lines = log_lines(event for event in news if not isinstance(event, Progressed))
        if lines:
            self._add(lines)
        self._draw()

    def _add(self, lines: list[Piece]) -> None:
        """Add lines; whoever stands on the last one stands on the last one afterwards."""
        listing = self.listing
        follows = listing.cursor >= len(listing.rows) - 1
        first = self._said[-1].number + 1 if self._said else 0
        self._said = [*self._said, *(Said(first + at, line) for at, line in enumerate(lines))][-MOST:]
        listing.show(self._said)
        if follows:
            listing.action_last()

    # drawing

    def _draw(self) -> None:
        """Show what is known apart from the lines."""
        log, view = self._log, self._board.run(self._run)
        assert log is not None
        self.query_one("#facts", Static).update(Content(self._facts(log.facts, view)))
        lines = self.query_one(RunLines)
        shown = self.desk.board.run(self._run) or view
        if log.is_over or shown is None:
            lines.show([])
            lines.display = False
        else:
            lines.show([progress_pieces(shown, lines.size.width, 0, self.desk.glyphs)])
        self.refresh_bindings()

    def _facts(self, facts: RunFacts, view: RunView | None) -> str:
        now = self.desk.now()
        began = _("started {time} ({ago})").format(
            time=day_and_time(facts.started, now, self.desk.zone), ago=ago(facts.started, now)
        )
        warnings = view.warnings if view else 0
        told = ngettext("{count} warning", "{count} warnings", warnings).format(count=number(warnings))
        state = _state(view) if self._log is not None and self._log.is_over else _("going on")
        kind = kind_word(facts.kind) if facts.kind else ""
        parts = [verb_word(facts.verb), kind, state, began, told if warnings else "", facts.run]
        return printable(f" {self.desk.glyphs.dot} ".join(filter(None, parts)))


def _state(view: RunView | None) -> str:
    """Return how a run has ended, in one word each."""
    endings: list[Ending] = view.endings if view else []
    return ", ".join(dict.fromkeys(status_word(ending.status) for ending in endings))
