"""`forget`: snapshots that somebody names are removed."""

import click

from tui_backup.cli import output
from tui_backup.cli.agreement import agree
from tui_backup.cli.codes import worst
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import host_option, repository_option, retry_lock_option
from tui_backup.cli.output import Column
from tui_backup.cli.prune_plan_view import item
from tui_backup.cli.snapshot_argument import reach_aloud
from tui_backup.errors import UsageError
from tui_backup.model.retention import Decision
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import moment, size
from tui_backup.services.storage.snapshots import Filter, Found
from tui_backup.services.upkeep import forgetting
from tui_backup.services.upkeep.forgetting import ForgetPlan


@click.command(
    short_help=_("Remove snapshots by name."),
    help=_(
        "Remove SNAPSHOTs from the repository where they are found; copies in others stay.\n\n"
        "Their space is given back by `prune`. A pinned snapshot has to be unpinned first; the newest good "
        "one of a job goes only with --yes."
    ),
)
@click.argument("snapshots", nargs=-1, required=True, metavar="SNAPSHOT...")
@repository_option
@host_option
@click.option("-n", "--dry-run", is_flag=True, help=_("Show the snapshots only."))
@click.option("-y", "--yes", is_flag=True, help=_("Answer every question with yes."))
@retry_lock_option
@pass_invocation
def command(
    invocation: Invocation,
    snapshots: tuple[str, ...],
    repository: str | None,
    host: str | None,
    dry_run: bool,
    yes: bool,
) -> int:
    reached = reach_aloud(invocation, repository)
    planned = forgetting.plan(reached, snapshots, Filter(repository=repository, host=host))
    for warning in planned.warnings:
        invocation.warn(warning)
    if not invocation.json and not invocation.quiet:
        show(planned)
    if dry_run:
        return tell(invocation, list(planned.gone), dry_run=True)
    confirm(invocation, planned, yes=yes)
    results = forgetting.forget(invocation.workspace, planned)
    gone = {(result.repository, one.id) for result in results if result.error is None for one in result.snapshots}
    codes = [invocation.fail(result.error, about=result.repository) for result in results if result.error is not None]
    tell(invocation, [found for found in planned.gone if (found.shelf.name, found.snapshot.id) in gone], dry_run=False)
    return worst(codes)


def confirm(invocation: Invocation, planned: ForgetPlan, *, yes: bool) -> None:
    """Have somebody agree.

    Raises:
        UsageError: nobody can be asked, or a question is not enough for one of these.
        Cancelled: the answer is no.
    """
    if planned.last_good and not yes:
        raise UsageError(
            _("the newest good snapshot of a job is not forgotten just so; nothing was touched"),
            hint=_("--yes forgets it all the same"),
        )
    count = len(planned.gone)
    question = ngettext("Forget {count} snapshot?", "Forget {count} snapshots?", count).format(count=count)
    refusal = ngettext(
        "this would forget {count} snapshot; nothing was touched",
        "this would forget {count} snapshots; nothing was touched",
        count,
    ).format(count=count)
    agree(invocation, question, refusal, yes=yes)


def show(planned: ForgetPlan) -> None:
    """Write which snapshots go, and from where."""
    columns = (
        Column(_("snapshot")),
        Column(_("time")),
        Column(_("job")),
        Column(_("host"), spare=1),
        Column(_("repository")),
        Column(_("size"), right=True, spare=2),
    )
    output.write_table(columns, map(_row, planned.gone))
    output.flush()


def tell(invocation: Invocation, gone: list[Found], *, dry_run: bool) -> int:
    """Write what was forgotten, or would be."""
    if invocation.json:
        freed = sum(each.snapshot.added or 0 for each in gone if each.shelf.config.holds_archives)
        removed = [item(each.shelf.name, Decision(snapshot=each.snapshot, keep=False, reasons=())) for each in gone]
        output.write_document({"keep": [], "remove": removed, "freed": freed, "repacked": 0, "dry_run": dry_run})
    elif gone and not dry_run:
        count = len(gone)
        text = ngettext("{count} snapshot forgotten", "{count} snapshots forgotten", count).format(count=count)
        if not all(each.shelf.config.holds_archives for each in gone):
            text = _("{forgotten}; `tui-backup prune` frees the space").format(forgotten=text)
        invocation.say(text)
    return 0


def _row(found: Found) -> tuple[str | None, ...]:
    snapshot = found.snapshot
    return (
        snapshot.short_id,
        moment(snapshot.time),
        snapshot.job,
        snapshot.host,
        found.shelf.name,
        size(snapshot.size),
    )
