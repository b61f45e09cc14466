"""The end of a run's log: it follows until somebody scrolls, and follows again from its last line on."""

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui_backup.model.event import Ending, Event, Progressed, Started, Waiting, Warned
from tui_backup.primitives.i18n import _
from tui_backup.services.endings import sentence, where
from tui_backup.tui.widgets.cells import Piece, Role, fitted

_BAD_ENDS = ("failed", "damaged")


class LogTail(ScrollView, can_focus=True):
    """What a run said, and in its last line what it is at."""

    DEFAULT_CSS = """
    LogTail {
        background: transparent; scrollbar-size-vertical: 1; overflow-x: hidden;
        & > .log--dim { color: $quiet; }
        & > .log--accent { color: $accent; }
        & > .log--ok { color: $text-success; }
        & > .log--warning { color: $text-warning; }
        & > .log--error { color: $text-error; }
    }
    """
    COMPONENT_CLASSES = {f"log--{name}" for name in ("dim", "accent", "ok", "warning", "error")}

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self._lines: Sequence[Piece] = ()
        self._current: Piece = ("", "dim")
        self._follows = True

    def show(self, lines: Sequence[Piece], current: str) -> None:
        """Show what was said, and what the run is at."""
        last: Piece = (current, "dim")
        if lines != self._lines or bool(current) != bool(self._current[0]):
            self._lines, self._current = lines, last
            self._measure()
            self.refresh()
        elif last != self._current:
            self._current = last
            self.refresh(Region(0, len(lines) - int(self.scroll_y), self.size.width, 1))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._follows = new_value >= self.max_scroll_y

    def on_resize(self) -> None:
        self._measure()

    def render_line(self, y: int) -> Strip:
        lines = [*self._lines, self._current] if self._current[0] else self._lines
        width, number = self.size.width, y + int(self.scroll_y)
        if number >= len(lines):
            return Strip.blank(width, self.rich_style)
        text, role = lines[number]
        pieces = fitted(text, max(1, width), crop="middle" if number == len(self._lines) else "end")
        return Strip([Segment("".join(piece for piece, _plain in pieces), self._style(role))])

    def _measure(self) -> None:
        follows = self._follows
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._lines) + bool(self._current[0]))
        if follows:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

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
        case _:
            assert isinstance(event, Ending)
            return sentence(event), ending_role(event.status)


def ending_role(status: str) -> Role:
    """Return how the end of a run looks."""
    if status == "ok":
        return "ok"
    return "error" if status in _BAD_ENDS else "warning"
