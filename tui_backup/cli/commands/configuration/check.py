"""`config check`: what is wrong with the configuration, or will be."""

from collections.abc import Iterator, Sequence

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.config.check import Doubt, check
from tui_backup.config.settings import Config
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable


@click.command(
    short_help=_("Say what is wrong with the configuration, or will be."),
    help=_("Read the configuration; exit 2 if it is wrong. What is merely doubtful is shown as a warning."),
)
@click.option("--as-cron", is_flag=True, help=_("Also warn of what cron will not have."))
@pass_invocation
def command(invocation: Invocation, as_cron: bool) -> None:
    config = invocation.workspace.config
    doubts = [*check(config, as_cron=as_cron), *_units(config)]
    if invocation.json:
        output.write_document({"path": config.path, "warnings": doubts})
        return
    show(doubts)
    invocation.say(_("{path} can be used").format(path=printable(config.path)))


def _units(config: Config) -> Iterator[Doubt]:
    """Doubt units that were installed for what the configuration said before."""
    from tui_backup.services.schedule.callers import outdated_units

    for path in outdated_units(config):
        message = _("{path} does not fit the configuration any more").format(path=path)
        yield Doubt(key="", message=message, hint=_("`tui-backup schedule install` writes it anew"))


def show(doubts: Sequence[Doubt]) -> None:
    """Write what is doubtful, with what to do about it."""
    for doubt in doubts:
        key = f"{doubt.key}: " if doubt.key else ""
        output.write_text(_("warning: {message}").format(message=printable(key + doubt.message)))
        if doubt.hint:
            output.write_text(_("   hint: {hint}").format(hint=printable(doubt.hint)))
