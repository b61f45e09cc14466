"""`key passwd`: another password in place of the one in use."""

import click

from tui_backup.cli.account import Account, Deed
from tui_backup.cli.agreement import can_ask, confirmed
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.key_account import chosen, deed
from tui_backup.cli.options import repository_option, retry_lock_option
from tui_backup.cli.passwords import new_password, new_password_option
from tui_backup.errors import UsageError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.storage.keyrings import Keeping, change_password, check_for_file, keeping, keyring
from tui_backup.services.storage.stores import refuse_removing


@click.command(
    short_help=_("Change the password in use."),
    help=_(
        "Replace the password in use: the new one is added and tried, then the old one goes.\n\n"
        "The data is not encrypted anew. Where the password comes from a file, the new one can be put there "
        "in between."
    ),
)
@repository_option
@new_password_option
@click.option("--update-password-file", is_flag=True, help=_("Write the new password to the configured file."))
@click.option("-n", "--dry-run", is_flag=True, help=_("Say what would be done only."))
@click.option("-y", "--yes", is_flag=True, help=_("Answer every question with yes."))
@retry_lock_option
@pass_invocation
def command(
    invocation: Invocation,
    repository: str | None,
    new_password_file: str | None,
    update_password_file: bool,
    dry_run: bool,
    yes: bool,
) -> int:
    name = chosen(invocation, repository)
    keyring(invocation.workspace, name)
    place = keeping(invocation.workspace, name)
    if update_password_file and place.file is None:
        raise UsageError(_("the new password cannot be put away: {reason}").format(reason=place.obstacle))
    password = new_password(invocation, new_password_file)
    account = Account()
    if dry_run:
        account.done.append(Deed(what="key", object=name, detail=_("the password would be changed")))
        return account.close(invocation)
    refuse_removing(invocation.workspace, name)
    update = update_password_file or offered(invocation, place, yes=yes)
    if update:
        check_for_file(password)
    changed = change_password(invocation.workspace, name, password, update_file=update)
    account.done.append(deed(name, changed, _("opens in place of the one before")))
    if update:
        account.done.append(Deed(what="password-file", object=place.file or "", detail=_("has the new password")))
    else:
        words = _("the configured password no longer opens {name}: {what}")
        invocation.warn(words.format(name=name, what=place.instruction))
        account.skipped.append(Deed(what="configuration", object=place.key, detail=place.instruction))
    return account.close(invocation)


def offered(invocation: Invocation, place: Keeping, *, yes: bool) -> bool:
    """Offer to put the new password into the configured file; return whether that is wished."""
    if place.file is None:
        return False
    if yes:
        return True
    question = _("Write the new password to {path} too?").format(path=printable(place.file))
    return can_ask(invocation) and confirmed(question, default=True)
