"""`find`: where files are, over snapshots."""

from collections.abc import Iterable

import click

from tui_backup.cli import output
from tui_backup.cli.archive_files import note_files
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import host_option, job_option, locking_options, repository_option
from tui_backup.cli.snapshot_argument import reach_aloud, resolve_aloud
from tui_backup.model.snapshot import short
from tui_backup.model.watch import Watch
from tui_backup.primitives.globs import matcher
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.browsing import opened as browsing
from tui_backup.services.browsing.opened import Hit
from tui_backup.services.storage.snapshots import Filter, distinct


@click.command(
    short_help=_("Find files in snapshots."),
    help=_(
        "Find what PATTERN matches: `*.pdf` anywhere, `/srv/**/logo.png` by its whole path.\n\n"
        "Searches all snapshots, oldest first."
    ),
)
@click.argument("pattern")
@job_option
@click.option("--snapshot", metavar="SNAPSHOT", callback=note_files, help=_("Search this snapshot only."))
@repository_option
@host_option
@locking_options
@pass_invocation
def command(
    invocation: Invocation,
    pattern: str,
    job: str | None,
    snapshot: str | None,
    repository: str | None,
    host: str | None,
) -> int:
    reached = reach_aloud(invocation, repository, [snapshot] if snapshot else ())
    invocation.workspace.check_job(job)
    only = Filter(repository=repository, job=job, host=host)
    watch, matches = Watch(), matcher(pattern)
    if snapshot is None:
        shelves, hits = reached.shelves, browsing.find(distinct(reached, only), matches, watch)
    else:
        found = resolve_aloud(invocation, reached, snapshot, only)
        shelves, hits = (found.shelf,), browsing.find_in(found, matches, watch)
    with browsing.reading(shelves, watch):
        write(hits, json=invocation.json)
    return 1 if reached.troubles else 0


def write(hits: Iterable[Hit], *, json: bool) -> None:
    """Write each hit as soon as it is found."""
    for hit in hits:
        if json:
            output.write_line(hit)
        else:
            output.write_text(f"{short(hit.snapshot)}  {hit.repository}  {printable(hit.path)}")
            output.flush()
