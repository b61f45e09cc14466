"""The masthead: host, where one is, and the clock, in one line."""

from datetime import timedelta

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui_backup.primitives.text import printable
from tui_backup.tui.desk import Desk
from tui_backup.tui.widgets.cells import shortened


class Masthead(Widget):
    """The first line of every page."""

    DEFAULT_CSS = """
    Masthead { height: 1; padding: 0 1; background: $panel; color: $foreground; }
    """

    heading: reactive[str] = reactive("")
    """Where one is; text from data may be given as it is."""
    clock: reactive[str] = reactive("")

    def __init__(self, desk: Desk, heading: str) -> None:
        super().__init__()
        self._desk = desk
        self.set_reactive(Masthead.heading, heading)
        self.set_reactive(Masthead.clock, self._time())

    def on_mount(self) -> None:
        self._wait_for_the_minute()

    def render(self) -> Content:
        host = self._desk.workspace.host if self._desk.is_configured else ""
        left = f" {self._desk.glyphs.dot} ".join(filter(None, (host, printable(self.heading))))
        room = max(0, self.size.width - cell_len(self.clock) - 1)
        return Content(f"{shortened(left, room)} ").append(Content.styled(self.clock, "dim"))

    def _time(self) -> str:
        return self._desk.local(self._desk.now()).strftime("%H:%M %Z")

    def _wait_for_the_minute(self) -> None:
        """Show the time, and again when the next minute begins."""
        self.clock = self._time()
        now = self._desk.now()
        following = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        self.set_timer((following - now).total_seconds() + 0.02, self._wait_for_the_minute)
