"""`acknowledge`: somebody has looked at what is wrong with a job."""

import click

from tui_backup.cli.account import Account, Deed
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.errors import UsageError
from tui_backup.history.alerts import Alert
from tui_backup.history.sudden_changes import SuddenChange
from tui_backup.primitives.i18n import _
from tui_backup.services.alerts.acknowledging import acknowledge, to_acknowledge
from tui_backup.services.upkeep.sudden_changes import changed_words
from tui_backup.services.workspace import Workspace


@click.command(
    short_help=_("Say that you have looked at what is wrong with a job."),
    help=_(
        "Say that you have looked at what is wrong with JOB, with a repository, or with JOB in that repository.\n\n"
        "Nobody is reminded of it any more until it is over. Where the data of the job changed suddenly, which may be "
        "the work of ransomware, nothing of it was forgotten since: that goes on, and what is usual for its data "
        "starts anew."
    ),
)
@click.argument("job", required=False)
@click.option("-r", "--repository", metavar="NAME", help=_("What is wrong with this repository, whatever the job."))
@click.option("-n", "--dry-run", is_flag=True, help=_("Show what there is to acknowledge only."))
@pass_invocation
def command(invocation: Invocation, job: str | None, repository: str | None, dry_run: bool) -> int:
    workspace = invocation.workspace
    _check(workspace, job, repository)
    do = to_acknowledge if dry_run else acknowledge
    found = do(workspace, job, repository=repository)
    account = Account()
    if found.change is not None:
        account.done.append(_change(found.change))
    account.done += map(_alert, found.alerts)
    account.done += [
        Deed(what="stopped", object=name, detail=_("nobody tries to start it again")) for name in found.stopped
    ]
    code = account.close(invocation)
    if found.is_nothing:
        text = _("there is nothing to acknowledge of {name}")
        if job is not None:
            text = _("there is nothing to acknowledge of job {name}")
        invocation.say(text.format(name=job or repository))
    return code


def _check(workspace: Workspace, job: str | None, repository: str | None) -> None:
    """Refuse what nobody knows; raises UsageError."""
    if job is None and repository is None:
        raise UsageError(_("name a job, or a repository by -r"), hint=_("`tui-backup status` shows what is wrong"))
    if repository is not None:
        workspace.repositories.check_name(repository)
    if job in workspace.config.repositories and job not in workspace.config.jobs:
        text = _("there is no job {name!r} in the configuration")
        raise UsageError(text.format(name=job), hint=f"tui-backup acknowledge -r {job}")
    workspace.check_job(job)


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
        object=trouble.job or trouble.repository or "",
        detail=_("{message}; nobody is reminded of it").format(message=trouble.message),
        facts={"repository": trouble.repository, "since": alert.since},
    )
