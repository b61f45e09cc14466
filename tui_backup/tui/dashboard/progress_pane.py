"""What goes on: a line for each run, and the log of the one that is chosen."""

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Resize

from tui_backup.model.event import Ending
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number, printable
from tui_backup.services.runs.endings import sentence
from tui_backup.tui.desk import Desk
from tui_backup.tui.run_board import RunView
from tui_backup.tui.running.log_tail import LogTail, current_line, ending_role, log_lines
from tui_backup.tui.running.progress_line import label_of, progress_pieces
from tui_backup.tui.running.run_lines import Line, RunLines
from tui_backup.tui.widgets.cells import fitted
from tui_backup.tui.widgets.titles import entitle

LOOK_AGAIN_S = 0.5
"""How soon it is looked again whether what was started has begun."""

LOOK_AT_SILENCE_S = 2.0
"""How often it is looked whether runs that go on still move."""

MOST_LABEL = 28
"""Columns of what a run works on."""


class ProgressPane(Vertical):
    """Runs that go on, whoever started them; where none does, the last that ended.

    Where there is little room it is absent while there is neither.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(id="progress-pane", classes="pane")
        self._desk = desk
        self._shown: list[tuple[RunView | None, Line]] = []
        self._will_look = False

    @property
    def lines(self) -> RunLines:
        """A line for each run."""
        return self.query_one(RunLines)

    @property
    def view(self) -> RunView | None:
        """The run that is chosen."""
        at = self.lines.cursor
        return self._shown[at][0] if at < len(self._shown) else None

    @property
    def is_idle(self) -> bool:
        """Whether there is no run to be shown."""
        return not self._shown

    def compose(self) -> ComposeResult:
        self.border_title = _("Progress")
        self.add_class("-idle")
        yield RunLines(id="runs")
        yield LogTail(id="log")

    def on_mount(self) -> None:
        """Show what goes on already."""
        self.draw()

    def draw(self) -> None:
        """Draw what goes on."""
        board = self._desk.board
        starting = [launch.title for launch in self._desk.launches.going_on if not launch.runs]
        views = board.going_on
        if views or starting:
            width, glyphs = self.lines.size.width, self._desk.glyphs
            label = min(MOST_LABEL, width // 4, max((cell_len(label_of(view, glyphs)) for view in views), default=0))
            self._shown = [
                (view, progress_pieces(view, width, label, glyphs, silence_s=board.silence_s(view))) for view in views
            ]
            self._shown += [(None, _begun(title)) for title in starting]
        else:
            width = self.lines.size.width
            self._shown = [(view, _ended(ending, width)) for view in board.known[-1:] for ending in view.endings]
        self.set_class(self.is_idle, "-idle")
        self.set_class(not (views or starting), "-over")
        idle: list[Line] = [[(_("Nothing goes on"), "dim")]]
        self.lines.show([line for _view, line in self._shown] or idle)
        self._draw_log()
        if (views or starting) and not self._will_look:
            self._will_look = True
            self.set_timer(LOOK_AGAIN_S if starting else LOOK_AT_SILENCE_S, self._look_again)

    @on(Resize)
    def _resized(self) -> None:
        self.call_after_refresh(self.draw)

    @on(RunLines.Moved)
    def _moved(self, event: RunLines.Moved) -> None:
        event.stop()
        self._draw_log()

    def _look_again(self) -> None:
        self._will_look = False
        self.draw()

    def _draw_log(self) -> None:
        view = self.view
        said = log_lines(view.said) if view else []
        self.query_one(LogTail).show(said, current_line(view.progress) if view and view.is_going_on else "")
        count = view.warnings if view else 0
        text = ngettext("{count} warning", "{count} warnings", count).format(count=number(count))
        entitle(self, subtitle=text if count else "")


def _begun(title: str) -> Line:
    """Return the line of what has been started and has not said anything."""
    return [(printable(title), "bold"), ("  " + _("starting…"), "dim")]


def _ended(ending: Ending, width: int) -> Line:
    """Return the line of a run that has ended."""
    return fitted([(sentence(ending), ending_role(ending.status))], width)
