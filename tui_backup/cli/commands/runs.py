"""`runs`: what is going on now, whoever started it."""

from collections.abc import Sequence

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.output import Cell, Column
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment, size
from tui_backup.services.runs.current import RunningRun, list_runs
from tui_backup.services.runs.endings import where
from tui_backup.services.words import verb_word


@click.command(short_help=_("Show the runs going on now."), help=_("Show the runs going on now, whoever started them."))
@pass_invocation
def command(invocation: Invocation) -> None:
    found = list_runs(invocation.state_workspace.state_dir)
    if invocation.json:
        output.write_document(found)
        return
    columns = [
        Column(_("RUN")), Column(_("WHAT"), spare=2), Column(_("JOB")), Column(_("SINCE"), spare=1),
        Column(_("PID"), right=True, spare=3), Column(_("FILES"), right=True, spare=4),
        Column(_("BYTES"), right=True), Column(_("AT")),
    ]  # fmt: skip
    output.write_table(columns, [_cells(run) for run in found])


def _cells(run: RunningRun) -> Sequence[Cell]:
    progress = run.progress
    return (
        run.run, verb_word(run.verb), where(run.job, run.repository), moment(run.started), run.pid,
        progress.files_done if progress else None, size(progress.bytes_done if progress else None),
        run.waiting or (progress.current if progress else None),
    )  # fmt: skip
