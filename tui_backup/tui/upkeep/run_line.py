"""The line of the run that a page has started: how far it is, and in the end what came of it."""

from rich.cells import cell_len

from tui_backup.model.event import Finished, Restored
from tui_backup.model.run import RunStatus
from tui_backup.services.runs.endings import sentence
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.run_board import RunView
from tui_backup.tui.running.progress_line import label_of, progress_pieces
from tui_backup.tui.running.run_lines import RunLines
from tui_backup.tui.widgets.cells import Piece, Role, shortened
from tui_backup.tui.words import status_piece

REDRAWN_EVERY_S = 0.5
"""How often the terminal gets how far a run is."""

_ROLES: dict[str, Role] = {RunStatus.OK: "plain", RunStatus.CANCELLED: "dim", RunStatus.INCOMPLETE: "warning"}


class RunLine(RunLines, can_focus=False):
    """One line; absent where there is no run."""

    DEFAULT_CSS = """
    RunLine { height: 1; padding: 0 1; }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="run")
        self._glyphs = glyphs
        self._view: RunView | None = None
        self._is_waiting = False

    def on_mount(self) -> None:
        """Stay away until there is a run."""
        self.display = False

    def follow(self, view: RunView) -> None:
        """Show how far a run is: often enough for people, seldom enough for a slow line."""
        self._view = view
        if not self.display or not view.is_going_on:
            self.display = True
            self.call_after_refresh(self._draw)
        elif not self._is_waiting:
            self._is_waiting = True
            self.set_timer(REDRAWN_EVERY_S, self._draw_waiting)

    def clear(self) -> None:
        """Show nothing any more."""
        self._view, self.display = None, False

    def _draw_waiting(self) -> None:
        self._is_waiting = False
        self._draw()

    def _draw(self) -> None:
        view = self._view
        if view is None:
            return
        if view.is_going_on:
            label = min(28, cell_len(label_of(view, self._glyphs)))
            self.show([progress_pieces(view, self.size.width, label, self._glyphs)])
        elif view.endings:
            self.show([self._ending(view)])

    def _ending(self, view: RunView) -> list[Piece]:
        ending = view.endings[-1]
        sign, role = status_piece(RunStatus(ending.status), self._glyphs)
        before = f"{sign.split(' ', 1)[0]} "
        text = sentence(ending) if not isinstance(ending, Finished | Restored) or ending.message else ending.status
        room = self.size.width - cell_len(before)
        return [(before, role), (shortened(text, room), _ROLES.get(ending.status, "error"))]
