"""`cancel`: ask a run to stop."""

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.primitives.i18n import _
from tui_backup.services.runs.current import cancel


@click.command(
    short_help=_("Ask a run to stop."),
    help=_("Ask RUN to stop; it ends cleanly a moment later. The id may be cut short."),
)
@click.argument("run")
@pass_invocation
def command(invocation: Invocation, run: str) -> None:
    full = cancel(invocation.state_workspace.state_dir, run)
    if invocation.json:
        output.write_document(
            {"done": [{"what": "cancel", "object": full, "detail": None}], "skipped": [], "problems": []}
        )
    else:
        invocation.say(_("asked {run} to stop").format(run=full))
