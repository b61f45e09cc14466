"""The transcript of a run: its log as lines, put together aside from the thread of the UI."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

from tui_backup.model.event import Progressed
from tui_backup.model.run import RunStatus
from tui_backup.services.runs.outcome import worst
from tui_backup.services.runs.run_logs import MOST, RunFacts, open_log
from tui_backup.services.workspace import Workspace
from tui_backup.tui.run_board import RunBoard, RunView
from tui_backup.tui.running.log_tail import log_lines
from tui_backup.tui.widgets.cells import Piece


@dataclass(frozen=True, slots=True)
class Said:
    """One line."""

    number: int
    piece: Piece
    words: str
    """What a filter looks at."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A transcript as it was when it was read; nothing changes it."""

    facts: RunFacts
    said: Sequence[Said]
    warnings: int
    status: RunStatus
    """Of several ends that it came to, the worst."""
    view: RunView | None
    is_over: bool


class Transcript:
    """Reads the log of one run; for one thread at a time."""

    def __init__(self, workspace: Workspace, run: str) -> None:
        """Raise BackupError where there is no such run."""
        self._log = open_log(workspace, run)
        self._board = RunBoard()
        self._said: list[Said] = []

    def read(self) -> Reading:
        """Read what was said since; raises BackupError where that is not possible."""
        news = self._log.news()
        for event in news:
            self._board.hear(event)
        lines = log_lines(event for event in news if not isinstance(event, Progressed))
        if lines:
            first = self._said[-1].number + 1 if self._said else 0
            new = (Said(first + at, line, line[0].casefold()) for at, line in enumerate(lines))
            self._said = [*self._said, *new][-MOST:]
        is_over = self._log.is_over
        view = self._board.run(self._log.facts.run)
        return Reading(
            facts=self._log.facts,
            said=self._said,
            warnings=view.warnings if view else 0,
            status=worst(ending.status for ending in view.endings) if view and is_over else RunStatus.RUNNING,
            view=replace(view, pace=deepcopy(view.pace)) if view else None,
            is_over=is_over,
        )
