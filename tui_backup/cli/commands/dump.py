"""`dump`: a file's bytes, or a directory as tar, on stdout."""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing

import click

from tui_backup.cli import output
from tui_backup.cli.archive_files import note_files
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import host_option, locking_options, repository_option
from tui_backup.cli.snapshot_argument import find_snapshot
from tui_backup.errors import UsageError
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.services.browsing import opened as browsing
from tui_backup.services.storage.snapshots import Found
from tui_backup.services.workspace import Workspace

CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]")
"""What text for a terminal does not hold."""


@click.command(
    short_help=_("Write a file, or a directory as tar, to standard output."),
    help=_("Write the bytes of PATH in SNAPSHOT to standard output; a directory is written as tar."),
)
@click.argument("snapshot", callback=note_files)
@click.argument("path")
@repository_option
@host_option
@locking_options
@pass_invocation
def command(invocation: Invocation, snapshot: str, path: str, repository: str | None, host: str | None) -> None:
    found = find_snapshot(invocation, snapshot, repository, host)
    watch = Watch()
    with browsing.reading([found.shelf], watch):
        write(invocation.workspace, found, browsing.inside(path), watch)


def write(workspace: Workspace, found: Found, path: bytes, watch: Watch) -> None:
    """Write the bytes of a path; raises UsageError before what would make a terminal do something."""
    terminal = sys.stdout.isatty()
    if browsing.is_directory(found, path):
        if terminal:
            raise _refusal()
        with output.writing():
            browsing.write_directory(workspace, found, path, output.binary(), watch)
        return
    with closing(browsing.content(workspace, found, path)) as content:
        for piece in harmless(content) if terminal else content:
            output.write_bytes(piece)
            watch.check()


def harmless(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces of text; raises UsageError before one that would make a terminal do something."""
    for piece in pieces:
        if CONTROLS.search(piece):
            raise _refusal()
        yield piece


def _refusal() -> UsageError:
    return UsageError(
        _("this is not text, and would harm the terminal"), hint=_("write it to a file: tui-backup dump ... > FILE")
    )
