"""`unlock`: locks that somebody left behind."""

from collections.abc import Sequence

import click

from tui_backup.cli import output
from tui_backup.cli.account import Account, Deed
from tui_backup.cli.agreement import agree
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import repository_option
from tui_backup.model.upkeep import LockLife
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import age, moment, printable
from tui_backup.services.storage.unlocking import HeldLock, danger, holdings, life_word, removable, remove


@click.command(
    short_help=_("Remove locks whose owner is gone."),
    help=_(
        "Show who holds repositories, and remove the locks whose owner is provably gone.\n\n"
        "No process is ever signalled or ended. A program that loses its lock stops before it does harm."
    ),
)
@repository_option
@click.option("--force", is_flag=True, help=_("Remove all other locks too; asks first."))
@click.option("-n", "--dry-run", is_flag=True, help=_("Show the locks only."))
@click.option("-y", "--yes", is_flag=True, help=_("Answer every question with yes."))
@pass_invocation
def command(invocation: Invocation, repository: str | None, force: bool, dry_run: bool, yes: bool) -> int:
    workspace = invocation.workspace
    account = Account()
    found = holdings(workspace, repository)
    for name, error in found.troubles:
        account.trouble(invocation, "repository", name, error)
    if not invocation.json:
        show(found.locks)
    chosen = removable(found.locks, force=force)
    if not dry_run:
        confirm(invocation, chosen, yes=yes)
    gone = chosen if dry_run else remove(workspace, chosen)
    for held in found.locks:
        if held in gone:
            account.done.append(_deed(held, _("would be removed") if dry_run else _("removed")))
        elif held in chosen:
            account.skipped.append(_deed(held, _("it was given back or refreshed meanwhile")))
        else:
            account.skipped.append(_deed(held, held.lock.evidence))
    code = account.close(invocation)
    if not found.locks and not found.troubles:
        invocation.say(_("nobody holds a lock"))
    elif len(chosen) < len(found.locks):
        invocation.say(_("`tui-backup unlock --force` removes what is left, whoever holds it"))
    return code


def show(locks: Sequence[HeldLock]) -> None:
    """Write who holds what, and whether they live."""
    for held in locks:
        for line in _lines(held):
            output.write_text(printable(line))


def confirm(invocation: Invocation, chosen: Sequence[HeldLock], *, yes: bool) -> None:
    """Warn of owners that live, and have somebody agree to what is no lock of the dead.

    Raises:
        UsageError: nobody can be asked.
        Cancelled: the answer is no.
    """
    risky = [held for held in chosen if held.lock.life is not LockLife.DEAD]
    for held in risky:
        if held.lock.life is LockLife.ALIVE:
            invocation.warn(danger(held))
    if risky:
        count = len(risky)
        question = ngettext(
            "Remove {count} lock whose owner may live?", "Remove {count} locks whose owners may live?", count
        )
        refusal = ngettext(
            "this would remove {count} lock whose owner may live; nothing was touched",
            "this would remove {count} locks whose owners may live; nothing was touched",
            count,
        )
        agree(invocation, question.format(count=count), refusal.format(count=count), yes=yes)


def _lines(held: HeldLock) -> tuple[str, str]:
    lock = held.lock
    words = _("{name}: lock {id} of {user} on {host} (pid {pid}), since {since}, last refreshed {age}")
    if lock.exclusive:
        words = _("{name}: exclusive lock {id} of {user} on {host} (pid {pid}), since {since}, last refreshed {age}")
    line = words.format(
        name=held.repository,
        id=lock.name[:8],
        user=lock.user or "?",
        host=lock.host or "?",
        pid=lock.pid or "?",
        since=moment(lock.since),
        age=age(lock.refreshed, now()),
    )
    run = _(", run {run}").format(run=held.run) if held.run else ""
    return line, f"   {life_word(lock.life)}: {lock.evidence}{run}"


def _deed(held: HeldLock, detail: str) -> Deed:
    lock = held.lock
    facts = {
        "repository": held.repository, "host": lock.host, "user": lock.user, "pid": lock.pid,
        "exclusive": lock.exclusive, "since": lock.since, "refreshed": lock.refreshed, "life": lock.life,
        "evidence": lock.evidence, "run": held.run,
    }  # fmt: skip
    shown = _("{name}: lock {id}").format(name=held.repository, id=lock.name[:8])
    return Deed(what="lock", object=lock.name, detail=detail, shown=shown, facts=facts)
