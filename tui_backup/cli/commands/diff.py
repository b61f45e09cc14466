"""`diff`: what changed between two snapshots."""

from collections.abc import Iterable

import click

from tui_backup.cli import output
from tui_backup.cli.archive_files import note_files
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import host_option, locking_options, repository_option
from tui_backup.cli.snapshot_argument import reach_aloud, resolve_aloud
from tui_backup.engine.diff import Change, Difference
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.browsing import comparing
from tui_backup.services.browsing import opened as browsing
from tui_backup.services.storage.snapshots import Filter

SIGNS = {Change.ADDED: "+", Change.REMOVED: "-", Change.CONTENT: "M", Change.METADATA: "U", Change.TYPE: "T"}
"""As restic shows them."""


@click.command(
    short_help=_("Show what changed between two snapshots."),
    help=_(
        "Show what changed from snapshot BEFORE to snapshot AFTER.\n\n"
        "+ added, - removed, M content changed, U only metadata changed, T type changed."
    ),
)
@click.argument("before", callback=note_files)
@click.argument("after", callback=note_files)
@repository_option
@host_option
@locking_options
@pass_invocation
def command(invocation: Invocation, before: str, after: str, repository: str | None, host: str | None) -> None:
    only = Filter(repository=repository, host=host)
    reached = reach_aloud(invocation, repository, [before, after])
    old, new = resolve_aloud(invocation, reached, before, only), resolve_aloud(invocation, reached, after, only)
    watch = Watch()
    with browsing.reading([old.shelf, new.shelf], watch):
        changes = comparing.between(old, new, watch)
        if invocation.json:
            output.write_lines(changes)
        else:
            show(changes)


def show(changes: Iterable[Difference]) -> None:
    """Write changes a line each."""
    for change in changes:
        output.write_text(f"{SIGNS[change.change]}  {printable(change.path)}")
