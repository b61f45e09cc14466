"""How to have jobs run by themselves: what to put into a crontab, or into systemd."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from tui_backup.primitives.i18n import _

_SERVICE = """\
[Unit]
Description=Backups by tui-backup

[Service]
Type=oneshot
ExecStart={command}
"""

_TIMER = """\
[Unit]
Description=Looks whether backups by tui-backup are due

[Timer]
OnCalendar=*:0/15
Persistent=true

[Install]
WantedBy=timers.target
"""


def timetable(config: str) -> str:
    """Return instructions for people: two ways to have the jobs of a configuration run when they are due."""
    units = "/etc/systemd/system" if os.geteuid() == 0 else "~/.config/systemd/user"
    scope = "" if os.geteuid() == 0 else "--user "
    parts = [
        _(
            "A job with a `schedule` runs by itself as soon as something calls `tui-backup --run-scheduled` every few\n"
            "minutes: it runs what is due, and says nothing if all is well. Cron or systemd can do that."
        ),
        _("In the crontab (`crontab -e`):"),
        _indented(crontab_line(config)),
        _("Or {path}:").format(path=f"{units}/tui-backup.service"),
        _indented(_SERVICE.format(command=_systemd_command(config))),
        _("and {path}, then `systemctl {scope}enable --now tui-backup.timer`:").format(
            path=f"{units}/tui-backup.timer", scope=scope
        ),
        _indented(_TIMER),
    ]
    return "\n\n".join(parts)


def crontab_line(config: str) -> str:
    """Return a line that runs what is due every quarter of an hour, and is quiet when all is well."""
    command = shlex.join(_command(config)).replace("%", "\\%")
    return f"*/15 * * * * {command}"


def _systemd_command(config: str) -> str:
    """Return the command as systemd splits it: in double quotes where needed, `%` and `$` doubled."""
    words = [word.replace("\\", "\\\\").replace('"', '\\"') for word in _command(config)]
    quoted = [f'"{word}"' if set(word) & set(" '\"\\;\t") else word for word in words]
    return " ".join(quoted).replace("%", "%%").replace("$", "$$")


def _command(config: str) -> list[str]:
    return [*_program(), "--config", config, "--run-scheduled"]


def _program() -> list[str]:
    """Return how to start this program from anywhere."""
    beside = Path(sys.executable).with_name("tui-backup")
    if beside.exists():
        return [str(beside)]
    found = shutil.which("tui-backup")
    return [os.path.abspath(found)] if found else [sys.executable, "-m", "tui_backup"]


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.rstrip("\n").split("\n"))
