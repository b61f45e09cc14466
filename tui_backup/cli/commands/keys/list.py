"""`key list`: who may open a repository."""

import click

from tui_backup.cli import output
from tui_backup.cli.account import Account
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.key_account import chosen, deed
from tui_backup.cli.options import locking_options, repository_option
from tui_backup.cli.output import Column
from tui_backup.model.upkeep import KeyInfo
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment
from tui_backup.services.storage.keyrings import keyring


@click.command(
    short_help=_("List the keys of a repository."),
    help=_("List the keys of a repository, oldest first; * is the one in use."),
)
@repository_option
@locking_options
@pass_invocation
def command(invocation: Invocation, repository: str | None) -> int:
    name = chosen(invocation, repository)
    found = keyring(invocation.workspace, name).found()
    account = Account()
    for key in found:
        account.note(deed(name, key, key.trouble or (_("in use") if key.current else "")), bad=key.trouble is not None)
    if invocation.json:
        account.close(invocation)
    else:
        show(found)
    return 0


def show(found: list[KeyInfo]) -> None:
    """Write the keys as a table."""
    columns = [
        Column(""), Column(_("ID")), Column(_("USER")), Column(_("HOST"), spare=2), Column(_("CREATED"), spare=1),
        Column(_("TROUBLE")),
    ]  # fmt: skip
    shown = len(columns) if any(key.trouble for key in found) else len(columns) - 1
    rows = [
        ("*" if key.current else " ", key.id[:8], key.user, key.host, moment(key.created), key.trouble) for key in found
    ]
    output.write_table(columns[:shown], [row[:shown] for row in rows])
