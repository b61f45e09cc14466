"""`init`: make what is missing."""

import click
import msgspec

from tui_backup.cli import narration, output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.cli.options import later_option
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.setup.making import Setup, Step, initialise
from tui_backup.services.words import setup_word


class Document(msgspec.Struct, frozen=True):
    """What was done, as scripts see it."""

    done: list[Step]
    skipped: list[Step]
    problems: list[Step]


@click.command(
    short_help=_("Make what is missing: configuration, password file, repositories."),
    help=_(
        "Make what is missing and touch nothing that exists: a starter configuration, password files, repositories."
    ),
)
@later_option("--dry-run")
@pass_invocation
def command(invocation: Invocation) -> int:
    setup = initialise(invocation.config)
    if invocation.json:
        output.write_document(Document(setup.done, setup.skipped, setup.problems))
    else:
        show(invocation, setup)
    return setup.exit_code


def show(invocation: Invocation, setup: Setup) -> None:
    """Write what was made and what was there, then how to go on."""
    for step in setup.done:
        output.write_text(_("made {step}").format(step=_line(step)))
    for step in setup.skipped:
        output.write_text(_("kept {step}").format(step=_line(step)))
    for step in setup.problems:
        narration.say(_("tui-backup: error: {message}").format(message=_line(step)))
    if not invocation.quiet and not setup.problems:
        output.write_text("")
        output.write_text(setup.timetable.rstrip("\n"))


def _line(step: Step) -> str:
    return printable(f"{setup_word(step.what)} {step.object}: {step.detail}")
