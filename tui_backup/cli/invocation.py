"""Invocation: what the global options of one call say, and what they lead to."""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from tui_backup.cli import narration
from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable

if TYPE_CHECKING:
    from tui_backup.cli.progress import Progress
    from tui_backup.services.workspace import Workspace


class Invocation:
    """One call of the program; the workspace is opened by the first command that asks for it."""

    def __init__(self, *, json: bool = False) -> None:
        self.config: str | None = None
        self.json = json
        self.quiet = False
        self.verbose = False
        self.progress: Progress | None = None
        """What SIGUSR1 asks for a line."""
        self.output_failure: BackupError | OSError | None = None
        """Why nothing more was written to stdout, though the work went on."""
        self.retry_lock_s = 0
        """Seconds to wait for a lock that somebody else holds."""
        self.no_lock = False
        """Whether a command that only reads takes no lock."""
        self.lock_is_optional = False
        """Whether the command could be told so."""
        self.archive_files: list[str] = []
        """Archives that somebody named by their path."""
        self._needs_no_configuration = False
        self._workspace: Workspace | None = None

    @property
    def workspace(self) -> "Workspace":
        """Everything that the configuration describes."""
        if self._workspace is None:
            from tui_backup.model.locking import Locking

            self._workspace = self._opened()
            self._workspace.locking = Locking(
                wanted=not self.no_lock,
                optional=self.lock_is_optional,
                retry_s=self.retry_lock_s,
                on_wait=self._waiting,
            )
            self._workspace.on_warning = self.warn
        return self._workspace

    @property
    def state_workspace(self) -> "Workspace":
        """The same for commands that look at the state alone: restored archives leave one without a configuration."""
        self._needs_no_configuration = True
        return self.workspace

    def _opened(self) -> "Workspace":
        if self.archive_files or self._needs_no_configuration:
            from tui_backup.cli.archive_key import asked_key
            from tui_backup.services.setup.archive_files import has_state, open_workspace

            if self.archive_files or has_state(self.config):
                key = None if self.json else asked_key(self.archive_files)
                return open_workspace(self.config, self.archive_files, key)
        from tui_backup.services.workspace import Workspace

        return Workspace.open(self.config)

    def fail(self, error: BackupError, *, about: str | None = None) -> int:
        """Tell of an error, and what it is about where that may be one of several; return its exit code."""
        return narration.fail(error, json=self.json, about=about)

    def warn(self, message: str) -> None:
        """Tell of trouble that does not stop the work."""
        narration.warn(message, json=self.json)

    def unexpected(self, error: Exception) -> BackupError:
        """Return what to say of a fault of our own; its traceback goes to the log, if there is one yet."""
        if self._workspace is None:
            return BackupError(_("unexpected error: {kind}: {error}").format(kind=type(error).__name__, error=error))
        return self._workspace.unexpected(error)

    def say(self, line: str) -> None:
        """Narrate, unless told to be quiet or to speak JSON."""
        if not self.quiet and not self.json:
            narration.say(line)

    def _waiting(self, message: str) -> None:
        """Tell that, and for whom, the work waits."""
        if self.json:
            narration.notice("waiting", message)
        else:
            self.say(printable(message))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what was opened; an error on the way out does not hide the one that led here.

        Whatever was done: what a dead run has left stopped by now is told.
        """
        if self._workspace is None:
            return
        from tui_backup.services.programs.left_stopped import reminder

        if message := reminder(Path(self._workspace.config.state_dir)):
            self.warn(message)
        try:
            self._workspace.close()
        except BackupError:
            if error is None:
                raise


pass_invocation = click.make_pass_decorator(Invocation)
