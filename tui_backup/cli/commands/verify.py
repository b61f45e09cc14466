"""`verify`: prove that snapshots can be restored."""

from collections.abc import Sequence

import click

from tui_backup.cli import output
from tui_backup.cli.archive_files import note_files
from tui_backup.cli.codes import worst
from tui_backup.cli.following import following
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import host_option, locking_options, repository_option
from tui_backup.formats.base import Proof, Subset
from tui_backup.model.problem import Problem
from tui_backup.model.snapshot import short
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.upkeep.damage import mending
from tui_backup.services.upkeep.repairs import RepairKind
from tui_backup.services.upkeep.verification import Verdict, VerifyRequest, parse_subset, verdict_words, verify
from tui_backup.services.words import damage_word

PATHS_SHOWN = 10
"""Affected paths that are listed for each problem."""


@click.command(
    short_help=_("Prove that snapshots can be restored."),
    help=_("Verify repositories, or SNAPSHOTs only; exit 1 on damage."),
)
@click.argument("snapshots", nargs=-1, callback=note_files, metavar="[SNAPSHOT]...")
@click.option("--read-data", is_flag=True, help=_("Read and authenticate every byte, not only the structure."))
@click.option("--subset", metavar="5%|2/7", help=_("Read a random share, or one part of several, of the data."))
@repository_option
@host_option
@locking_options
@pass_invocation
def command(
    invocation: Invocation,
    snapshots: tuple[str, ...],
    read_data: bool,
    subset: str | None,
    repository: str | None,
    host: str | None,
) -> int:
    workspace = invocation.workspace
    request = VerifyRequest(
        snapshots=snapshots,
        repository=repository,
        host=host,
        subset=parse_subset(subset) if subset else Subset() if read_data else None,
        heeding_signals=True,
    )
    with following(invocation, workspace.bus, lines=False):
        verdicts = verify(workspace, request)
    problems = [problem for verdict in verdicts if verdict.proof for problem in verdict.proof.problems]
    if invocation.json:
        output.write_document(summary(verdicts, problems))
    else:
        show(invocation, problems, verdicts)
    for verdict in verdicts:
        if verdict.error is not None:
            invocation.fail(verdict.error)
    return worst(verdict.error.exit_code if verdict.error else int(verdict.is_damaged) for verdict in verdicts)


def summary(verdicts: Sequence[Verdict], problems: Sequence[Problem]) -> dict[str, object]:
    """Return the JSON document of all verdicts; what only wants tidying stands apart."""
    proofs = [verdict.proof for verdict in verdicts if verdict.proof is not None]
    return {
        "checked": {
            "snapshots": sum(proof.snapshots for proof in proofs),
            "packs": sum(proof.packs for proof in proofs),
            "bytes": sum(proof.bytes for proof in proofs),
        },
        "problems": [problem for problem in problems if not problem.hint],
        "hints": [problem for problem in problems if problem.hint],
    }


def show(invocation: Invocation, problems: Sequence[Problem], verdicts: Sequence[Verdict]) -> None:
    """Write the problems with what they touch, then what was checked."""
    for problem in problems:
        sort = _("to tidy") if problem.hint else _("damage")
        output.write_text(
            f"{sort}: {damage_word(problem.kind)}: {printable(problem.object)}: {printable(problem.message)}"
        )
        if problem.snapshots:
            output.write_text(_("   snapshots: {ids}").format(ids=", ".join(short(id_) for id_ in problem.snapshots)))
        for path in problem.paths[:PATHS_SHOWN]:
            output.write_text(f"   {printable(path)}")
        if len(problem.paths) > PATHS_SHOWN:
            output.write_text(_("   and {count} more").format(count=len(problem.paths) - PATHS_SHOWN))
    for verdict in verdicts:
        if verdict.proof is not None:
            output.write_text(verdict_words(verdict.repository, verdict.proof, damaged=verdict.is_damaged))
            is_archives = invocation.workspace.config.repositories[verdict.repository].holds_archives
            for line in advice(verdict.repository, verdict.proof, is_archives=is_archives):
                output.write_text(line)


def advice(name: str, proof: Proof, *, is_archives: bool) -> list[str]:
    """Return what can be done about damage."""
    kind = mending(proof.problems)
    if is_archives and kind is not None:
        return [_("   an archive cannot be mended: forget it, and copy it from another repository if one has it")]
    if kind is RepairKind.PACKS:
        words = _("   `tui-backup repair packs -r {name}` mends what it can, with `--from OTHER` also from a copy")
        return [words.format(name=name)]
    if kind is RepairKind.INDEX:
        return [_("   `tui-backup repair index -r {name}` mends the index").format(name=name)]
    return []
