"""The end of a run's log: it follows until somebody scrolls, and follows again from its last line on.

No scroll view: a line more would have the whole screen laid out anew.
"""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.binding import Binding
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui_backup.model.event import Ending, Event, Output, Progressed, Started, Waiting, Warned
from tui_backup.primitives.i18n import _
from tui_backup.services.runs.endings import sentence, where
from tui_backup.tui.widgets.cells import Piece, Role, fitted

_BAD_ENDS = ("failed", "damaged")
_FAR = 1_000_000
_WHEEL = 3
"""Lines for one step of the wheel."""


class LogTail(Widget, can_focus=True):
    """What a run said, and in its last line what it is at."""

    DEFAULT_CSS = """
    LogTail {
        & > .log--dim { color: $quiet; }
        & > .log--accent { color: $accent; }
        & > .log--ok { color: $text-success; }
        & > .log--warning { color: $text-warning; }
        & > .log--error { color: $text-error; }
        &:focus { background: $boost; }
    }
    """
    COMPONENT_CLASSES = {f"log--{name}" for name in ("dim", "accent", "ok", "warning", "error")}

    BINDINGS = [
        Binding("up,k", "scroll_by(-1)", _("Up"), show=False, id="log.up"),
        Binding("down,j", "scroll_by(1)", _("Down"), show=False, id="log.down"),
        Binding("pageup", "scroll_pages(-1)", _("Page up"), show=False, id="log.page-up"),
        Binding("pagedown", "scroll_pages(1)", _("Page down"), show=False, id="log.page-down"),
        Binding("home,g", f"scroll_by(-{_FAR})", _("First"), show=False, id="log.first"),
        Binding("end,G", f"scroll_by({_FAR})", _("Last"), show=False, id="log.last"),
    ]

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self._lines: Sequence[Piece] = ()
        self._current: Piece = ("", "dim")
        self._top = 0
        """Number of the first line that is seen."""
        self._follows = True

    def show(self, lines: Sequence[Piece], current: str) -> None:
        """Show what was said, and what the run is at."""
        before, self._current = self._current, (current, "dim")
        if lines != self._lines or bool(current) != bool(before[0]):
            self._lines = lines
            self._keep_place()
            self.refresh()
        elif before != self._current:
            width = max(cell_len(line) for line, _role in (before, self._current))
            self.refresh(Region(0, len(lines) - self._top, min(width, self.size.width), 1))

    def render_line(self, y: int) -> Strip:
        lines = [*self._lines, self._current] if self._current[0] else self._lines
        width, number = self.size.width, y + self._top
        if number >= len(lines):
            return Strip.blank(width, self.rich_style)
        text, role = lines[number]
        pieces = fitted(text, max(1, width), crop="middle" if number == len(self._lines) else "end")
        return Strip([Segment(piece, self._style(role)) for piece, _plain in pieces])

    @on(events.Resize)
    def _resized(self) -> None:
        self._keep_place()
        self.refresh()

    @on(events.MouseScrollUp)
    def _wheel_up(self) -> None:
        self.action_scroll_by(-_WHEEL)

    @on(events.MouseScrollDown)
    def _wheel_down(self) -> None:
        self.action_scroll_by(_WHEEL)

    def action_scroll_by(self, lines: int) -> None:
        self._top = max(0, min(self._top + lines, self._last_top))
        self._follows = self._top == self._last_top
        self.refresh()

    def action_scroll_pages(self, pages: int) -> None:
        self.action_scroll_by(pages * max(1, self.size.height - 1))

    @property
    def _last_top(self) -> int:
        return max(0, len(self._lines) + bool(self._current[0]) - self.size.height)

    def _keep_place(self) -> None:
        self._top = self._last_top if self._follows else min(self._top, self._last_top)

    def _style(self, role: Role) -> Style:
        if role == "plain":
            return self.rich_style
        return self.rich_style + self.get_component_rich_style(f"log--{role}", partial=True)


def log_lines(said: Iterable[Event]) -> list[Piece]:
    """Return what a run said, as lines."""
    return [_line(event) for event in said if not isinstance(event, Progressed)]


def current_line(progress: Progressed | None) -> str:
    """Return what a run is at."""
    return _("at {path}").format(path=progress.current) if progress and progress.current else ""


def _line(event: Event) -> Piece:
    match event:
        case Started():
            return _("{place}: started").format(place=where(event.job, event.repository)), "dim"
        case Warned():
            text = event.message if event.path is None else f"{event.path}: {event.message}"
            return f"! {text}", "warning"
        case Waiting():
            return event.message, "accent"
        case Output():
            return f"{event.program}: {event.line}", "dim"
        case _:
            assert isinstance(event, Ending)
            return sentence(event), ending_role(event.status)


def ending_role(status: str) -> Role:
    """Return how the end of a run looks."""
    if status == "ok":
        return "ok"
    return "error" if status in _BAD_ENDS else "warning"
