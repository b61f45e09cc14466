"""The run feed: what runs of other processes say, on the bus of this one."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from tui_backup.errors import BackupError
from tui_backup.model.event import Event, Progressed
from tui_backup.primitives.processes import this_process
from tui_backup.services.bus import EventBus
from tui_backup.services.runs import run_directory
from tui_backup.services.runs.current import Trail
from tui_backup.services.runs.reaper import reap
from tui_backup.services.workspace import Workspace

LOOK_S = 1.0

LINES = 200
"""How much is told of what a run had said before it was found, beside where it began and how far it is."""


class RunFeed:
    """A thread that looks into the state once a second, and publishes what runs of other processes say.

    A run is told from its beginning, or cut short if it was there before the first look, until its end; one whose
    process died ends as failed, and is recorded so; one whose log cannot be read goes on being told once it can. What
    ended before the first look is not told, what began and ended between two looks is.
    """

    def __init__(self, workspace: Callable[[], Workspace | None], bus: EventBus) -> None:
        """`workspace` returns whose state is looked into; None while there is none."""
        self._workspace = workspace
        self._bus = bus
        self._stop = threading.Event()
        self._state_dir: Path | None = None
        self._changed: int | None = None
        self._is_settled = False
        self._known: frozenset[str] | None = None
        self._trails: dict[str, Trail] = {}

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._live, name="run-feed", daemon=True).start()

    def stop(self) -> None:
        """End soon; nobody waits for it."""
        self._stop.set()

    def look(self) -> None:
        """Look once; for the thread of the feed.

        Raises:
            OSError, BackupError: the state cannot be looked into.
        """
        workspace = self._workspace()
        if workspace is None:
            return
        if workspace.state_dir != self._state_dir:
            self._begin_with(workspace.state_dir)
        for path in self._newcomers():
            self._take_up(path)
        for name, trail in list(self._trails.items()):
            try:
                news = _without_old_progress(trail.news())
            except (OSError, BackupError):
                continue
            if trail.has_died:
                reap(workspace.state_dir, workspace.history, workspace.log)
            self._publish(news)
            if trail.is_over:
                del self._trails[name]

    def _live(self) -> None:
        while True:
            with suppress(OSError, BackupError):
                self.look()
            if self._stop.wait(LOOK_S):
                return

    def _begin_with(self, state_dir: Path) -> None:
        self._trails.clear()
        self._state_dir, self._changed, self._known = state_dir, None, None

    def _newcomers(self) -> list[Path]:
        """Return the directories of runs that were not there when it was looked last.

        What changes right after a look may not be told by the time of the change: it is looked once more.
        """
        assert self._state_dir is not None
        try:
            changed = (self._state_dir / "runs").stat().st_mtime_ns
        except FileNotFoundError:
            changed = 0
        is_same = changed == self._changed
        if is_same and self._is_settled:
            return []
        self._changed, self._is_settled = changed, is_same
        found = run_directory.directories(self._state_dir)
        known, self._known = self._known, frozenset(path.name for path in found)
        if known is None:
            return [path for path in found if run_directory.is_alive(path)]
        return [path for path in found if path.name not in known]

    def _take_up(self, path: Path) -> None:
        header = run_directory.header(path)
        if header is None or header.owner == this_process():
            return
        with suppress(BackupError):
            trail = self._trails[path.name] = Trail(path)
            self._publish(trail.so_far(LINES))

    def _publish(self, events: Iterable[Event]) -> None:
        for event in events:
            if self._stop.is_set():
                return
            self._bus.publish(event)


def _without_old_progress(events: Iterable[Event]) -> list[Event]:
    """Return events in their order, of those that say how far a run is only the newest."""
    told = list(events)
    newest = next((event for event in reversed(told) if isinstance(event, Progressed)), None)
    return [event for event in told if event is newest or not isinstance(event, Progressed)]
