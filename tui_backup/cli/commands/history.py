"""`history`: past runs."""

from collections.abc import Sequence

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.output import Cell, Column
from tui_backup.model.run import Verb
from tui_backup.model.snapshot import short
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import duration, moment, size
from tui_backup.services.runs.past_runs import HistoryRow, history_rows
from tui_backup.services.words import status_word, verb_word


@click.command(short_help=_("Show past runs."), help=_("Show past runs, newest first."))
@click.option("--job", metavar="NAME", help=_("Consider this job only."))
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help=_("Show the newest N only."))
@click.option("--verb", type=click.Choice([each.value for each in Verb]), help=_("Show runs of this kind only."))
@pass_invocation
def command(invocation: Invocation, job: str | None, limit: int | None, verb: str | None) -> None:
    workspace = invocation.state_workspace
    workspace.check_job(job)
    found = history_rows(workspace, job, limit, Verb(verb) if verb else None)
    if invocation.json:
        output.write_document(found)
        return
    columns = [
        Column(_("STARTED")), Column(_("RUN"), spare=4), Column(_("WHAT"), spare=2), Column(_("JOB")),
        Column(_("REPOSITORY"), spare=7), Column(_("STATUS")), Column(_("TOOK"), right=True, spare=3),
        Column(_("ADDED"), right=True, spare=6), Column(_("WARNINGS"), right=True, spare=5),
        Column(_("SNAPSHOT"), spare=1), Column(_("COPIES"), right=True, spare=8),
        Column(_("UNDO UNTIL"), spare=3), Column(_("MESSAGE")),
    ]  # fmt: skip
    output.write_table(columns, [_cells(row) for row in found])


def _cells(row: HistoryRow) -> Sequence[Cell]:
    return (
        moment(row.started), row.run, verb_word(row.verb), row.job, row.repository, status_word(row.status),
        duration(row.duration), size(row.bytes_added), row.warnings, short(row.snapshot) if row.snapshot else None,
        len(row.copies) or None, moment(row.undo_until) if row.undo_until else None, row.message,
    )  # fmt: skip
