"""`key remove`: a password that opens no longer."""

import click

from tui_backup.cli.account import Account
from tui_backup.cli.agreement import agree
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.key_account import chosen, deed
from tui_backup.cli.options import repository_option, retry_lock_option
from tui_backup.primitives.i18n import _
from tui_backup.services.storage.keyrings import described, key_named, keyring, remove_key
from tui_backup.services.storage.stores import refuse_removing


@click.command(
    short_help=_("Take a password away."),
    help=_(
        "Remove the key whose id begins with ID: its password opens the repository no longer.\n\n"
        "The key in use, and the last one that can be used, are never removed. Who has copied the key file "
        "and knows its password can still open what was stored until then, and what comes: the data is not "
        "encrypted anew."
    ),
)
@click.argument("id_", metavar="ID")
@repository_option
@click.option("-n", "--dry-run", is_flag=True, help=_("Say what would be done only."))
@click.option("-y", "--yes", is_flag=True, help=_("Answer every question with yes."))
@retry_lock_option
@pass_invocation
def command(invocation: Invocation, id_: str, repository: str | None, dry_run: bool, yes: bool) -> int:
    name = chosen(invocation, repository)
    key = key_named(keyring(invocation.workspace, name), id_)
    account = Account()
    if dry_run:
        account.done.append(deed(name, key, _("would be removed")))
        return account.close(invocation)
    refuse_removing(invocation.workspace, name)
    what = described(name, key)
    question = _("Remove {key}?").format(key=what)
    agree(invocation, question, _("this would remove {key}; nothing was touched").format(key=what), yes=yes)
    remove_key(invocation.workspace, name, key)
    account.done.append(deed(name, key, _("removed")))
    return account.close(invocation)
