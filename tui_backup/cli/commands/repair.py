"""`repair`: mend the index, the packs or the snapshots of a repository."""

from collections.abc import Sequence

import click
import msgspec

from tui_backup.cli import output
from tui_backup.cli.agreement import agree
from tui_backup.cli.commands.verify import PATHS_SHOWN
from tui_backup.cli.following import following
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import retry_lock_option
from tui_backup.model.problem import Problem
from tui_backup.model.snapshot import short
from tui_backup.model.upkeep import RepairPlan, RepairStep
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import printable
from tui_backup.services.upkeep.repairs import Repair, RepairKind, RepairRequest, repair
from tui_backup.services.words import damage_word, repair_word

STEPS_SHOWN = 20
"""Steps of a plan that are listed unless all are asked for."""

_repository = click.option("-r", "--repository", metavar="NAME", required=True, help=_("Repair this repository."))
_dry_run = click.option("-n", "--dry-run", is_flag=True, help=_("Show the plan only."))
_yes = click.option("-y", "--yes", is_flag=True, help=_("Answer every question with yes."))


@click.group(
    "repair",
    no_args_is_help=False,
    short_help=_("Mend a damaged repository."),
    help=_("Mend a damaged repository: each command shows a plan, asks, and does exactly that plan."),
)
def command() -> None:
    """Hold the commands that repair."""


@command.command(
    "index",
    short_help=_("List what the packs say that they hold."),
    help=_("Replace index files that are damaged or wrong, by what the headers of the packs say."),
)
@_repository
@_dry_run
@_yes
@retry_lock_option
@pass_invocation
def index(invocation: Invocation, repository: str, dry_run: bool, yes: bool) -> int:
    return _repair(invocation, RepairRequest(kind=RepairKind.INDEX, repository=repository, rehearsing=dry_run), yes=yes)


@command.command(
    "packs",
    short_help=_("Replace damaged packs, and fetch what they lost."),
    help=_(
        "Read every pack, keep what is whole, and get what is lost from wherever it still is; mends the index"
        " too.\n\n"
        "Lost data is looked for in the other packs, in the repository named by --from, and in the files that"
        " were backed up, as far as these still hold the same bytes."
    ),
)
@_repository
@click.option("--from", "other", metavar="OTHER", help=_("Fetch what is lost from this repository too."))
@_dry_run
@_yes
@retry_lock_option
@pass_invocation
def packs(invocation: Invocation, repository: str, other: str | None, dry_run: bool, yes: bool) -> int:
    request = RepairRequest(kind=RepairKind.PACKS, repository=repository, other=other, rehearsing=dry_run)
    return _repair(invocation, request, yes=yes)


@command.command(
    "snapshots",
    short_help=_("Make snapshots without what is lost for good."),
    help=_(
        "Store a second, incomplete snapshot of each that has lost something, without the files that cannot "
        "be read.\n\n"
        "The damaged ones stay until they are forgotten."
    ),
)
@_repository
@_dry_run
@_yes
@retry_lock_option
@pass_invocation
def snapshots(invocation: Invocation, repository: str, dry_run: bool, yes: bool) -> int:
    request = RepairRequest(kind=RepairKind.SNAPSHOTS, repository=repository, rehearsing=dry_run)
    return _repair(invocation, request, yes=yes)


def _repair(invocation: Invocation, request: RepairRequest, *, yes: bool) -> int:
    workspace = invocation.workspace

    def consent(plan: RepairPlan) -> None:
        question = _("Repair {name} like this?").format(name=request.repository)
        count = len(plan.steps)
        words = ngettext(
            "this would take {count} step; nothing was touched",
            "this would take {count} steps; nothing was touched",
            count,
        )
        assert invocation.progress is not None
        with invocation.progress.aside():
            if not invocation.json and not invocation.quiet:
                show(plan, every=invocation.verbose)
            agree(invocation, question, words.format(count=count), yes=yes)

    with following(invocation, workspace.bus, lines=False):
        outcome = repair(workspace, msgspec.structs.replace(request, heeding_signals=True), consent)
    problems = outcome.plan.problems if outcome.repaired is None else outcome.repaired.problems
    if invocation.json:
        output.write_document(document(outcome, dry_run=request.rehearsing))
    elif outcome.repaired is None and not invocation.quiet:
        show(outcome.plan, every=invocation.verbose)
    else:
        told = () if invocation.quiet else outcome.plan.problems
        show_problems([problem for problem in problems if problem not in told])
    for line in advice(request, outcome):
        invocation.say(line)
    return 1 if problems else 0


def document(outcome: Repair, *, dry_run: bool) -> dict[str, object]:
    """Return what scripts see; in a dry run `done` is what would be done."""
    repaired = outcome.repaired
    return {
        "done": repaired.done if repaired else outcome.plan.steps,
        "skipped": outcome.plan.skipped,
        "problems": repaired.problems if repaired else outcome.plan.problems,
        "dry_run": dry_run,
    }


def show(plan: RepairPlan, *, every: bool) -> None:
    """Write what would be done, what was done before, and what stays broken."""
    steps = plan.steps if every else plan.steps[:STEPS_SHOWN]
    for step in steps:
        _show_step(f"{repair_word(step.what)}: {step.object}: {step.detail}", step)
    if len(steps) < len(plan.steps):
        output.write_text(_("and {count} more; --verbose shows all").format(count=len(plan.steps) - len(steps)))
    for step in plan.skipped:
        _show_step(_("left as it is: {object}: {detail}").format(object=step.object, detail=step.detail), step)
    show_problems(plan.problems)
    if not plan.steps:
        output.write_text(_("nothing more can be done") if plan.problems else _("there is nothing to do"))


def show_problems(problems: Sequence[Problem]) -> None:
    """Write what stays broken, and what it touches."""
    for problem in problems:
        words = _("stays broken: {kind}: {object}: {message}")
        output.write_text(
            printable(words.format(kind=damage_word(problem.kind), object=problem.object, message=problem.message))
        )
        if problem.snapshots:
            output.write_text(_("   snapshots: {ids}").format(ids=", ".join(short(id_) for id_ in problem.snapshots)))
        _show_paths(problem.paths)


def advice(request: RepairRequest, outcome: Repair) -> list[str]:
    """Return what is to be done next."""
    name = request.repository
    repaired = outcome.repaired
    problems = outcome.plan.problems if repaired is None else repaired.problems
    lines: list[str] = []
    if problems and request.kind is RepairKind.INDEX:
        lines.append(_("next: `tui-backup repair packs -r {name}`, with `--from` another repository if there is one"))
    if problems and request.kind is RepairKind.PACKS:
        lines.append(_("next: back up once more, which stores anew what the files still have"))
        lines.append(_("then: `tui-backup repair snapshots -r {name}` for what is lost for good"))
    if repaired is not None:
        lines.append(_("`tui-backup verify --read-data -r {name}` proves what is there now"))
    return [line.format(name=name) for line in lines]


def _show_step(line: str, step: RepairStep) -> None:
    output.write_text(printable(line))
    _show_paths(step.paths)


def _show_paths(paths: Sequence[bytes]) -> None:
    for path in paths[:PATHS_SHOWN]:
        output.write_text(f"   {printable(path)}")
    if len(paths) > PATHS_SHOWN:
        output.write_text(_("   and {count} more").format(count=len(paths) - PATHS_SHOWN))
