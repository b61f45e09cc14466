"""News: how the runs of one workspace ended, until others are told."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_backup.model.run import Run


class News:
    """Ends of runs, in their order; any thread may add and take."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: list[Sequence[Run]] = []

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not self._ended

    def ended(self, rows: "Sequence[Run]") -> None:
        """Keep how a run ended: a row for each repository."""
        if rows:
            with self._lock:
                self._ended.append(rows)

    def take(self) -> "list[Sequence[Run]]":
        """Return what was kept, and keep it no longer."""
        with self._lock:
            taken, self._ended = self._ended, []
        return taken
