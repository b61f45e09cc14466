"""The masthead: host, where one is, whether all is well, and the clock, in one line."""

from datetime import timedelta

from rich.cells import cell_len
from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.tui.desk import Desk
from tui_backup.tui.widgets.cells import Piece, shortened

_STYLES = {"error": "$text-error", "warning": "$text-warning", "ok": "$text-success", "accent": "$accent"}


class Masthead(Widget):
    """The first line of every page. Where it tells how things stand, it leads to what should be looked at."""

    DEFAULT_CSS = """
    Masthead {
        height: 1; padding: 0 1; background: $panel; color: $foreground;
        &:focus { text-style: bold; background: $block-cursor-blurred-background; }
    }
    """

    BINDINGS = [
        Binding("enter", "choose", _("Problems"), id="masthead.choose", tooltip=_("See what should be looked at")),
    ]

    heading: reactive[str] = reactive("")
    """Where one is; text from data may be given as it is."""
    health: reactive[Piece | None] = reactive(None)
    """Whether all is well; text from data may be given as it is."""
    clock: reactive[str] = reactive("")

    class MinuteBegan(Message):
        """The clock shows another minute."""

    class Chosen(Message):
        """Somebody wants to know more of how things stand."""

    def __init__(self, desk: Desk, heading: str) -> None:
        super().__init__()
        self._desk = desk
        self.set_reactive(Masthead.heading, heading)
        self.set_reactive(Masthead.clock, self._time())

    def on_mount(self) -> None:
        self._wait_for_the_minute()

    def render(self) -> Content:
        dot = f" {self._desk.glyphs.dot} "
        host = self._desk.workspace.host if self._desk.is_configured else ""
        where = dot.join(filter(None, (host, printable(self.heading))))
        running = _("runs due jobs") + dot if self._desk.runs_due else ""
        clock = Content.assemble((running, "$accent"), (self.clock, "dim"))
        room = max(0, self.size.width - clock.cell_length - 1)
        if self.health is None:
            return Content(f"{shortened(where, room)} ").append(clock)
        where = (where + dot)[:room]
        health, role = self.health
        told = shortened(printable(health), room - cell_len(where))
        line = Content(where).append(Content.styled(told, _STYLES.get(role, "")))
        return line.append(" ").append(clock)

    @on(Click)
    def _clicked(self) -> None:
        if self.health is not None:
            self.post_message(self.Chosen())

    def action_choose(self) -> None:
        """See what should be looked at."""
        self.post_message(self.Chosen())

    def _time(self) -> str:
        return self._desk.local(self._desk.now()).strftime("%H:%M %Z")

    def _wait_for_the_minute(self) -> None:
        """Show the time, and again when the next minute begins."""
        before, self.clock = self.clock, self._time()
        if before != self.clock:
            self.post_message(self.MinuteBegan())
        now = self._desk.now()
        following = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        self.set_timer((following - now).total_seconds() + 0.02, self._wait_for_the_minute)
