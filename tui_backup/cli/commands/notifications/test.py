"""`notify test`: a notice that says that nothing has happened."""

from typing import Any

import click

from tui_backup.cli import output
from tui_backup.cli.account import Account, Deed
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.model.notice import Notice
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.alerts.notifying import Trial, try_notifier


@click.command(
    short_help=_("Send a test notice now."),
    help=_(
        "Send a test notice by a notifier, once and now, and tell how that went.\n\n"
        "A ping is only noted there: the check stays as it is."
    ),
)
@click.argument("name", metavar="NAME")
@pass_invocation
def command(invocation: Invocation, name: str) -> int:
    trial = try_notifier(invocation.workspace, name)
    account = Account()
    if trial.error is None:
        detail = _("delivered to {place}").format(place=trial.place)
        account.done.append(Deed(what="notice", object=name, detail=detail, facts=_facts(trial)))
    else:
        account.trouble(invocation, "notice", name, trial.error, _facts(trial))
    code = account.close(invocation)
    if not invocation.json and trial.error is None:
        _show(trial.notice)
    return code


def _show(notice: Notice) -> None:
    """Write what was sent."""
    for line in (notice.title, *notice.message.split("\n")):
        output.write_text(f"    {printable(line)}")
    output.flush()


def _facts(trial: Trial) -> dict[str, Any]:
    facts = {"place": trial.place, "notice": trial.notice}
    if trial.error is None:
        return facts
    return {**facts, "hint": trial.error.hint, "transient": trial.error.transient}
