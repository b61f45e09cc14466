"""`prune`: what no policy keeps is forgotten, and space that nobody needs is given back."""

from collections.abc import Sequence

import click

from tui_backup.cli import output
from tui_backup.cli.agreement import agree, can_ask
from tui_backup.cli.codes import worst
from tui_backup.cli.following import following
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import job_option, repository_option, retry_lock_option
from tui_backup.cli.prune_plan_view import document, expected, show
from tui_backup.errors import BackupError, Cancelled
from tui_backup.model.upkeep import Reclaimed
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import size
from tui_backup.services.upkeep import pruning
from tui_backup.services.upkeep.pruning import PrunePlan, Targets


@click.command(
    short_help=_("Forget what no policy keeps, and reclaim space."),
    help=_(
        "Forget the snapshots that the `keep` of the jobs does not keep, and give back the space that nobody "
        "needs.\n\n"
        "A job without `keep` forgets nothing. A plan that looks wrong is held, exit 1: the newest snapshot "
        "is of a time that has not come yet, or more than half would go and far more than the last time. Its "
        "repository stays as it is."
    ),
)
@job_option
@repository_option
@click.option("-n", "--dry-run", is_flag=True, help=_("Show the plan only."))
@click.option("-y", "--yes", is_flag=True, help=_("Answer every question with yes, and carry out a plan that is held."))
@retry_lock_option
@pass_invocation
def command(invocation: Invocation, job: str | None, repository: str | None, dry_run: bool, yes: bool) -> int:
    chosen = pruning.targets(invocation.workspace, job, repository)
    plans, codes = look(invocation, chosen)
    if not invocation.json and not invocation.quiet:
        for plan in plans:
            show(plan)
        output.flush()
    if dry_run:
        if invocation.json:
            freed, repacked = expected(plans)
            output.write_document(document(plans, freed=freed, repacked=repacked, dry_run=True))
        return worst(codes)
    waiting = [plan for plan in plans if plan.held and (plan.awaits_acknowledgement or not yes)]
    codes += refuse(invocation, waiting if yes else plans) if waiting else []
    plans = [plan for plan in plans if plan not in waiting]
    confirm(invocation, plans, yes=yes)
    done, failures = carry_out(invocation, plans, job)
    if invocation.json:
        freed, repacked = sum(each.freed_bytes for each in done), sum(each.repacked_bytes for each in done)
        whole = [plan for plan in plans if plan.repository not in failures]
        output.write_document(document(whole, waiting, freed=freed, repacked=repacked, dry_run=False))
    return worst([*codes, *failures.values()])


def look(invocation: Invocation, chosen: Targets) -> tuple[list[PrunePlan], list[int]]:
    """Return a plan for each repository that can be read, and the exit codes of the others."""
    plans: list[PrunePlan] = []
    codes: list[int] = []
    for name in chosen.repositories:
        if can_ask(invocation):
            invocation.say(_("{repository}: looking for what is still needed").format(repository=name))
        try:
            plans.append(pruning.plan(invocation.workspace, chosen.jobs, name, Watch()))
        except Cancelled:
            raise
        except BackupError as error:
            codes.append(invocation.fail(error, about=name if len(chosen.repositories) > 1 else None))
    return plans, codes


def refuse(invocation: Invocation, plans: Sequence[PrunePlan]) -> list[int]:
    """Tell of every plan that is held, and remember it; return the exit codes: none where no plan is held."""
    for plan in plans:
        pruning.note_holds(invocation.workspace, plan.repository, plan.jobs)
    return [invocation.fail(pruning.refusal(plan.repository, part)) for plan in plans for part in plan.held]


def confirm(invocation: Invocation, plans: Sequence[PrunePlan], *, yes: bool) -> None:
    """Ask whoever sits there; where nobody does, the configuration has said what to do.

    Raises:
        Cancelled: the answer is no.
    """
    if not plans:
        return
    if all(plan.is_idle for plan in plans):
        invocation.say(_("there is nothing to do"))
    elif can_ask(invocation):
        count, freed = sum(len(plan.gone) for plan in plans), size(max(expected(plans)[0], 0))
        question = ngettext(
            "Forget {count} snapshot and free {size}?", "Forget {count} snapshots and free {size}?", count
        )
        question = question if count else _("Free {size}?")
        agree(invocation, question.format(count=count, size=freed), "", yes=yes)


def carry_out(
    invocation: Invocation, plans: Sequence[PrunePlan], job: str | None
) -> tuple[list[Reclaimed], dict[str, int]]:
    """Carry out plans; return what was done, and the exit code of each repository where that failed."""
    done: list[Reclaimed] = []
    failures: dict[str, int] = {}
    workspace = invocation.workspace
    with following(invocation, workspace.bus, lines=False):
        for plan in plans:
            try:
                done.append(pruning.prune(workspace, plan, job=job, heeding_signals=True))
            except Cancelled:
                raise
            except BackupError as error:
                failures[plan.repository] = invocation.fail(error, about=plan.repository if len(plans) > 1 else None)
    return done, failures
