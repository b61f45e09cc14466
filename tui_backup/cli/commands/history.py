"""`history`: past runs."""

from collections.abc import Sequence

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.output import Cell, Column
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import duration, moment, size
from tui_backup.services.status import HistoryRow, history_rows


@click.command(short_help=_("Show past runs."))
@click.option("--job", metavar="NAME", help=_("Consider this job only."))
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help=_("Show the newest N only."))
@pass_invocation
def command(invocation: Invocation, job: str | None, limit: int | None) -> None:
    """Show past runs, newest first."""
    workspace = invocation.workspace
    found = history_rows(workspace.history, workspace.state_dir, job, limit)
    if invocation.json:
        output.write_document(found)
        return
    columns = [
        Column(_("STARTED")), Column(_("RUN")), Column(_("WHAT")), Column(_("JOB")), Column(_("REPOSITORY")),
        Column(_("STATUS")), Column(_("TOOK"), right=True), Column(_("ADDED"), right=True),
        Column(_("WARNINGS"), right=True), Column(_("SNAPSHOT")), Column(_("MESSAGE")),
    ]  # fmt: skip
    output.write_table(columns, [_cells(row) for row in found])


def _cells(row: HistoryRow) -> Sequence[Cell]:
    return (
        moment(row.started), row.run, row.verb, row.job, row.repository, row.status, duration(row.duration),
        size(row.bytes_added), row.warnings, row.snapshot[:8] if row.snapshot else None, row.message,
    )  # fmt: skip
