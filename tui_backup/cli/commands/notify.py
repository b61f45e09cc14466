"""`notify`: whoever is told when something is wrong."""

from collections.abc import Mapping

from tui_backup.cli.lazy import LazyGroup
from tui_backup.primitives.i18n import _


def command_lines() -> Mapping[str, str]:
    """Return every command of the group with its line of help."""
    return {"test": _("Send a test notice now.")}


command = LazyGroup(
    "notify",
    package="tui_backup.cli.commands.notifications",
    lines=command_lines,
    no_args_is_help=False,
    short_help=_("Try who is told when something is wrong."),
    help=_("Try who is told when something is wrong."),
)
