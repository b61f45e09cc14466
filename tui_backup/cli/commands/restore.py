"""`restore`: bring files back."""

import click
import msgspec

from tui_backup.cli import output
from tui_backup.cli.agreement import ask, can_ask
from tui_backup.cli.archive_files import note_files
from tui_backup.cli.codes import OF_STATUS
from tui_backup.cli.following import following
from tui_backup.cli.invocation import Invocation
from tui_backup.cli.options import host_option, later_option, locking_options, repository_option
from tui_backup.cli.restore_plan_view import document, show
from tui_backup.cli.snapshot_argument import find_snapshot
from tui_backup.engine.restore_plan import RestorePlan
from tui_backup.engine.restore_request import Overwrite
from tui_backup.errors import RestoreRefused, UsageError
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.restore import restores
from tui_backup.services.restore.restores import Conduct, Wish
from tui_backup.services.storage.snapshots import Found


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of one call."""

    snapshot: str
    target: str | None
    in_place: bool
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    overwrite: str | None
    delete: bool
    dry_run: bool
    verify: bool
    trust: bool
    yes: bool
    repository: str | None
    host: str | None


@click.command(
    short_help=_("Bring files back."),
    help=_("Restore SNAPSHOT: shows a plan, asks, and does exactly what the plan says."),
)
@click.argument("snapshot", callback=note_files)
@click.option("-t", "--target", metavar="DIR", help=_("Recreate paths below this directory."))
@click.option("--in-place", is_flag=True, help=_("Put files back where they came from."))
@click.option("-i", "--include", multiple=True, metavar="PATH", help=_("Restore this path or pattern only."))
@click.option("-e", "--exclude", multiple=True, metavar="PATH", help=_("Leave this path or pattern out."))
@click.option(
    "--overwrite", type=click.Choice([each.value for each in Overwrite]), help=_("What to do with files that differ.")
)
@click.option("--delete", is_flag=True, help=_("Remove what the snapshot does not have."))
@click.option("-n", "--dry-run", is_flag=True, help=_("Show the plan only."))
@click.option("--verify", is_flag=True, help=_("Read back what was written and compare it."))
@click.option("--trust", is_flag=True, help=_("Take owners and privileges from a repository that is not trusted."))
@click.option("-y", "--yes", is_flag=True, help=_("Answer every question with yes."))
@repository_option
@host_option
@locking_options
@later_option("--database", takes_value=True)
@later_option("--table", takes_value=True)
@later_option("--into", takes_value=True)
@click.pass_context
def command(ctx: click.Context, /, **_options: object) -> int:
    invocation = ctx.ensure_object(Invocation)
    asked = msgspec.convert(ctx.params, Asked)
    wish = wish_of(asked)
    found = find_snapshot(invocation, asked.snapshot, asked.repository, asked.host)
    plan = restores.plan(invocation.workspace, found, wish, Watch())
    if asked.dry_run:
        if invocation.json:
            output.write_document(document(found, plan))
        else:
            show(found, plan, items=True)
        return 0
    if not plan.fits:
        raise RestoreRefused(_("not enough space at the target: {shortage}").format(shortage=plan.shortage))
    agree(invocation, found, plan, yes=asked.yes)
    conduct = Conduct(verify=asked.verify, heeding_signals=True)
    with following(invocation, invocation.workspace.bus):
        restored = restores.restore(invocation.workspace, found, plan, conduct)
    if restored.undo_until is not None:
        invocation.say(_("undo it with: {command}").format(command=restores.undo_command(restored.restore)))
    return OF_STATUS.get(restored.status, 1)


def wish_of(asked: Asked) -> Wish:
    """Return what the options say.

    Raises:
        UsageError: it is not said where to restore to, or twice.
    """
    if asked.in_place == (asked.target is not None):
        raise UsageError(_("say where to restore to: --target DIR or --in-place"))
    return Wish(
        target=asked.target,
        include=asked.include,
        exclude=asked.exclude,
        overwrite=Overwrite(asked.overwrite) if asked.overwrite else None,
        delete=asked.delete,
        trust=asked.trust,
    )


def agree(invocation: Invocation, found: Found, plan: RestorePlan, *, yes: bool) -> None:
    """Show the plan and have somebody agree to it.

    Raises:
        UsageError: nobody can be asked, and the plan overwrites or deletes.
        Cancelled: the answer is no.
    """
    asking = not yes and can_ask(invocation)
    if not invocation.json and (asking or not invocation.quiet):
        show(found, plan, items=invocation.verbose)
        output.flush()
    if asking:
        question = _("Restore to {target} on {host}?")
        ask(question.format(target=printable(plan.target), host=printable(invocation.workspace.host)))
    elif not yes and (plan.overwrite or plan.delete):
        message = _("this would overwrite {overwrite} and delete {delete}; nothing was touched")
        raise UsageError(
            message.format(overwrite=plan.overwrite, delete=plan.delete),
            hint=_("look at it with --dry-run, then give --yes"),
        )
