"""`versions`: the versions of a file over time."""

import os

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import host_option, job_option, locking_options, repository_option
from tui_backup.cli.output import Column
from tui_backup.cli.snapshot_argument import reach_aloud
from tui_backup.engine.versions import Version
from tui_backup.model.snapshot import short
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment, size
from tui_backup.services.browsing import opened as browsing
from tui_backup.services.storage.snapshots import Filter, distinct


@click.command(
    short_help=_("Show the versions of a file over time."),
    help=_("Show each distinct version of the file PATH over all snapshots, oldest first."),
)
@click.argument("path")
@job_option
@repository_option
@host_option
@locking_options
@pass_invocation
def command(invocation: Invocation, path: str, job: str | None, repository: str | None, host: str | None) -> int:
    reached = reach_aloud(invocation, repository)
    invocation.workspace.check_job(job)
    only = Filter(repository=repository, job=job, host=host)
    with browsing.reading(reached.shelves, Watch()):
        found = browsing.versions(distinct(reached, only), browsing.inside(os.path.abspath(path)))
    if invocation.json:
        output.write_document(found)
    else:
        show(found)
    return 1 if reached.troubles else 0


def show(found: list[Version]) -> None:
    """Write the versions as a table."""
    columns = [
        Column(_("FIRST")), Column(_("LAST"), spare=3), Column(_("MODIFIED"), spare=1), Column(_("SIZE"), right=True),
        Column(_("SNAPSHOTS"), right=True, spare=2), Column(_("NEWEST IN")), Column(_("SHA-256"), spare=4),
    ]  # fmt: skip
    rows = [
        (
            moment(each.first), moment(each.last), moment(each.mtime), size(each.size), len(each.snapshots),
            short(each.snapshots[-1]), each.sha256,
        )
        for each in found
    ]  # fmt: skip
    output.write_table(columns, rows)
