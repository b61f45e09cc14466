"""`--run-scheduled`: what is due, for cron: not a word where all went well."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tui_backup.cli import narration
from tui_backup.cli.codes import worst
from tui_backup.cli.following import following
from tui_backup.cli.invocation import Invocation
from tui_backup.primitives.hangup import let_pass
from tui_backup.primitives.hurry import at_leisure, hurry
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.runs.endings import where
from tui_backup.services.schedule.due import triggers_of
from tui_backup.services.unattended.ended import PATIENCE_S, Ended
from tui_backup.services.unattended.looking_after import look_after
from tui_backup.services.unattended.scheduling import run_due
from tui_backup.services.workspace import Workspace


def run_scheduled(invocation: Invocation) -> int:
    """Carry out what is due; return the exit code."""
    invocation.retry_lock_s = PATIENCE_S
    workspace = invocation.workspace
    if not any(triggers_of(job) for job in workspace.config.jobs.values()):
        _nothing_scheduled(invocation)
    codes: list[int] = []
    try:
        with _heeding_signals(workspace), following(invocation, workspace.bus, only_asked=True):
            for ended in run_due(workspace, lambda jobs: _tell_of_others(invocation, jobs)):
                codes += complain(invocation, ended)
    finally:
        look_after(workspace)
    return worst(codes)


def complain(invocation: Invocation, ended: Ended) -> list[int]:
    """Tell what went wrong with one thing that was due; return the exit codes."""
    return [
        invocation.fail(trouble.error, about=where(ended.trigger.job, trouble.name or None))
        for trouble in ended.troubles
    ]


def _nothing_scheduled(invocation: Invocation) -> None:
    if invocation.workspace.config.is_from_variables:
        _tell(invocation, _("nothing runs by itself unless BACKUP_ENABLED is true"))
    else:
        invocation.warn(_("no job of {path} has a schedule").format(path=invocation.workspace.config.path))


def _tell_of_others(invocation: Invocation, jobs: tuple[str, ...]) -> None:
    if jobs:
        _tell(invocation, _("already in hand elsewhere: {names}").format(names=", ".join(jobs)))


def _tell(invocation: Invocation, message: str) -> None:
    """Say what is nothing to be woken up for: to somebody who sits there, or who wants to hear everything."""
    if not (invocation.verbose or (sys.stderr.isatty() and not invocation.quiet)):
        return
    if invocation.json:
        narration.notice("notice", message)
    else:
        narration.say(printable(message))


@contextmanager
def _heeding_signals(workspace: Workspace) -> Iterator[None]:
    """Have SIGINT and SIGTERM end every run cleanly, and outlive the terminal."""

    def stop(*_: object) -> None:
        hurry()
        workspace.cancel.cancel()

    former = {
        signal.SIGINT: signal.signal(signal.SIGINT, stop),
        signal.SIGTERM: signal.signal(signal.SIGTERM, stop),
        signal.SIGHUP: signal.signal(signal.SIGHUP, let_pass),
    }
    try:
        with at_leisure():
            yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
