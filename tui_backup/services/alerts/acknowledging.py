"""Acknowledging: somebody knows what is wrong with a job or a repository, has looked, and wants no more reminders."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tui_backup.errors import BackupError
from tui_backup.history.alerts import Alert
from tui_backup.history.sudden_changes import SuddenChange
from tui_backup.model.trouble import TroubleKind
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.services.programs.left_stopped import not_started

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody knows of now."""

    change: SuddenChange | None
    """What the retention of the job has waited for."""
    alerts: tuple[Alert, ...]
    """What nobody is reminded of any more until it is over."""
    stopped: tuple[str, ...] = ()
    """What could not be started again after a run, and is forgotten: somebody takes care of it."""

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing to acknowledge."""
        return self.change is None and not self.alerts and not self.stopped


def to_acknowledge(workspace: "Workspace", job: str | None = None, *, repository: str | None = None) -> Acknowledged:
    """Return what there is to acknowledge of a job, a repository, or one in the other.

    What concerns a job as a whole, such as a sudden change of its data, is none of a repository's.
    """
    change: SuddenChange | None = None
    stopped: tuple[str, ...] = ()
    if job is not None and repository is None:
        change = workspace.history.sudden_changes().get(job)
        stopped = not_started(workspace.state_dir, job)
    return Acknowledged(
        change=change if change is not None and change.acknowledged_at is None else None,
        alerts=tuple(
            alert
            for alert in workspace.history.alerts()
            if alert.identity.job == (alert.identity.job if job is None else job)
            and alert.identity.repository == (alert.identity.repository if repository is None else repository)
            and alert.closed_at is None
            and not alert.is_acknowledged
            and alert.trouble.kind is not TroubleKind.SUDDEN_CHANGE
        ),
        stopped=stopped,
    )


def acknowledge(
    workspace: "Workspace", job: str | None = None, present: datetime | None = None, *, repository: str | None = None
) -> Acknowledged:
    """Note that somebody knows of everything that is wrong with a job or repository; return what that was.

    The retention of a job goes on, and what is usual for its data starts anew. A sudden change is over with that, and
    nobody is told so: whoever acknowledges it knows.
    """
    found = to_acknowledge(workspace, job, repository=repository)
    if found.is_nothing:
        return found
    told = [f"sudden change of run {found.change.run}"] if found.change else []
    told += [f"stopped: {name}" for name in found.stopped]
    told += [f"{alert.trouble.kind} since {alert.since:%Y-%m-%dT%H:%M:%SZ}" for alert in found.alerts]
    named = (("job", job), ("repository", repository))
    object_ = ", ".join(f"{word} {name}" for word, name in named if name is not None)
    with workspace.audit.act("acknowledge", object_, ", ".join(told)):
        workspace.history.acknowledge(job, present or now(), repository=repository)
        if job is not None and found.stopped:
            _give_up(workspace, job)
        if found.change is not None:
            for held in workspace.history.holds():
                if held.job == job:
                    workspace.history.release(job, held.repository)
    return found


def _give_up(workspace: "Workspace", job: str) -> None:
    from tui_backup.services.programs.standstill import give_up

    try:
        give_up(workspace.state_dir, job)
    except OSError as error:
        raise BackupError(_("that cannot be noted: {reason}").format(reason=reason_of(error))) from error
