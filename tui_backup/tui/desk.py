"""The desk: what every page is given."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING

from textual.message import Message

from tui_backup.errors import BackupError
from tui_backup.primitives import clock
from tui_backup.primitives.clock import in_zone
from tui_backup.services.browsing.reading_room import ReadingRoom
from tui_backup.services.bus import EventBus
from tui_backup.services.launches import Launch, Launches, Operation
from tui_backup.services.questions import Questions
from tui_backup.services.workspace import Workspace
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.run_board import RunBoard

if TYPE_CHECKING:
    from tui_backup.services.unattended.due_runner import DueRunner

PATIENCE_S = 1.0
"""How long questions that nobody waits for any more may take to notice."""


class RecordChanged(Message):
    """Something was recorded: a run ended, a repository was looked at, the configuration is another."""


class Desk:
    """The services behind the UI, and what it knows of runs. Made and owned by the app."""

    def __init__(
        self,
        workspace: Workspace | None,
        *,
        given: str | None = None,
        now: Callable[[], datetime] = clock.now,
        glyphs: Glyphs | None = None,
    ) -> None:
        """`workspace` is None where there is no configuration yet; `given` is the file that somebody named."""
        self.given = given
        self.now = now
        """The present, in UTC."""
        self.glyphs = glyphs or Glyphs()
        self.bus = workspace.bus if workspace else EventBus()
        self.board = RunBoard()
        self.launches = Launches(self.bus)
        self.on_ended: Callable[[Launch], None] = lambda _launch: None
        """Hears of operations for whose end nobody else waits; the app does."""
        self.questions = Questions(self._unexpected)
        self.on_trouble: Callable[[str], None] = lambda _trouble: None
        """Hears what keeps what is due from being run; on another thread."""
        self._due_runner: DueRunner | None = None
        self._workspace = workspace
        self._reading = ReadingRoom(workspace.config, self._put_away) if workspace else None

    @property
    def is_configured(self) -> bool:
        """Whether there is a configuration."""
        return self._workspace is not None

    @property
    def workspace(self) -> Workspace:
        """The configuration and the record. Repositories are opened in `reading`, and in launches."""
        assert self._workspace is not None
        return self._workspace

    def reading(self) -> AbstractContextManager[Workspace]:
        """Give a workspace to look into repositories with; only for questions, which work aside."""
        assert self._reading is not None
        return self._reading.workspace()

    def renew(self, workspace: Workspace | None = None) -> None:
        """Have questions see repositories as they are now; `workspace` is that of a configuration that is another."""
        if workspace is not None:
            former, self._workspace = self._workspace, workspace
            if former is not None:
                self._put_away(former)
        if self._reading is None:
            self._reading = ReadingRoom(self.workspace.config, self._put_away)
        else:
            self._reading.renew(self.workspace.config)

    def launch(self, title: str, operation: Operation, ended: Callable[[Launch], None] | None = None) -> Launch:
        """Start a long operation; `ended` is called on its thread, where only `post_message` is safe.

        Where nobody is named there, a notice tells what came of it.
        """
        return self.launches.start(self.workspace.config, title, operation, ended or self.on_ended)

    @property
    def runs_due(self) -> bool:
        """Whether what is due is run here; off until somebody asks for it, and again once the UI is left."""
        return self._due_runner is not None and self._due_runner.is_on

    def start_running_due(self) -> None:
        """Run what is due from now on."""
        from tui_backup.services.unattended.due_runner import DueRunner

        if self._due_runner is None:
            self._due_runner = DueRunner(
                lambda: self.workspace.config, self.launches, self.on_ended, self.on_trouble, self.now
            )
        self._due_runner.start()

    def stop_running_due(self) -> None:
        """Begin nothing that is due any more; what goes on goes on. May be called from any thread."""
        if self._due_runner is not None:
            self._due_runner.stop()

    @property
    def zone(self) -> str | None:
        """Name of the zone in which times are shown; None: that of the machine."""
        return self._workspace.config.timezone if self._workspace else None

    def local(self, time: datetime) -> datetime:
        """Return a time in the zone in which times are shown."""
        return in_zone(time, self.zone)

    def close(self) -> None:
        """Close what was opened for looking, for which those who still look are given a moment."""
        self.questions.wait(PATIENCE_S)
        if self._reading is not None:
            self._reading.renew()
            self.questions.wait(PATIENCE_S)
        if self._workspace is not None:
            self._workspace.close()
        self.questions.end()

    def _put_away(self, workspace: Workspace) -> None:
        """Close a workspace aside: that waits for who uses its record, and for the network."""
        self.questions.ask(lambda _watch: workspace.close(), lambda _closed: None)

    def _unexpected(self, error: Exception) -> BackupError:
        if self._workspace is not None:
            return self._workspace.unexpected(error)
        return BackupError(f"{type(error).__name__}: {error}")
