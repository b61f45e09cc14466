"""Start: the UI from its first screen to its end, and the runs that outlive it."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from tui_backup.primitives.text import printable
from tui_backup.services.workspace import Workspace
from tui_backup.tui.app import BackupApp
from tui_backup.tui.desk import Desk
from tui_backup.tui.glyphs import glyphs_of_terminal
from tui_backup.tui.lookout import Lookout
from tui_backup.tui.terminal import Terminal


class Session:
    """The UI on the terminal of this process. What goes on when it is left goes on until the context ends, at least.

    Where the terminal is lost, the UI ends at once. SIGINT and SIGTERM end it too, and cancel what goes on here, then
    and as long as the context lasts. Main thread only.
    """

    def __init__(self, workspace: Workspace | None, given: str | None) -> None:
        """`workspace` is None where there is no configuration yet; `given` is the file that somebody named."""
        self._workspace = workspace
        self.desk = Desk(workspace, given=given, glyphs=glyphs_of_terminal())
        self.error: Exception | None = None
        """What ended the UI, if that was a fault of ours."""
        self.was_stopped = False
        """Whether a signal ended it."""
        self._terminal = Terminal(workspace.log.stray_path if workspace else None)
        self._app = BackupApp(self.desk, driver_class=self._terminal.driver_class)
        self._is_shown = False
        self._lookout = Lookout((0, 1), lost=self._lost, stop=self._stop)

    def show(self) -> None:
        """Show the UI until somebody leaves it, or it has to end."""
        with self._terminal, self._warning_there():
            self._is_shown = True
            try:
                self._app.run()
            except Exception as error:  # noqa: BLE001 - whatever becomes of the UI, runs go on and somebody is told
                self.error = error
            finally:
                self._is_shown = False
                self._lookout.leave_to_textual_no_longer()
        self.error = self.error or self._app.failure

    @contextmanager
    def _warning_there(self) -> Iterator[None]:
        """Have trouble that stops nothing told in the UI as long as it is shown."""
        workspace = self._workspace
        if workspace is None:
            yield
            return
        former, workspace.on_warning = workspace.on_warning, self._warn
        try:
            yield
        finally:
            workspace.on_warning = former

    def _warn(self, message: str) -> None:
        self._app.notify(printable(message), severity="warning", markup=False)

    def _lost(self) -> None:
        self._terminal.lose()
        self._app.depart()

    def _stop(self) -> None:
        self.desk.stop_running_due()
        self.desk.launches.cancel()
        if self._is_shown:
            self.was_stopped = True
            self._terminal.outlet.hurry()
            self._app.depart()

    def __enter__(self) -> Self:
        self._lookout.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.desk.launches.wait()
        self._lookout.__exit__(kind, error, trace)
        self.desk.close()
