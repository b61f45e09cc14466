"""Doing: how far a restore or an undo is, and, once it has ended, what came of it and of which paths nothing."""

import os
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from tui_backup.errors import Cancelled
from tui_backup.history.runs import KeptWarning
from tui_backup.model.event import Waiting
from tui_backup.model.run import RunStatus
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.launches import Launch
from tui_backup.services.runs.endings import sentence
from tui_backup.services.runs.pace import facts as pace_facts
from tui_backup.services.runs.pace import share
from tui_backup.tui.dialogs.dialog import printable_lines
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.run_board import RunView
from tui_backup.tui.widgets.cells import Cell, shortened
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.facts import Fact, Facts
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import status_piece

_BAR = 40
"""Columns of the bar at most."""

_REDRAWN_EVERY_S = 0.4

_STYLES = {"ok": "$text-success", "warning": "$text-warning", "error": "$text-error", "accent": "$accent"}


class Doing(Vertical):
    """One run, from its start to its result."""

    DEFAULT_CSS = """
    Doing { padding: 0 1; }
    Doing > #doing-title { height: auto; text-style: bold; }
    Doing > #doing-progress { height: auto; margin-top: 1; }
    Doing > #doing-facts { margin-top: 1; max-height: 60%; }
    Doing > #doing-warnings { height: 1fr; margin-top: 1; }
    """

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self._glyphs = glyphs
        self._view: RunView | None = None
        self._redrawing: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="doing-title", markup=False)
        yield Static(id="doing-progress", markup=False)
        yield Facts(id="doing-facts")
        yield Listing[KeptWarning](
            [
                Column(id="path", title=_("Left out, or worth knowing"), cell=_path, grows=True, crop="middle"),
                Column(id="why", title=_("Why"), cell=lambda warning: warning.message, most=60),
            ],
            key=lambda warning: (warning.path, warning.message),
            empty=Remark(""),
            id="doing-warnings",
        )

    def begin(self, title: str, facts: Sequence[Fact]) -> None:
        """Show that something has begun."""
        self.query_one("#doing-title", Static).update(Content(printable(title)))
        self.query_one("#doing-progress", Static).update(Content(_("It begins…")))
        self.query_one("#doing-progress").display = True
        self.query_one(Facts).show(facts)
        self.query_one(Listing).display = False

    def follow(self, view: RunView) -> None:
        """Show how far it is: often enough for people, seldom enough for a slow line."""
        self._view = view
        if self._redrawing is None:
            self._redrawing = self.set_timer(_REDRAWN_EVERY_S, self._redraw)

    def _redraw(self) -> None:
        self._redrawing = None
        view = self._view
        if view is None:
            return
        event = view.progress
        if event is None:
            newest = view.said[-1] if view.said else None
            if isinstance(newest, Waiting):
                self.query_one("#doing-progress", Static).update(Content(printable(newest.message)))
            return
        width = max(10, min(_BAR, self.content_size.width))
        full = width * (share(event) or 0) // 100
        current = shortened(printable(event.current or ""), max(10, self.content_size.width), "middle").rstrip()
        self.query_one("#doing-progress", Static).update(
            Content.assemble(
                (self._glyphs.full * full, "$accent"),
                (self._glyphs.void * (width - full), "$quiet"),
                "\n" + printable("  ".join(pace_facts(event, view.pace))),
                ("\n" + current, "$quiet"),
            )
        )

    def end(self, launch: Launch, facts: Sequence[Fact]) -> None:
        """Show how it ended."""
        sign, role = status_piece(status_of(launch), self._glyphs)
        if launch.error is None:
            sign, told = sign.partition(" ")[0], sentence(launch.endings[-1])
        elif isinstance(launch.error, Cancelled):
            told = ""
        else:
            told = launch.error.message
        self.query_one("#doing-title", Static).update(
            Content.assemble((sign, _STYLES.get(role, "$quiet")), f"  {printable_lines(told)}")
        )
        self._view = None
        self.query_one("#doing-progress").display = False
        self.query_one(Facts).show(facts)

    def warn(self, warnings: Sequence[KeptWarning], *, focused: bool) -> None:
        """Show what the run warned of."""
        listing = self.query_one(Listing)
        listing.display = bool(warnings)
        listing.show(warnings)
        if warnings and focused:
            listing.focus()

    @property
    def path(self) -> str | None:
        """The path under the cursor."""
        row: KeptWarning | None = self.query_one(Listing).row
        return None if row is None or row.path is None else os.fsdecode(row.path)


def status_of(launch: Launch) -> RunStatus:
    """Return how something that was started has ended."""
    if isinstance(launch.error, Cancelled):
        return RunStatus.CANCELLED
    if launch.error is not None or not launch.endings:
        return RunStatus.FAILED
    return RunStatus(launch.endings[-1].status)


def _path(warning: KeptWarning) -> Cell:
    return "" if warning.path is None else os.fsdecode(warning.path)
