"""`attach`: follow a run that is going on."""

import click

from tui_backup.cli.codes import OF_STATUS, worst
from tui_backup.cli.following import telling
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.model.event import Ending
from tui_backup.primitives.i18n import _
from tui_backup.services.runs.current import attach


@click.command(
    short_help=_("Follow a run that is going on."),
    help=_("Show the progress and the log of RUN to its end, and exit as it does. Ctrl+C leaves it running."),
)
@click.argument("run")
@pass_invocation
def command(invocation: Invocation, run: str) -> int:
    codes: list[int] = []
    try:
        with telling(invocation, outputs=True) as tell:
            for event in attach(invocation.state_workspace.state_dir, run):
                tell(event)
                if isinstance(event, Ending):
                    codes.append(OF_STATUS.get(event.status, 1))
    except KeyboardInterrupt:
        invocation.say(_("the run goes on; stop it with: tui-backup cancel {run}").format(run=run))
        return 0
    return worst(codes)
