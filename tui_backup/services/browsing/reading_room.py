"""The reading room: repositories opened for looking into snapshots, by a face that stays open for hours."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tui_backup.config.settings import Config
from tui_backup.services.workspace import Workspace


class ReadingRoom:
    """One workspace that all who read share, replaced by a fresh one after something has changed.

    Methods may be called from any thread. One that is replaced is closed as soon as nobody reads there any more.
    """

    def __init__(self, config: Config, put_away: Callable[[Workspace], None] = Workspace.close) -> None:
        """`put_away` closes a workspace in which nobody reads any more, or has it closed aside: that may take long."""
        self._config = config
        self._put_away = put_away
        self._lock = threading.Lock()
        self._current: Workspace | None = None
        self._readers = dict[Workspace, int]()

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        """Give the workspace to read in; it stays open until the block ends."""
        workspace = self._enter()
        try:
            yield workspace
        finally:
            self._leave(workspace)

    def renew(self, config: Config | None = None) -> None:
        """Have whoever comes next see repositories, and the configuration if one is given, as they are then."""
        with self._lock:
            self._config = config or self._config
            former, self._current = self._current, None
            unused = former is not None and not self._readers.get(former)
        if former is not None and unused:
            self._put_away(former)

    def _enter(self) -> Workspace:
        with self._lock:
            if self._current is None:
                self._current = Workspace(self._config)
            self._readers[self._current] = self._readers.get(self._current, 0) + 1
            return self._current

    def _leave(self, workspace: Workspace) -> None:
        with self._lock:
            self._readers[workspace] -= 1
            over = not self._readers[workspace] and workspace is not self._current
            if not self._readers[workspace]:
                del self._readers[workspace]
        if over:
            self._put_away(workspace)
