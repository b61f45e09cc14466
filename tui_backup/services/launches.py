"""Launches: long operations that a face starts and that go on whatever becomes of the face."""

import threading
from collections.abc import Callable

from tui_backup.config.settings import Config
from tui_backup.errors import BackupError
from tui_backup.services.bus import EventBus
from tui_backup.services.workspace import Workspace

Operation = Callable[[Workspace], object]
"""Does something in a workspace of its own; raises BackupError."""


class Launch:
    """An operation that was started."""

    def __init__(self, title: str) -> None:
        self.title = title
        """For people: `back up site`."""
        self.ended = threading.Event()
        self.result: object = None
        self.error: BackupError | None = None


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

    def start(
        self, config: Config, title: str, operation: Operation, ended: Callable[[Launch], None] | None = None
    ) -> Launch:
        """Start an operation; `ended` is called on its thread when it is over, however it ended."""
        launch = Launch(title)
        with self._lock:
            self._going_on.append(launch)
        threading.Thread(target=self._run, args=(config, launch, operation, ended), name=title).start()
        return launch

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing goes on, or for so long; return whether nothing does."""
        return all(launch.ended.wait(timeout_s) for launch in self.going_on)

    def _run(
        self, config: Config, launch: Launch, operation: Operation, ended: Callable[[Launch], None] | None
    ) -> None:
        try:
            with Workspace(config, self._bus) as workspace:
                try:
                    launch.result = operation(workspace)
                except BackupError:
                    raise
                except Exception as error:  # noqa: BLE001 - the thread that owns a run tells of every fault
                    launch.error = workspace.unexpected(error)
        except BackupError as error:
            launch.error = launch.error or error
        finally:
            with self._lock:
                self._going_on.remove(launch)
            launch.ended.set()
            if ended is not None:
                ended(launch)
