"""The log of one run, going on or over: from its directory, or, once that is gone, from the record."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tui_backup.errors import BackupError
from tui_backup.history.runs import KeptWarning
from tui_backup.model.event import Event, Started, Warned
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import replaced
from tui_backup.services.runs import outcome, reaper, run_directory
from tui_backup.services.runs.current import Trail, directory_of

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

MOST = 200_000
"""Lines of one log that are kept at hand; of more, the last."""


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run apart from what it says."""

    run: str
    verb: Verb
    job: str | None
    repository: str | None
    kind: str | None
    started: datetime


class RunLog:
    """What one run says, its beginning first; of how far it is only the newest. For one thread at a time."""

    def __init__(self, facts: RunFacts, trail: Trail | None, told: list[Event]) -> None:
        """`told` is what is said where there is no trail."""
        self.facts = facts
        self._trail = trail
        self._told = told

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to come."""
        return self._trail is None or self._trail.is_over

    def news(self) -> list[Event]:
        """Return what it has said since the last call; raises BackupError where it cannot be read."""
        if self._trail is not None:
            return [*self._trail.so_far(MOST), *self._trail.news()]
        told, self._told = self._told, []
        return told


def open_log(workspace: "Workspace", run: str) -> RunLog:
    """Return the log of a run by its whole id.

    Raises:
        BackupError: there is no such run, or its log cannot be read.
    """
    recorded = workspace.history.run(run)
    if recorded and not (workspace.state_dir / "runs" / run).is_dir():
        return RunLog(_facts(recorded[0]), None, _retold(recorded, workspace.history.warnings(run)))
    path = directory_of(workspace.state_dir, run)
    header = run_directory.header(path)
    if header is None:
        raise BackupError(_("run {run} does not say what it is").format(run=run))
    return RunLog(_facts(reaper.run_of(header)), Trail(path), [])


def _facts(run: Run) -> RunFacts:
    return RunFacts(
        run=run.id, verb=run.verb, job=run.job, repository=run.repository, kind=run.kind, started=run.started
    )


def _retold(recorded: list[Run], warnings: list[KeptWarning]) -> list[Event]:
    """Return what a run said, as far as the history keeps it."""
    rows = recorded[::-1]
    ended = [run for run in rows if run.status is not RunStatus.RUNNING]
    return [
        *(Started(run=run.id, job=run.job, repository=run.repository) for run in rows),
        *(_warned(rows[0].id, warning) for warning in warnings),
        *(outcome.retold(run) for run in ended),
    ]


def _warned(run: str, warning: KeptWarning) -> Warned:
    path = None if warning.path is None else replaced(warning.path)[0]
    return Warned(run=run, path=path, message=warning.message)
