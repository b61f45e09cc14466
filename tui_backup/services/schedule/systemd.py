"""What systemd is asked, and where its unit files lie: those of the system for root, those of the user for others."""

import os
import shutil
from pathlib import Path

from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.programs import Captured, Program, capture
from tui_backup.primitives.reasons import reason_of
from tui_backup.services.schedule.calling import user_name

_TIMEOUT_S = 90.0
_LARGEST = 1 << 16
_RUNNING = "/run/systemd/system"
"""A directory that is there if, and only if, systemd is the first process: sd_booted(3)."""


class Systemd:
    """The manager of this user's services."""

    def __init__(self, directory: Path | None = None, *, is_system: bool | None = None) -> None:
        """`directory` is where unit files lie; by default where they are looked for."""
        self.is_system = os.geteuid() == 0 if is_system is None else is_system
        self.directory = directory or _directory(is_system=self.is_system)

    @property
    def is_booted(self) -> bool:
        """Whether systemd runs this machine, and not only the one around a chroot."""
        return os.path.isdir(_RUNNING) and not _is_elsewhere()

    @property
    def is_up(self) -> bool:
        """Whether the manager can be asked: that of a user runs only while the user is logged in, or lingers."""
        return self.is_booted and (self.is_system or os.path.exists(os.path.join(_runtime(), "systemd", "private")))

    @property
    def is_there(self) -> bool:
        """Whether this machine has its programs."""
        return shutil.which("systemctl") is not None

    @property
    def lingers(self) -> bool:
        """Whether the services of this user run without the user, from boot on."""
        return self.is_system or os.path.exists(f"/var/lib/systemd/linger/{user_name()}")

    def says(self, question: str, unit: str) -> bool:
        """Return the answer to `is-enabled` or `is-active`; no, where it cannot be asked."""
        try:
            return self._ask(question, "--quiet", "--", unit).code == 0
        except BackupError:
            return False

    def is_outdated(self, unit: str) -> bool:
        """Whether it works by what a unit file said before: somebody who wrote it was cut off."""
        if not self.is_up:
            return False
        return self._ask("show", "--property=NeedDaemonReload", "--", unit).output.strip() == b"NeedDaemonReload=yes"

    def order(self, *words: str) -> None:
        """Have it do something; raises BackupError where it does not."""
        ended = self._ask(*words)
        if ended.code != 0:
            said = " ".join(ended.complaints.decode("utf-8", "replace").split())
            text = _("{command} failed: {reason}").format(
                command=self.command(*words), reason=said or _("exit code {code}").format(code=ended.code)
            )
            hint = _("log in as this user, or let its services run without: {command}").format(command=linger_command())
            raise BackupError(text, hint=None if self.is_system else hint)

    def command(self, *words: str) -> str:
        """Return a command of systemctl as somebody would type it."""
        return " ".join(["systemctl", *([] if self.is_system else ["--user"]), *words])

    def _ask(self, *words: str) -> Captured:
        if not self.is_there:
            raise BackupError(_("there is no program `systemctl` on this machine"))
        given = ("systemctl", *(() if self.is_system else ("--user",)), *words)
        variables = {"LC_ALL": "C", "SYSTEMD_COLORS": "0"}
        if not self.is_system:
            variables["XDG_RUNTIME_DIR"] = _runtime()
        program = Program(argv=given, timeout_s=_TIMEOUT_S, variables=variables, directory="/")
        try:
            return capture(program, os.environ, _LARGEST)
        except (OSError, TimeoutError) as error:
            reason = reason_of(error) if error.errno else _("it takes too long")
            raise BackupError(_("cannot run {program}: {reason}").format(program="systemctl", reason=reason)) from error


def _is_elsewhere() -> bool:
    """Whether the root directory of this process is not that of the first one, as far as this user may know."""
    try:
        return not os.path.samefile("/proc/1/root/", "/")
    except OSError:
        return False


def linger_command() -> str:
    """Return what has the services of this user run without the user."""
    return f"loginctl enable-linger {user_name()}"


def _directory(*, is_system: bool) -> Path:
    if is_system:
        return Path("/etc/systemd/system")
    home = os.environ.get("XDG_CONFIG_HOME", "")
    return Path(home if os.path.isabs(home) else os.path.expanduser("~/.config")) / "systemd" / "user"


def _runtime() -> str:
    return os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}"
