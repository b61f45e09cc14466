"""`config show`: the configuration as it takes effect."""

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation, pass_invocation
from tui_backup.config.show import as_toml, effective
from tui_backup.primitives.i18n import _


@click.command(
    short_help=_("Show the configuration as it takes effect."),
    help=_("Show the configuration with defaults filled in and paths absolute; secrets are never shown."),
)
@pass_invocation
def command(invocation: Invocation) -> None:
    config = invocation.workspace.config
    if invocation.json:
        output.write_document(effective(config))
    else:
        output.write_text(as_toml(config).rstrip("\n"))
