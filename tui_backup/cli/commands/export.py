"""`export`: a snapshot, or part of one, as a plain archive."""

import os
import sys

import click
import msgspec

from tui_backup.cli import output
from tui_backup.cli.account import Account, Deed
from tui_backup.cli.agreement import agree
from tui_backup.cli.archive_files import note_files
from tui_backup.cli.codes import OF_STATUS, worst
from tui_backup.cli.following import following
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import host_option, locking_options, repository_option
from tui_backup.cli.snapshot_argument import find_snapshot
from tui_backup.engine.exporting import Choice
from tui_backup.errors import UsageError
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.patterns import literal
from tui_backup.primitives.text import printable, size
from tui_backup.services.browsing import opened as browsing
from tui_backup.services.restore import exporting
from tui_backup.services.restore.exporting import Order, Outcome

STDOUT = "-"


@click.command(
    "export",
    short_help=_("Write a snapshot, or part of it, as a plain archive."),
    help=_(
        "Write SNAPSHOT, or only PATHs of it with all below them, as one plain archive that tar or unzip opens: never "
        "encrypted, readable by you alone. `download` is another name for this command."
    ),
)
@click.argument("snapshot", callback=note_files)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--format", "format_", type=click.Choice(exporting.formats()), help=_("What to write; default: as FILE is called.")
)
@click.option("-o", "--output", "target", metavar="FILE", required=True, help=_("Write here; - is standard output."))
@click.option("-i", "--include", multiple=True, metavar="PATH", help=_("Export this path or pattern only."))
@click.option("-e", "--exclude", multiple=True, metavar="PATH", help=_("Leave this path or pattern out."))
@click.option("-n", "--dry-run", is_flag=True, help=_("Say what would be exported, and write nothing."))
@click.option("-y", "--yes", is_flag=True, help=_("Replace FILE if it exists."))
@repository_option
@host_option
@locking_options
@pass_invocation
def command(  # noqa: PLR0913, PLR0917 - an argument for each option of the command
    invocation: Invocation,
    snapshot: str,
    paths: tuple[str, ...],
    format_: str | None,
    target: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    repository: str | None,
    host: str | None,
) -> int:
    kind = format_ or _format_of(target)
    if target == STDOUT and not dry_run:
        _check_stdout(invocation)
    is_taken = target != STDOUT and exporting.is_taken(target)
    found = find_snapshot(invocation, snapshot, repository, host)
    chosen = tuple(literal(browsing.inside(path)) for path in paths)
    order = Order(
        found=found, format=kind, choice=Choice(include=(*chosen, *include), exclude=exclude), heeding_signals=True
    )
    if dry_run:
        return _rehearse(invocation, order, target)
    if is_taken:
        facts = {"path": printable(target), "host": printable(invocation.workspace.host)}
        question = _("Replace {path} on {host}?").format(**facts)
        agree(invocation, question, _("{path} exists; nothing was written").format(**facts), yes=yes)
    with following(invocation, invocation.workspace.bus, lines=False):
        if target == STDOUT:
            with output.writing():
                outcome = exporting.export_to(invocation.workspace, order, output.binary())
        else:
            outcome = exporting.export_to_file(invocation.workspace, order, target, replace=is_taken)
    return _tell(invocation, order, outcome, target)


def _format_of(target: str) -> str:
    if target == STDOUT:
        raise UsageError(
            _("say what to write to standard output"),
            hint=_("--format {formats}").format(formats="|".join(exporting.formats())),
        )
    return exporting.format_of(target)


def _check_stdout(invocation: Invocation) -> None:
    if invocation.json:
        raise UsageError(_("--json and the archive cannot both go to standard output"))
    if sys.stdout.isatty():
        raise UsageError(
            _("an archive would harm the terminal"), hint=_("write it to a file, or pass it to another program")
        )


def _rehearse(invocation: Invocation, order: Order, target: str) -> int:
    found = exporting.rehearse(order, Watch())
    words = ngettext(
        "dry run: {count} entry, {size} before compression",
        "dry run: {count} entries, {size} before compression",
        found.entries,
    )
    account = Account()
    account.done.append(_deed(order, target, words.format(count=found.entries, size=size(found.bytes)), found.bytes))
    return account.close(invocation)


def _tell(invocation: Invocation, order: Order, outcome: Outcome, target: str) -> int:
    """Write what became of it, but where the archive itself went to stdout; return the exit code."""
    code = OF_STATUS[outcome.status]
    for note in outcome.exported.notes:
        invocation.say(_("note: {note}").format(note=note))
    if target == STDOUT:
        invocation.say(exporting.summary(outcome))
        return code
    account = Account()
    deed = _deed(order, target, exporting.summary(outcome), outcome.exported.bytes_written)
    account.done.append(msgspec.structs.replace(deed, facts={**deed.facts, "notes": outcome.exported.notes}))
    for path, reason in outcome.troubles:
        account.problems.append(Deed(what="path", object=os.fsdecode(path or b""), detail=reason))
    return worst((account.close(invocation), code))


def _deed(order: Order, target: str, detail: str, bytes_: int) -> Deed:
    snapshot = order.found.snapshot
    shown = _("snapshot {id} to {path}").format(id=snapshot.short_id, path=target)
    facts = {
        "repository": order.found.shelf.name,
        "file": None if target == STDOUT else os.path.abspath(target),
        "format": order.format,
        "bytes": bytes_,
    }
    return Deed(what="archive", object=snapshot.id, detail=detail, shown=shown, facts=facts)
