"""Invocation: what the global options of one call say, and what they lead to."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from tui_backup.cli import narration
from tui_backup.errors import BackupError

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
        self._workspace: Workspace | None = None

    @property
    def workspace(self) -> "Workspace":
        """Everything that the configuration describes."""
        if self._workspace is None:
            from tui_backup.services.workspace import Workspace

            self._workspace = Workspace.open(self.config)
        return self._workspace

    def fail(self, error: BackupError) -> int:
        """Tell of an error; return its exit code."""
        return narration.fail(error, json=self.json)

    def say(self, line: str) -> None:
        """Narrate, unless told to be quiet or to speak JSON."""
        if not self.quiet and not self.json:
            narration.say(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._workspace is not None:
            self._workspace.close()


pass_invocation = click.make_pass_decorator(Invocation)
