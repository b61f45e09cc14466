"""The terminal UI, started from the command line."""

import sys

from tui_backup.cli.invocation import Invocation
from tui_backup.config.paths import find_config
from tui_backup.errors import ConfigError, UsageError
from tui_backup.primitives.i18n import _, language, only


def open_interface(invocation: Invocation) -> int:
    """Show the UI until somebody leaves it; return the exit code.

    Raises:
        UsageError: there is no terminal.
        ConfigError: the configuration is wrong.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or invocation.json:
        raise UsageError(_("the UI needs a terminal"), hint=_("tui-backup --help lists the commands"))
    workspace = invocation.workspace if _is_configured(invocation) else None
    with only(language()):  # much of what pages say is put into words when they are imported
        from tui_backup.tui.start import show

        return show(workspace, invocation.config)


def _is_configured(invocation: Invocation) -> bool:
    try:
        find_config(invocation.config)
    except ConfigError:
        return False
    return True
