"""`tag`: give snapshots tags, or take them away."""

import click

from tui_backup.cli.account import Account, Deed
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import host_option, repository_option, retry_lock_option
from tui_backup.cli.snapshot_argument import reach_aloud, resolve_aloud
from tui_backup.model.snapshot import Snapshot
from tui_backup.primitives.i18n import _
from tui_backup.services.storage.snapshots import Filter
from tui_backup.services.upkeep.tagging import copies, retag, tags_after


@click.command(
    short_help=_("Give a snapshot tags, or take them away; pin keeps it."),
    help=_(
        "Give SNAPSHOT tags, or take them away. The tag pin keeps it from every policy.\n\n"
        "The snapshot gets another id and stays the same in everything else. Copies in other repositories "
        "keep their tags."
    ),
)
@click.argument("snapshot")
@click.argument("action", type=click.Choice(["add", "remove"]))
@click.argument("tags", nargs=-1, required=True, metavar="TAG...")
@repository_option
@host_option
@click.option("-n", "--dry-run", is_flag=True, help=_("Say what would be done only."))
@click.option("-y", "--yes", is_flag=True, expose_value=False, help=_("Answer every question with yes; there is none."))
@retry_lock_option
@pass_invocation
def command(  # noqa: PLR0913, PLR0917 - an argument for each option of the command
    invocation: Invocation,
    snapshot: str,
    action: str,
    tags: tuple[str, ...],
    repository: str | None,
    host: str | None,
    dry_run: bool,
) -> int:
    reached = reach_aloud(invocation, repository)
    found = resolve_aloud(invocation, reached, snapshot, Filter(repository=repository, host=host))
    after = tags_after(found.snapshot, **{action: tags})
    account, name = Account(), found.shelf.name
    if after == found.snapshot.tags:
        account.skipped.append(
            _deed(name, found.snapshot, _("has these tags already: {tags}").format(tags=_listed(after)))
        )
    elif dry_run:
        account.done.append(_deed(name, found.snapshot, _("would have the tags {tags}").format(tags=_listed(after))))
    else:
        renewed = retag(invocation.workspace, found, after)
        words = _("is {id} now, with the tags {tags}").format(id=renewed.short_id, tags=_listed(after))
        account.done.append(_deed(name, renewed, words, found.snapshot))
    for other, copy in copies(reached, found):
        account.skipped.append(_deed(other, copy, _("a copy: `-r {name}` tags it").format(name=other)))
    return account.close(invocation)


def _deed(repository: str, snapshot: Snapshot, detail: str, former: Snapshot | None = None) -> Deed:
    shown = _("{name}: snapshot {id}").format(name=repository, id=(former or snapshot).short_id)
    facts = {"repository": repository, "former": former.id if former else None, "tags": snapshot.tags}
    return Deed(what="snapshot", object=snapshot.id, detail=detail, shown=shown, facts=facts)


def _listed(tags: tuple[str, ...]) -> str:
    return ", ".join(tags) or "-"
