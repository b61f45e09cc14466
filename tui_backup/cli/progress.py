"""The only module that writes stderr while a run works: a bar on a terminal, one line on SIGUSR1, warnings."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING

from tui_backup.cli import narration
from tui_backup.cli.output import fancy
from tui_backup.model.event import (
    Ending,
    Event,
    Finished,
    Output,
    Progressed,
    Restored,
    Started,
    Tended,
    Verified,
    Waiting,
    Warned,
)
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number, printable
from tui_backup.services.runs.endings import sentence, where
from tui_backup.services.runs.pace import Pace, facts

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

NOTHING_CAME_OF_IT = ("failed", "cancelled")

HELD = 100
"""Warnings kept back while nobody wants to hear anything, in case the run does not end well."""


NO_RUN = "dry-run"
"""What stands for the id of a dry run, which leaves no log."""

SHOWN = 20
"""Warnings of one run that are told on a terminal."""


class Progress:
    """Follows the events of runs; `hear` may be called by any thread, `say_line` by a signal handler."""

    def __init__(
        self,
        *,
        quiet: bool = False,
        mute: bool = False,
        errors_follow: bool = False,
        every_s: float | None = None,
        all_warnings: bool = True,
        outputs: bool = True,
    ) -> None:
        """`quiet` tells only of runs that did not end well, `mute` of nothing unless asked for a line.

        With `errors_follow`, somebody else tells why a run came to nothing, and what a verification found.
        Without `all_warnings` a terminal gets the first warnings of each run only, and their number.
        `outputs`: whether what programs beside the run write is told.
        `every_s`: how often a line says how far a run is where there is no bar; None: only when it is asked for.
        """
        self._quiet = quiet
        self._errors_follow = errors_follow
        self._mute = mute
        self._label = ""
        self._last: Progressed | None = None
        self._pace = Pace()
        self._held: list[Warned] = []
        self._warnings = self._told = 0
        self._outputs = outputs
        self._most = None if all_warnings or not _is_terminal() else SHOWN
        self._live: Live | None = None
        self._with_bar = self._can_have_bar = fancy(sys.stderr) and not quiet and not mute
        self._every_s = None if quiet or mute or self._with_bar else every_s
        self._said_at = 0.0

    def hear(self, event: Event) -> None:
        """Show what an event says."""
        match event:
            case Started():
                self._begin(where(event.job, event.repository))
            case Progressed():
                self._sample(event)
            case Warned() if self._mute:
                pass
            case Warned():
                self._warnings += 1
                if self._quiet:
                    self._held = [*self._held, event][-HELD:]
                else:
                    self._warn(event)
            case Waiting() if not (self._mute or self._quiet):
                narration.say(printable(event.message))
            case Output() if self._outputs and not (self._mute or self._quiet):
                narration.say(printable(f"{event.program}: {event.line}"))
            case Finished() | Restored() | Verified() | Tended():
                self._end(event)

    def say_line(self) -> None:
        """Print how far the run is, in one line."""
        narration.say(self.line())

    def line(self) -> str:
        """Return how far the run is, in one line, ready for the terminal."""
        current = self._last.current if self._last else None
        return ", ".join([*self._facts(), *([printable(current)] if current else [])])

    def close(self) -> None:
        """Take the bar away."""
        live, self._live = self._live, None
        if live is not None:
            with suppress(OSError, ValueError):
                live.stop()

    def leave_bar(self) -> None:
        """Draw no bar from here on: another run has it."""
        self.close()
        self._with_bar = False

    def take_bar(self) -> None:
        """Draw a bar from here on, where there can be one."""
        self._with_bar = self._can_have_bar
        if self._with_bar and self._label and self._live is None:
            self._live = self._open_bar()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away for as long as somebody is asked something."""
        had_bar = self._live is not None
        self.close()
        yield
        if had_bar:
            self._live = self._open_bar()

    def _begin(self, label: str) -> None:
        self._label = label
        self._last = None
        self._pace.clear()
        self._held = []
        self._warnings = self._told = 0
        self._said_at = monotonic()
        if self._with_bar and self._live is None:
            self._live = self._open_bar()

    def _sample(self, event: Progressed) -> None:
        present = monotonic()
        self._pace.add(event, present)
        self._last = event
        if self._every_s is not None and present - self._said_at >= self._every_s:
            self._said_at = present
            self.say_line()

    def _end(self, event: Ending) -> None:
        self.close()
        if self._mute or (self._quiet and event.status == "ok"):
            return
        for warned in self._held:
            self._warn(warned)
        self._count_the_rest(event.run)
        if self._errors_follow and (event.status in NOTHING_CAME_OF_IT or isinstance(event, Verified)):
            return
        narration.say(sentence(event))

    def _warn(self, event: Warned) -> None:
        if self._most is None or self._told < self._most:
            self._told += 1
            narration.warn(f"{event.path}: {event.message}" if event.path else event.message)

    def _count_the_rest(self, run: str) -> None:
        """Say how many warnings were not told, and where they are."""
        rest, self._warnings, self._told = self._warnings - self._told, 0, 0
        if rest:
            place = "--verbose" if run == NO_RUN else f"tui-backup --verbose attach {run}"
            text = ngettext("{count} more warning, shown by: {place}", "{count} more warnings, shown by: {place}", rest)
            narration.warn(text.format(count=number(rest), place=place))

    def _facts(self) -> list[str]:
        last = self._last
        if last is None:
            return [_("{label}: starting").format(label=self._label)]
        first, *others = facts(last, self._pace)
        return [f"{self._label}: {first}", *others]

    def _open_bar(self) -> "Live":
        from rich.console import Console
        from rich.live import Live

        live = Live(
            console=Console(file=sys.stderr),
            get_renderable=self._render,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
        )
        live.start()
        return live

    def _render(self) -> "RenderableType":
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        last = self._last
        total = last.bytes_total if last and last.bytes_total else None
        bar = ProgressBar(total=total, completed=last.bytes_done if last else 0, width=24, pulse=total is None)
        row = Table.grid(padding=(0, 1))
        row.add_row(bar, Text(", ".join(self._facts()), no_wrap=True, overflow="ellipsis"))
        current = printable(last.current) if last and last.current else ""
        return Group(row, Text(current, no_wrap=True, overflow="ellipsis", style="dim"))


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except ValueError:
        return False
