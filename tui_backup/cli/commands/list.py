"""`list`: the snapshots of all repositories."""

from collections.abc import Sequence

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import host_option, job_option, locking_options, repository_option
from tui_backup.cli.output import Cell, Column
from tui_backup.model.snapshot import PIN
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment, size
from tui_backup.services.storage.snapshots import Filter, Row, reach, rows
from tui_backup.services.words import integrity_word, kind_word, status_word


@click.command(
    short_help=_("List snapshots."),
    help=_(
        "List snapshots, oldest first.\n\n"
        "The copies of one snapshot share a line; with -r and with --json each repository has its own."
    ),
)
@job_option
@repository_option
@host_option
@click.option(
    "--last",
    type=click.IntRange(min=1),
    metavar="N",
    help=_("Show the newest N of each job in each repository only."),
)
@locking_options
@pass_invocation
def command(invocation: Invocation, job: str | None, repository: str | None, host: str | None, last: int | None) -> int:
    workspace = invocation.workspace
    reached = reach(workspace, repository)
    workspace.check_job(job)
    shown = rows(workspace, reached.shelves, Filter(repository=repository, job=job, host=host))
    if last is not None:
        shown = newest(shown, last)
    if invocation.json:
        output.write_document(shown)
    else:
        show(shown)
    output.flush()
    for trouble in reached.troubles:
        invocation.fail(trouble.error)
    return 1 if reached.troubles else 0


def newest(shown: Sequence[Row], last: int) -> list[Row]:
    """Return the last rows of each job in each repository, in their order."""
    kept: list[Row] = []
    counts: dict[tuple[str | None, str], int] = {}
    for row in reversed(shown):
        group = (row.job, row.repository)
        counts[group] = counts.get(group, 0) + 1
        if counts[group] <= last:
            kept.append(row)
    return kept[::-1]


def show(shown: Sequence[Row]) -> None:
    """Write the rows as a table, copies of one snapshot together."""
    columns = [
        Column(_("ID")), Column(_("TIME")), Column(_("JOB")), Column(_("REPOSITORY"), spare=3),
        Column(_("HOST"), spare=7), Column(_("KIND"), spare=5), Column(_("SIZE"), right=True, spare=2),
        Column(_("ADDED"), right=True, spare=6), Column(_("STATUS")), Column(_("INTEGRITY"), spare=1),
        Column(_("PATHS"), spare=4),
    ]  # fmt: skip
    output.write_table(columns, [_cells(copies) for copies in together(shown)])


def together(shown: Sequence[Row]) -> list[list[Row]]:
    """Return the rows of each snapshot, one from each repository, in the order of the first of them."""
    groups: list[list[Row]] = []
    newest: dict[str, list[Row]] = {}
    for row in shown:
        same = row.original or row.id
        if same not in newest or any(each.repository == row.repository for each in newest[same]):
            groups.append([])
            newest[same] = groups[-1]
        newest[same].append(row)
    return groups


def _cells(copies: Sequence[Row]) -> Sequence[Cell]:
    row = copies[0]
    return (
        row.short_id, moment(row.time), row.job, ", ".join(each.repository for each in copies), row.host,
        kind_word(row.kind) if row.kind else None,
        size(row.size), size(row.added), _status(row), _integrity(copies), " ".join(row.paths),
    )  # fmt: skip


def _integrity(copies: Sequence[Row]) -> str:
    """Return the integrity of a snapshot; where its copies differ, that of each."""
    if len({row.integrity for row in copies}) == 1:
        return integrity_word(copies[0].integrity)
    return ", ".join(f"{row.repository}: {integrity_word(row.integrity)}" for row in copies)


def _status(row: Row) -> str:
    status = _("encrypted by another program") if row.foreign else status_word(row.status)
    return _("{status}, pinned").format(status=status) if PIN in row.tags else status
