"""The timetable: how to have jobs run by themselves, for people who have just made a configuration."""

import os
import shlex

from tui_backup.config.settings import Config
from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.services.schedule import calling, crontab, systemd_units
from tui_backup.services.schedule.systemd import Systemd


def timetable(config: Config) -> str:
    """Return instructions: the command that does it, and what it would write into crontab or units."""
    try:
        lines = "\n".join(crontab.lines(config))
    except BackupError as error:
        lines = error.message
    systemd = Systemd()
    timer = next(
        unit for unit in systemd_units.units(config, is_system=systemd.is_system) if unit.name.endswith("timer")
    )
    parts = [
        _(
            "A job with a `schedule` runs by itself as soon as something calls `tui-backup --run-scheduled` every few\n"
            "minutes: it runs what is due, and says nothing if all is well. This has systemd or cron do so:"
        ),
        _indented(install_command(config)),
        _("With --cron it writes these lines into the crontab of {user}:").format(user=calling.user_name()),
        _indented(lines),
        _(
            "With --systemd it writes {timer} and what belongs to it into {directory}; --dry-run shows all of that."
        ).format(timer=timer.name, directory=_shown(str(systemd.directory))),
    ]
    return "\n\n".join(parts)


def install_command(config: Config) -> str:
    """Return what somebody types to have the jobs of a configuration run by themselves."""
    given = [] if calling.name_of(config.path) == "tui-backup" else ["--config", config.path]
    return shlex.join(["tui-backup", *given, "schedule", "install"])


def _shown(directory: str) -> str:
    home = os.path.expanduser("~")
    return f"~{directory.removeprefix(home)}" if directory.startswith(f"{home}/") else directory


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.rstrip("\n").split("\n"))
