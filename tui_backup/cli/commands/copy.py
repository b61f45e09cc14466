"""`copy`: snapshots from one repository into another."""

import click

from tui_backup.cli.account import Account, Deed
from tui_backup.cli.following import following
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import host_option, retry_lock_option
from tui_backup.cli.snapshot_argument import reach_aloud
from tui_backup.errors import UsageError
from tui_backup.model.upkeep import Copied
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import size
from tui_backup.services.backup.copies import Part, choose, copy, rehearse
from tui_backup.services.storage.snapshots import Filter


@click.command(
    short_help=_("Copy snapshots to another repository."),
    help=_(
        "Copy SNAPSHOTs to another repository, each of their blobs read once; what is there already is not "
        "copied again.\n\n"
        "A snapshot that was forgotten there comes back, and is kept in step by later runs like any other."
    ),
)
@click.argument("snapshots", nargs=-1, required=True, metavar="SNAPSHOT...")
@click.option("--to", required=True, metavar="NAME", help=_("Copy to this repository."))
@click.option("-r", "--repository", metavar="NAME", help=_("Copy from this repository only."))
@host_option
@click.option("-n", "--dry-run", is_flag=True, help=_("Say what would be copied, and copy nothing."))
@click.option("-y", "--yes", is_flag=True, expose_value=False, help=_("Answer every question with yes; there is none."))
@retry_lock_option
@pass_invocation
def command(
    invocation: Invocation, snapshots: tuple[str, ...], to: str, repository: str | None, host: str | None, dry_run: bool
) -> int:
    workspace = invocation.workspace
    if repository == to:
        raise UsageError(_("a snapshot cannot be copied to the repository in which it lies"))
    workspace.repository(to)
    reached = reach_aloud(invocation, repository)
    chosen = choose(reached, snapshots, to, Filter(repository=repository, host=host))
    for warning in dict.fromkeys(warning for found in chosen for warning in found.warnings):
        invocation.warn(warning)
    if dry_run:
        parts = rehearse(workspace, chosen, to, Watch())
        amount = size(sum(part.added_bytes for part in parts))
        invocation.say(_("dry run: {size} at most would be read and added").format(size=amount))
    else:
        with following(invocation, workspace.bus, lines=False):
            parts = copy(workspace, chosen, to, heeding_signals=True)
    return tell(invocation, parts, to)


def tell(invocation: Invocation, parts: list[Part], to: str) -> int:
    """Write what became of each snapshot; return the exit code."""
    account = Account()
    for part in parts:
        for copied in part.copied:
            (account.done if copied.is_new else account.skipped).append(_deed(copied, part.source, to))
        if part.error is not None:
            account.trouble(invocation, "repository", part.source, part.error)
    return account.close(invocation)


def _deed(copied: Copied, source: str, to: str) -> Deed:
    if copied.snapshot is None:
        detail = _("would be copied to {to}").format(to=to)
    elif copied.is_new:
        detail = _("copied to {to} as {id}").format(to=to, id=copied.snapshot.short_id)
    else:
        detail = _("{to} has it already, as {id}").format(to=to, id=copied.snapshot.short_id)
    shown = _("{name}: snapshot {id}").format(name=source, id=copied.source.short_id)
    facts = {"repository": source, "to": to, "copy": copied.snapshot.id if copied.snapshot else None}
    return Deed(what="snapshot", object=copied.source.id, detail=detail, shown=shown, facts=facts)
