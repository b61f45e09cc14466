"""`key`: the passwords that open a repository."""

from collections.abc import Mapping

from tui_backup.cli.lazy import LazyGroup
from tui_backup.primitives.i18n import _


def command_lines() -> Mapping[str, str]:
    """Return every command of the group with its line of help."""
    return {
        "list": _("List the keys of a repository."),
        "add": _("Let a further password open it."),
        "remove": _("Take a password away."),
        "passwd": _("Change the password in use."),
    }


command = LazyGroup(
    "key",
    package="tui_backup.cli.commands.keys",
    lines=command_lines,
    no_args_is_help=False,
    short_help=_("Manage the passwords of a repository."),
    help=_("Manage the passwords of a repository; its data is never encrypted anew."),
)
