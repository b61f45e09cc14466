"""`--run-scheduled`: what is due, for cron: not a word where all went well."""

import os
import sys

from tui_backup.cli import narration
from tui_backup.cli.codes import worst
from tui_backup.cli.following import following
from tui_backup.cli.invocation import Invocation
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.programs.left_stopped import start_what_is_left
from tui_backup.services.runs.endings import where
from tui_backup.services.runs.signals import heeding
from tui_backup.services.schedule.due import triggers_of
from tui_backup.services.unattended.ended import PATIENCE_S, Ended
from tui_backup.services.unattended.looking_after import look_after
from tui_backup.services.unattended.scheduling import run_due


def run_scheduled(invocation: Invocation) -> int:
    """Carry out what is due; return the exit code."""
    invocation.retry_lock_s = PATIENCE_S
    workspace = invocation.workspace
    start_what_is_left(workspace)
    if not any(triggers_of(job) for job in workspace.config.jobs.values()):
        _nothing_scheduled(invocation)
    if "INVOCATION_ID" in os.environ:
        _warn_of_units(invocation)
    codes: list[int] = []
    try:
        with heeding(lambda _number: workspace.cancel.cancel()), following(invocation, workspace.bus, only_asked=True):
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


def _warn_of_units(invocation: Invocation) -> None:
    """Warn, in a service of systemd, of a unit that may keep us from places that the configuration names by now."""
    from tui_backup.services.schedule.callers import outdated_units

    for path in outdated_units(invocation.workspace.config):
        text = _("{path} does not fit the configuration any more: `tui-backup schedule install` writes it anew")
        invocation.warn(text.format(path=path))


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
