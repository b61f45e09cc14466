"""`notify test`: a notice that says that nothing has happened."""

from typing import Any

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
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
    if invocation.json:
        output.write_document(_document(trial))
    else:
        _show(trial)
    output.flush()
    return 0 if trial.error is None else invocation.fail(trial.error, about=name)


def _show(trial: Trial) -> None:
    """Write what was sent, and where to."""
    text = _("{name}: delivered to {place}") if trial.error is None else _("{name}: not delivered to {place}")
    output.write_text(printable(text.format(name=trial.notifier, place=trial.place)))
    for line in (trial.notice.title, *trial.notice.message.split("\n")):
        output.write_text(f"    {printable(line)}")


def _document(trial: Trial) -> dict[str, Any]:
    return {
        "notifier": trial.notifier,
        "place": trial.place,
        "delivered": trial.error is None,
        "message": None if trial.error is None else trial.error.message,
        "hint": None if trial.error is None else trial.error.hint,
        "transient": None if trial.error is None else trial.error.transient,
        "notice": trial.notice,
    }
