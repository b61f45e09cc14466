"""`schedule remove`: take away what `schedule install` has made."""

import click

from tui_backup.cli.installation import carry_out, way_options
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.primitives.i18n import _
from tui_backup.services.schedule.installing import Way, remove


@click.command(
    short_help=_("Take away what install has made."),
    help=_(
        "Take our own lines out of the crontab of this user, and remove our own units; without a choice both.\n\n"
        "Nothing of others is touched, and a backup that goes on now goes on to its end."
    ),
)
@way_options
@click.option("-n", "--dry-run", is_flag=True, help=_("Say what would be removed only."))
@pass_invocation
def command(invocation: Invocation, cron: bool, systemd: bool, dry_run: bool) -> int:
    workspace = invocation.workspace
    chosen = {Way.CRON: cron, Way.SYSTEMD: systemd}
    ways = [way for way, is_chosen in chosen.items() if is_chosen or not (cron or systemd)]
    return carry_out(invocation, lambda changes: remove(workspace, ways, changes), dry_run=dry_run)
