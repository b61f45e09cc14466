"""`config path`: which configuration file is used."""

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.config.paths import find_config
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable


@click.command(short_help=_("Show which file is used."), help=_("Show which configuration file is used."))
@pass_invocation
def command(invocation: Invocation) -> None:
    path = find_config(invocation.config)
    if invocation.json:
        output.write_document({"path": path})
    else:
        output.write_text(printable(path))
