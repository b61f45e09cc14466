"""`config`: check, show and change the configuration."""

from collections.abc import Mapping

from tui_backup.cli.lazy import LazyGroup
from tui_backup.primitives.i18n import _


def command_lines() -> Mapping[str, str]:
    """Return every command of the group with its line of help."""
    return {
        "check": _("Say what is wrong with the configuration, or will be."),
        "show": _("Show the configuration as it takes effect."),
        "path": _("Show which file is used."),
        "edit": _("Change the configuration in your editor."),
        "import-env": _("Make a configuration of BACKUP_* variables."),
    }


command = LazyGroup(
    "config",
    package="tui_backup.cli.commands.configuration",
    lines=command_lines,
    no_args_is_help=False,
    short_help=_("Check, show and change the configuration."),
    help=_("Check, show and change the configuration."),
)
