"""What runs that died have left stopped: started by whoever runs next, warned of by everybody else."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


def is_any(state_dir: Path) -> bool:
    """Whether somebody has stopped something and not started it again yet; costs next to nothing."""
    try:
        return any(path.suffix == ".json" for path in (state_dir / "standstill").iterdir())
    except OSError:
        return False


def start_what_is_left(workspace: "Workspace") -> None:
    """Start what dead runs have left stopped; whoever hears warnings is told of it, and of what does not start.

    What does not start stays among the troubles of the status.
    """
    if not is_any(Path(workspace.config.state_dir)):
        return
    from tui_backup.services.programs.beside import Beside
    from tui_backup.services.programs.standstill import start_left
    from tui_backup.services.programs.stoppables import shown

    def note(program: str, line: str) -> None:
        workspace.log.info(": ".join((program, line)))

    beside = Beside(workspace.config, note, workspace.warn)
    try:
        started, failures = start_left(workspace.state_dir, beside, now())
    except OSError as error:
        text = _("what a run has left stopped cannot be looked after: {reason}")
        workspace.warn(text.format(reason=reason_of(error)))
        return
    for each in started:
        text = _("{name} was left stopped by a run that died; it runs again")
        if each.tried is not None:
            text = _("{name} could not be started after a backup; it runs again")
        workspace.warn(text.format(name=shown(each.what)))
    for failure in failures:
        workspace.warn(failure.message)


def reminder(state_dir: Path) -> str | None:
    """Return one line about what stands still though no run needs it; None where nothing does."""
    if not is_any(state_dir):
        return None
    from tui_backup.services.programs.standstill import left_stopped
    from tui_backup.services.programs.stoppables import shown

    left = left_stopped(state_dir)
    names = ", ".join(dict.fromkeys(shown(each.what) for _record, each in left))
    jobs = " ".join(dict.fromkeys(record.job for record, _each in left))
    text = _("stopped for a backup, and not started again: {names} (`tui-backup run {jobs}` does that)")
    return text.format(names=names, jobs=jobs) if left else None


def not_started(state_dir: Path, job: str) -> tuple[str, ...]:
    """Return what could not be started again after runs of a job."""
    if not is_any(state_dir):
        return ()
    from tui_backup.services.programs.standstill import left_stopped
    from tui_backup.services.programs.stoppables import shown

    return tuple(
        shown(each.what) for record, each in left_stopped(state_dir) if record.job == job and each.tried is not None
    )


def troubles(state_dir: Path) -> Iterator[Trouble]:
    """Tell of what stands still though no run needs it."""
    if not is_any(state_dir):
        return
    from tui_backup.primitives.text import moment
    from tui_backup.services.programs.standstill import left_stopped
    from tui_backup.services.programs.stoppables import shown

    for record, each in left_stopped(state_dir):
        text = _("{name} was stopped by a run of job {job} that died at its work, and has not been started again")
        if each.tried is not None:
            text = _("{name}, stopped for job {job}, could not be started again at {time}: {reason}")
        yield Trouble(
            kind=TroubleKind.STOPPED,
            job=record.job,
            message=text.format(name=shown(each.what), job=record.job, time=moment(each.tried), reason=each.reason),
            hint=_("`tui-backup run {job}` starts it").format(job=record.job),
        )
