"""The log of one run, going on or over: it follows until somebody walks up in it."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from tui_backup.errors import BackupError
from tui_backup.model.event import Event
from tui_backup.model.run import RunStatus
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number, printable
from tui_backup.services.runs.endings import where
from tui_backup.services.words import kind_word, verb_word
from tui_backup.tui.desk import Desk
from tui_backup.tui.page import Page
from tui_backup.tui.places import RunLog
from tui_backup.tui.running.log_tail import current_line
from tui_backup.tui.running.progress_line import GAP, progress_pieces
from tui_backup.tui.running.run_lines import RunLines
from tui_backup.tui.running.starting import cancel_run
from tui_backup.tui.running.transcript import Reading, Said, Transcript
from tui_backup.tui.widgets.cells import shortened
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.filter_line import FilterLine
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import ago, day_and_time, status_piece

LOOK_S = 0.5
"""How long news are gathered before they are shown."""

LOOK_AGAIN_S = 2.0
"""How often a run that goes on is looked at though it says nothing: its process may have died."""


STYLES = {
    RunStatus.RUNNING: "$accent",
    RunStatus.OK: "$text-success",
    RunStatus.INCOMPLETE: "$text-warning",
    RunStatus.FAILED: "$text-error",
    RunStatus.CANCELLED: "$quiet",
}
"""How the state of a run looks."""


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

    def __init__(self, desk: Desk, place: RunLog) -> None:
        super().__init__(desk, place)
        self._run = place.run
        self._transcript: Transcript | None = None
        self._reading: Reading | None = None
        self._is_waiting = self._is_looking = False

    @property
    def listing(self) -> Listing[Said]:
        """What was said."""
        return self.query_one("#said", Listing)

    def heading(self) -> str:
        facts = self._reading.facts if self._reading else None
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
            words=lambda said: said.words,
            id="said",
        )
        yield Static(id="whole", classes="quiet", markup=False)
        yield FilterLine(id="filter")

    def on_mount(self) -> None:
        """Read what it has said so far."""
        self.listing.say(_("reading…"))
        self._look()
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
            return self._reading is not None and not self._reading.is_over
        return super().check_action(action, parameters)

    @on(Listing.Moved, "#said")
    def _moved(self, event: Listing.Moved) -> None:
        """Show all of a line that is cut."""
        text = printable(event.row.piece[0]) if event.row else ""
        room = self.listing.size.width
        self.query_one("#whole", Static).update(Content(text if cell_len(text) > room else ""))

    def action_cancel(self) -> None:
        if self._reading is not None:
            cancel_run(self, self._run, self._reading.facts.job, self._reading.facts.repository)

    def action_filter(self) -> None:
        self.query_one(FilterLine).open(self.listing)

    # reading, aside

    def _look_again(self) -> None:
        if self._reading is not None and not self._reading.is_over:
            self._look()

    def _look(self) -> None:
        """Read what has been said since, unless that is being done, or there is nothing more to come."""
        self._is_waiting = False
        is_over = self._reading is not None and self._reading.is_over
        if not (self._is_looking or is_over):
            self._is_looking = True
            self.ask("log", self._read, self._take, self._failed)

    def _read(self, _watch: Watch) -> Reading:
        if self._transcript is None:
            self._transcript = Transcript(self.desk.workspace, self._run)
        return self._transcript.read()

    def _failed(self, error: BackupError) -> None:
        self._is_looking = False
        if self._reading is None:
            self.listing.say(error.message, error.hint or "", failed=True)

    def _take(self, reading: Reading) -> None:
        """Show what was read; whoever stands on the last line stands on the last line afterwards."""
        self._is_looking = False
        before, self._reading = self._reading, reading
        listing = self.listing
        if before is None or reading.said is not before.said:
            follows = before is None or self._follows
            listing.show(reading.said)
            if follows:
                listing.action_last()
        self.retitle()
        self._draw(reading)
        self.refresh_bindings()
        self.call_after_refresh(self._stay_at_the_end)

    # drawing

    @on(Resize)
    def _resized(self) -> None:
        if self._reading is not None:
            self._draw(self._reading)
            self.call_after_refresh(self._stay_at_the_end)

    @property
    def _follows(self) -> bool:
        """Whether somebody stands on the last line."""
        return self.listing.cursor >= len(self.listing.rows) - 1

    def _stay_at_the_end(self) -> None:
        """Keep the last line in sight: what stands above takes room, now more, now less."""
        if self._follows:
            self.listing.scroll_end(animate=False, x_axis=False)

    def _draw(self, reading: Reading) -> None:
        """Show what is known beside the lines."""
        room = max(1, self.size.width - 2)
        self.query_one("#facts", Static).update(self._facts(reading, room))
        lines = self.query_one(RunLines)
        view = self.desk.board.run(self._run) or reading.view
        lines.display = view is not None and not reading.is_over
        if view is not None and lines.display:
            _label, _gap, *pieces = progress_pieces(view, room + len(GAP), 0, self.desk.glyphs)
            at = shortened(current_line(view.progress), room, "middle")
            lines.show([pieces, [(at, "dim")]])

    def _facts(self, reading: Reading, room: int) -> Content:
        """Return what is known of the run, its state first; what has no room is left out, the id first."""
        now, facts = self.desk.now(), reading.facts
        sign, _role = status_piece(reading.status, self.desk.glyphs)
        began = _("started {time} ({ago})").format(
            time=day_and_time(facts.started, now, self.desk.zone), ago=ago(facts.started, now)
        )
        warnings = ngettext("{count} warning", "{count} warnings", reading.warnings)
        parts = [
            warnings.format(count=number(reading.warnings)) if reading.warnings else "",
            began,
            verb_word(facts.verb),
            kind_word(facts.kind) if facts.kind else "",
            facts.run,
        ]
        dot = f" {self.desk.glyphs.dot} "
        told = [printable(part) for part in parts if part]
        while len(told) > 1 and cell_len(dot.join([sign, *told])) > room:
            told.pop()
        return Content.styled(sign, STYLES[reading.status]).append(Content.styled(dot + dot.join(told), "$quiet"))
