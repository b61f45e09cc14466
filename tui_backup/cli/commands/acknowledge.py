"""`acknowledge`: somebody has looked at what is wrong with a job."""

import click

from tui_backup.cli.account import Account, Deed
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.history.alerts import Alert
from tui_backup.history.sudden_changes import SuddenChange
from tui_backup.primitives.i18n import _
from tui_backup.services.alerts.acknowledging import acknowledge, to_acknowledge
from tui_backup.services.upkeep.sudden_changes import changed_words


@click.command(
    short_help=_("Say that you have looked at what is wrong with a job."),
    help=_(
        "Say that you have looked at what is wrong with JOB.\n\n"
        "Nobody is reminded of it any more until it is over. Where the data of the job changed suddenly, which may be "
        "the work of ransomware, nothing of it was forgotten since: that goes on, and what is usual for its data "
        "starts anew."
    ),
)
@click.argument("job")
@click.option("-n", "--dry-run", is_flag=True, help=_("Show what there is to acknowledge only."))
@pass_invocation
def command(invocation: Invocation, job: str, dry_run: bool) -> int:
    workspace = invocation.workspace
    workspace.check_job(job)
    found = to_acknowledge(workspace, job) if dry_run else acknowledge(workspace, job)
    account = Account()
    if found.change is not None:
        account.done.append(_change(found.change))
    account.done += map(_alert, found.alerts)
    account.done += [
        Deed(what="stopped", object=name, detail=_("nobody tries to start it again")) for name in found.stopped
    ]
    code = account.close(invocation)
    if found.is_nothing:
        invocation.say(_("there is nothing to acknowledge of job {job}").format(job=job))
    return code


def _change(change: SuddenChange) -> Deed:
    return Deed(
        what="sudden-change",
        object=change.job,
        detail=_("{what}; what a policy forgets is forgotten again").format(what=changed_words(change)),
        facts={"run": change.run, "since": change.time},
    )


def _alert(alert: Alert) -> Deed:
    trouble = alert.trouble
    return Deed(
        what=trouble.kind.value,
        object=trouble.job or "",
        detail=_("{message}; nobody is reminded of it").format(message=trouble.message),
        facts={"repository": trouble.repository, "since": alert.since},
    )
