"""`ls`: what a snapshot holds."""

from collections.abc import Iterable

import click

from tui_backup.cli import output
from tui_backup.cli.archive_files import note_files
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import host_option, locking_options, repository_option
from tui_backup.cli.snapshot_argument import find_snapshot
from tui_backup.model.entry import EntryKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment, printable
from tui_backup.services.browsing import opened as browsing
from tui_backup.services.browsing.opened import Listing


@click.command(
    short_help=_("List what a snapshot holds."), help=_("List what SNAPSHOT holds at PATH, by default at its top.")
)
@click.argument("snapshot", callback=note_files)
@click.argument("path", default="/")
@click.option("-R", "--recursive", is_flag=True, help=_("Go into directories."))
@click.option("-l", "--long", is_flag=True, help=_("Show modes, owners, sizes and times."))
@repository_option
@host_option
@locking_options
@pass_invocation
def command(  # noqa: PLR0913, PLR0917 - an argument for each option of the command
    invocation: Invocation,
    snapshot: str,
    path: str,
    recursive: bool,
    long: bool,
    repository: str | None,
    host: str | None,
) -> None:
    found = find_snapshot(invocation, snapshot, repository, host)
    with browsing.reading([found.shelf], Watch()):
        listed = browsing.ls(found, browsing.inside(path), recursive=recursive)
        if invocation.json:
            output.write_lines(listed)
        else:
            show(listed, long=long)


def show(listed: Iterable[Listing], *, long: bool) -> None:
    """Write paths a line each; directories end with `/`."""
    for each in listed:
        name = printable(each.path) + ("/" if each.type is EntryKind.DIR else "")
        output.write_text(_facts(each, name) if long else name)


def _facts(each: Listing, name: str) -> str:
    mode = browsing.mode_words(each.type, each.mode)
    size = "-" if each.size is None else str(each.size)
    target = f" -> {printable(each.linktarget)}" if each.linktarget is not None else ""
    return f"{mode} {each.uid:>5} {each.gid:>5} {size:>12} {moment(each.mtime)} {name}{target}"
