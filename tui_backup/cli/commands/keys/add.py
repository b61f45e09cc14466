"""`key add`: a further password."""

import click

from tui_backup.cli.account import Account
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.key_account import chosen, deed
from tui_backup.cli.options import repository_option, retry_lock_option
from tui_backup.cli.passwords import new_password, new_password_option
from tui_backup.primitives.i18n import _
from tui_backup.services.storage.keyrings import add_password, keyring


@click.command(
    short_help=_("Let a further password open it."),
    help=_(
        "Let a further password open a repository.\n\n"
        "It is typed twice on a terminal, else read from a file or from standard input."
    ),
)
@repository_option
@new_password_option
@click.option("-n", "--dry-run", is_flag=True, help=_("Say what would be done only."))
@retry_lock_option
@pass_invocation
def command(invocation: Invocation, repository: str | None, new_password_file: str | None, dry_run: bool) -> int:
    name = chosen(invocation, repository)
    keyring(invocation.workspace, name)
    password = new_password(invocation, new_password_file)
    if dry_run:
        invocation.say(_("{name}: a key would be added").format(name=name))
        return Account().close(invocation)
    account = Account()
    account.done.append(deed(name, add_password(invocation.workspace, name, password), _("added")))
    return account.close(invocation)
