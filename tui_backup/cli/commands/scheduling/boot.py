"""`schedule boot`: start what a run that died with the machine has left stopped."""

from pathlib import Path

import click

from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.primitives.i18n import _
from tui_backup.services.programs.left_stopped import start_what_is_left, troubles


@click.command(
    short_help=_("Start what a run that died has left stopped: for the boot."),
    help=_(
        "Start what a run that died has left stopped, and run nothing: what `schedule install` has the machine do "
        "when it boots. Exit 1 if something does not start."
    ),
)
@pass_invocation
def command(invocation: Invocation) -> int:
    workspace = invocation.workspace
    start_what_is_left(workspace)
    return 1 if any(troubles(Path(workspace.config.state_dir))) else 0
