"""`schedule`: what jobs do by themselves, and what makes them."""

from collections.abc import Mapping

from tui_backup.cli.lazy import LazyGroup
from tui_backup.primitives.i18n import _


def command_lines() -> Mapping[str, str]:
    """Return every command of the group with its line of help."""
    return {
        "show": _("Show what is done when, and what makes it run."),
        "install": _("Have cron or systemd run what is due."),
        "remove": _("Take away what install has made."),
        "boot": _("Start what a run that died has left stopped: for the boot."),
    }


command = LazyGroup(
    "schedule",
    package="tui_backup.cli.commands.scheduling",
    lines=command_lines,
    no_args_is_help=False,
    short_help=_("Show what runs by itself; have cron or systemd run it."),
    help=_("Show what runs by itself, and have cron or systemd run it."),
)
