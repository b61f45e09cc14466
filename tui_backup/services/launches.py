"""Launches: long operations that a face starts and that go on whatever becomes of the face."""

import threading
from collections.abc import Callable, Sequence
from time import monotonic

from tui_backup.config.settings import Config
from tui_backup.errors import BackupError
from tui_backup.model.event import Ending, Event, Started
from tui_backup.model.run import Run
from tui_backup.services.bus import EventBus
from tui_backup.services.workspace import Workspace

Operation = Callable[[Workspace], object]
"""Does something in a workspace of its own; raises BackupError."""


class Launch:
    """An operation that was started. Its methods may be called from any thread."""

    def __init__(self, title: str, *, is_shared: bool = False) -> None:
        self.title = title
        """For people: `back up site`."""
        self.is_shared = is_shared
        """Whether its runs have nothing to do with each other: who cancels one of them wants the others to go on."""
        self.ended = threading.Event()
        self.result: object = None
        self.error: BackupError | None = None
        self.runs: tuple[str, ...] = ()
        """Ids of the runs that it has begun, in order."""
        self.endings: tuple[Ending, ...] = ()
        """How these have ended so far."""
        self.news: Sequence[Sequence[Run]] = ()
        """How its runs ended, for others to be told."""
        self._lock = threading.Lock()
        self._workspace: Workspace | None = None
        self._is_cancelled = False

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody has asked it to stop."""
        return self._is_cancelled

    def cancel(self) -> None:
        """Ask its runs to stop, those that have not begun yet too; they end a moment later."""
        with self._lock:
            self._is_cancelled = True
            workspace = self._workspace
        if workspace is not None:
            workspace.cancel.cancel()

    def carry_out(self, operation: Operation, config: Config, bus: EventBus) -> None:
        """Do the operation on the thread that calls; what its runs say goes to `bus` too."""
        own = EventBus()
        own.subscribe(self._note)
        own.subscribe(bus.publish)
        workspace = Workspace(config, own)
        try:
            with workspace:
                self._take(workspace)
                try:
                    self.result = operation(workspace)
                except Exception as error:  # noqa: BLE001 - the thread that owns a run tells of every fault
                    self.error = workspace.told(error)
                self.news = workspace.news.take()
        except Exception as error:  # noqa: BLE001 - of what goes wrong in closing too
            self.error = self.error or workspace.told(error)

    def _take(self, workspace: Workspace) -> None:
        with self._lock:
            self._workspace = workspace
            stop = self._is_cancelled
        if stop:
            workspace.cancel.cancel()

    def _note(self, event: Event) -> None:
        match event:
            case Started() if event.run not in self.runs:
                self.runs += (event.run,)
            case Started():
                pass
            case _ if isinstance(event, Ending):
                self.endings += (event,)
            case _:
                pass


class Launches:
    """Starts operations, each in a thread and a workspace of its own; events of all of them go to one bus.

    Their threads keep the process alive until they have ended. Methods may be called from any thread.
    """

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._lock = threading.Lock()
        self._going_on: list[Launch] = []

    @property
    def going_on(self) -> tuple[Launch, ...]:
        """What has not ended yet, oldest first."""
        with self._lock:
            return tuple(self._going_on)

    def of_run(self, run: str) -> Launch | None:
        """Return what goes on here and has begun a run; None for runs of other processes."""
        return next((launch for launch in self.going_on if run in launch.runs), None)

    def start(
        self,
        config: Config,
        title: str,
        operation: Operation,
        ended: Callable[[Launch], None] | None = None,
        *,
        is_shared: bool = False,
    ) -> Launch:
        """Start an operation; `ended` is called on its thread when it is over, however it ended."""
        launch = Launch(title, is_shared=is_shared)
        with self._lock:
            self._going_on.append(launch)
        threading.Thread(target=self._run, args=(config, launch, operation, ended), name=title).start()
        return launch

    def cancel(self) -> None:
        """Ask everything that goes on to stop."""
        for launch in self.going_on:
            launch.cancel()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing goes on, or for so long; return whether nothing does."""
        end = None if timeout_s is None else monotonic() + timeout_s
        return all(launch.ended.wait(None if end is None else end - monotonic()) for launch in self.going_on)

    def _run(
        self, config: Config, launch: Launch, operation: Operation, ended: Callable[[Launch], None] | None
    ) -> None:
        try:
            launch.carry_out(operation, config, self._bus)
        finally:
            with self._lock:
                self._going_on.remove(launch)
            launch.ended.set()
            if config.notifiers:
                from tui_backup.services.alerts.telling import tell_aside

                tell_aside(config, launch.news)
            if ended is not None:
                ended(launch)
