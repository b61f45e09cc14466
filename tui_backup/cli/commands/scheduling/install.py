"""`schedule install`: have cron or systemd run what is due."""

import click

from tui_backup.cli.installation import carry_out, way_options
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.errors import UsageError
from tui_backup.primitives.i18n import _
from tui_backup.services.schedule.installing import Way, install, usual_way


@click.command(
    short_help=_("Have cron or systemd run what is due."),
    help=_(
        "Have cron or systemd look every few minutes at what is due: systemd where it runs, else cron.\n\n"
        "Writes lines of its own into the crontab of this user, or units of its own (for root those of the system), "
        "and touches nothing else. Done again, it changes what is not as it should be any more, and nothing else."
    ),
)
@way_options
@click.option("--daemon", "is_daemon", is_flag=True, help=_("With --systemd: a service that stays, without a timer."))
@click.option("-n", "--dry-run", is_flag=True, help=_("Show what would be written only."))
@pass_invocation
def command(invocation: Invocation, cron: bool, systemd: bool, is_daemon: bool, dry_run: bool) -> int:
    if is_daemon and cron:
        raise UsageError(_("{one} and {other} exclude each other").format(one="--daemon", other="--cron"))
    if cron:
        way = Way.CRON
    elif is_daemon:
        way = Way.DAEMON
    else:
        way = Way.SYSTEMD if systemd else usual_way()
    workspace = invocation.workspace
    return carry_out(invocation, lambda changes: install(workspace, way, changes), dry_run=dry_run)
