"""The units that have systemd run the jobs of a configuration: their names and texts, the same in every language.

NAME.service looks once at what is due, NAME.timer calls it, NAME-boot.service starts again what a run that died with
the machine has left stopped. Where a daemon is wished there is but NAME.service, which stays.
"""

import os
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tui_backup.config.settings import Config
from tui_backup.services.schedule import calling
from tui_backup.services.schedule.hardening import hardening, programs_of, quoted

_MARK: Final = "# Written by tui-backup for "
_REMARK: Final = """\
# `tui-backup schedule install` writes it anew, `tui-backup schedule remove` takes it away. Put changes of your own
# beside it: systemctl edit {name}
"""
_GLOB: Final = re.compile(r"[*?\[\]{}\\]")

_MANNERS: Final = """\
# Gives way to whatever else the machine has to do.
Nice=10
IOSchedulingClass=best-effort
IOSchedulingPriority=7
# What goes on is cancelled cleanly, and what was stopped for it is started again.
TimeoutStopSec=5min
"""
_LOOKS: Final = """\
Type=oneshot
# A backup takes as long as it takes.
TimeoutStartSec=infinity
# Cancelled when the machine goes down: still due.
SuccessExitStatus=130
"""
_STAYS: Final = """\
Type=notify
NotifyAccess=main
TimeoutStartSec=infinity
WatchdogSec=5min
Restart=on-failure
RestartSec=30s
ExecReload=/bin/kill -HUP $MAINPID
"""
_LETS_LIVE: Final = """\
# What a program leaves running, such as an application that it has started again, is to stay.
KillMode=process
"""
_TIMES: Final = f"""\
OnCalendar=*:0/{calling.PERIOD_MIN}
Persistent=true
# Hosts do not all look in the same second; `delay` of a job spreads the runs themselves.
RandomizedDelaySec=30s
FixedRandomDelay=true
AccuracySec=10s
"""


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit file."""

    name: str
    text: str
    is_started: bool = False
    """Whether it works from now on; a service that something else calls does not."""
    is_enabled: bool = False
    """Whether it works from the next boot on."""


def units(config: Config, *, is_system: bool, is_daemon: bool = False) -> list[Unit]:
    """Return the units of a configuration: for the system, or for the user of this process."""
    name = calling.name_of(config.path)
    if is_daemon:
        return [_daemon(config, name, is_system=is_system)]
    return [
        _service(config, name, is_system=is_system),
        _timer(config, name),
        _boot(config, name, is_system=is_system),
    ]


def names(config: str) -> tuple[str, str, str]:
    """Return the names of all units that a configuration may have: service, timer, the one at boot."""
    name = calling.name_of(config)
    return f"{name}.service", f"{name}.timer", f"{name}-boot.service"


def configuration_of(text: str) -> str | None:
    """Return the configuration for which a unit was written; None: it is not one of ours."""
    first = text.partition("\n")[0]
    return first.removeprefix(_MARK) if first.startswith(_MARK) else None


def is_daemon(text: str) -> bool:
    """Whether a unit of ours is that of a daemon."""
    return "\nType=notify\n" in text


def _service(config: Config, name: str, *, is_system: bool) -> Unit:
    text = _text(
        config,
        f"{name}.service",
        f"Description=Backups that are due ({_shown(config)})\n{_order(is_system=is_system)}",
        "Service",
        _LOOKS + _executed(config, calling.LOOK) + _MANNERS + _killed(config) + hardening(config, is_system=is_system),
    )
    return Unit(name=f"{name}.service", text=text)


def _daemon(config: Config, name: str, *, is_system: bool) -> Unit:
    text = _text(
        config,
        f"{name}.service",
        f"Description=Backups that are due ({_shown(config)})\n{_order(is_system=is_system)}",
        "Service",
        _STAYS + _executed(config, calling.STAY) + _MANNERS + _killed(config) + hardening(config, is_system=is_system),
        "multi-user.target" if is_system else "default.target",
    )
    return Unit(name=f"{name}.service", text=text, is_started=True, is_enabled=True)


def _timer(config: Config, name: str) -> Unit:
    about = f"Description=Looks whether backups are due ({_shown(config)})\n"
    text = _text(config, f"{name}.timer", about, "Timer", _TIMES, "timers.target")
    return Unit(name=f"{name}.timer", text=text, is_started=True, is_enabled=True)


def _boot(config: Config, name: str, *, is_system: bool) -> Unit:
    """Return the unit that is there for a machine that went down in the middle of a backup."""
    left = os.path.join(config.state_dir, "standstill", "*.json")
    condition = "" if _GLOB.search(config.state_dir) else f"ConditionPathExistsGlob={left.replace('%', '%%')}\n"
    order = "After=network.target docker.service podman.service\n" if is_system else ""
    text = _text(
        config,
        f"{name}-boot.service",
        f"Description=Starts what a backup that was cut off has left stopped ({_shown(config)})\n{order}{condition}",
        "Service",
        "# Nobody waits for it to end.\nType=exec\n" + _executed(config, calling.AT_BOOT) + "KillMode=process\n",
        "multi-user.target" if is_system else "default.target",
    )
    return Unit(name=f"{name}-boot.service", text=text, is_enabled=True)


def _text(config: Config, name: str, about: str, kind: str, body: str, wanted_by: str = "") -> str:
    install = f"\n[Install]\nWantedBy={wanted_by}\n" if wanted_by else ""
    return f"{_MARK}{config.path}\n{_REMARK.format(name=name)}\n[Unit]\n{about}\n[{kind}]\n{body}{install}"


def _order(*, is_system: bool) -> str:
    """Return what comes first, if it comes at all."""
    if not is_system:
        return ""
    return "Wants=network-online.target\nAfter=network-online.target docker.service podman.service\n"


def _executed(config: Config, what: Sequence[str]) -> str:
    assigned = [f'Environment="{_doubled(name)}={_doubled(value)}"' for name, value in _variables(config)]
    command = " ".join(quoted(word).replace("$", "$$") for word in calling.argv(config, what))
    return "\n".join([*assigned, f"ExecStart={command}", ""])


def _variables(config: Config) -> list[tuple[str, str]]:
    return list(calling.variables(config).items())


def _killed(config: Config) -> str:
    return _LETS_LIVE if programs_of(config) else "KillMode=mixed\n"


def _doubled(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _shown(config: Config) -> str:
    return config.path.replace("%", "%%")
