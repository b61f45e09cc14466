"""The terminal UI, started from the command line."""

import sys
from typing import TYPE_CHECKING

from tui_backup.cli.codes import worst
from tui_backup.cli.invocation import Invocation
from tui_backup.config.load import is_configured
from tui_backup.errors import Cancelled, UsageError
from tui_backup.primitives.i18n import _, language, only

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


def open_interface(invocation: Invocation) -> int:
    """Show the UI until somebody leaves it, then what it left going on; return the exit code.

    Raises:
        UsageError: there is no terminal.
        ConfigError: the configuration is wrong.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or invocation.json:
        raise UsageError(_("the UI needs a terminal"), hint=_("tui-backup --help lists the commands"))
    workspace = invocation.workspace if is_configured(invocation.config) else None
    with only(language()):  # much of what pages say is put into words when they are imported
        return _show(invocation, workspace)


def _show(invocation: Invocation, workspace: "Workspace | None") -> int:
    from tui_backup.cli.seeing_off import see_off
    from tui_backup.tui.start import Session

    with Session(workspace, invocation.config) as session:
        session.show()
        desk = session.desk
        codes = [Cancelled.exit_code] if session.was_stopped else []
        if session.error is not None:
            codes.append(invocation.fail(invocation.unexpected(session.error)))
        codes += see_off(invocation, desk.launches.going_on, desk.bus, desk.board.so_far)
    return worst(codes)
