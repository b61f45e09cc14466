"""`schedule show`: what is done when, and what makes it run."""

from typing import Any

import click

from tui_backup.cli import output
from tui_backup.cli.agenda_view import show
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.services.schedule.agenda import Item, agenda
from tui_backup.services.schedule.callers import Caller, callers, outdated_units


@click.command(
    short_help=_("Show what is done when, and what makes it run."),
    help=_(
        "Show the next five moments of everything that is done by itself, in its own zone and in UTC, what daylight "
        "saving does to them, and whether anything on this host calls us for it."
    ),
)
@pass_invocation
def command(invocation: Invocation) -> None:
    config = invocation.workspace.config
    items, found = agenda(config, now()), callers(config)
    if invocation.json:
        output.write_document([_fields(item, found) for item in items])
    else:
        show(config, items, found, outdated_units(config))


def _fields(item: Item, found: list[Caller]) -> dict[str, Any]:
    trigger = item.trigger
    return {
        "job": trigger.job,
        "what": trigger.what,
        "at": trigger.line,
        "zone": trigger.zone,
        "next": [each.at for each in item.next],
        "label": trigger.label,
        "effects": [each.effect for each in item.next],
        "called_by": found,
    }
