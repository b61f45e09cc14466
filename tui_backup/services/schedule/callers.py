"""Callers: whoever has the jobs of a configuration run by themselves, as far as this user can see it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from tui_backup.config.settings import Config
from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.processes import arguments, pids, sighted, this_process
from tui_backup.services.schedule import calling, systemd_units
from tui_backup.services.schedule.crontab import Crontab, calling_lines, is_cron_running
from tui_backup.services.schedule.hardening import fits
from tui_backup.services.schedule.systemd import Systemd

_CRONTABS = (Path("/etc/crontab"), Path("/etc/cron.d"))


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who looks at what is due, or would."""

    by: str
    """crontab, systemd or daemon."""
    object: str
    """Whose crontab, which unit, which process."""
    works: bool
    """Whether it does so at present."""
    detail: str = ""
    """Why it does not, or what else is to be known."""

    @property
    def is_cron(self) -> bool:
        """Whether it is cron that calls."""
        return self.by == "crontab"


def callers(config: Config) -> list[Caller]:
    """Return who calls what is due by a configuration; asks crontab(1), systemctl and the list of processes."""
    if config.is_from_variables:
        return []
    return [*_crontabs(config), *_units(config), *_daemons(config)]


def outdated_units(config: Config) -> list[str]:
    """Return the unit files of ours that do not fit the configuration any more: it was changed since."""
    found = []
    for is_system in (True, False):
        systemd = Systemd(is_system=is_system)
        present = dict(_own_units(config, systemd))
        if not present:
            continue
        is_daemon = any(map(systemd_units.is_daemon, present.values()))
        wanted = {
            unit.name: unit.text for unit in systemd_units.units(config, is_system=is_system, is_daemon=is_daemon)
        }
        found += [
            str(systemd.directory / name) for name, text in present.items() if not fits(text, wanted.get(name, ""))
        ]
    return found


def _crontabs(config: Config) -> Iterator[Caller]:
    detail = "" if is_cron_running() else _("but no cron runs here, as far as can be seen")
    with suppress(BackupError):
        home = calling.home_of(os.geteuid())
        if Crontab().is_there and calling_lines(Crontab().read(), config.path, home):
            whose = _("crontab of {user}").format(user=calling.user_name())
            yield Caller(by="crontab", object=whose, works=not detail, detail=detail)
    for path in _system_crontabs():
        with suppress(OSError):
            if calling_lines(path.read_bytes(), config.path, calling.home_of(0)):
                yield Caller(by="crontab", object=str(path), works=not detail, detail=detail)


def _system_crontabs() -> Iterator[Path]:
    for place in _CRONTABS:
        with suppress(OSError):
            yield from sorted(place.iterdir()) if place.is_dir() else [place]


def _units(config: Config) -> Iterator[Caller]:
    """Yield services that call us, whoever wrote them, where they lie in the directory for those of this machine."""
    for is_system in dict.fromkeys((True, os.geteuid() == 0)):
        systemd = Systemd(is_system=is_system)
        for path in sorted(systemd.directory.glob("*.service")):
            with suppress(OSError):
                if _calls(path.read_text(encoding="utf-8", errors="replace"), config.path):
                    yield _unit(systemd, path)


def _calls(text: str, config: str) -> bool:
    """Whether a unit starts us for what is due by a configuration."""
    started = [line.partition("=")[2] for line in text.splitlines() if line.startswith("ExecStart=")]
    home = calling.home_of(0)
    return any(calling.names(calling.words_of(line.replace("%%", "%")), config, home) for line in started)


def _unit(systemd: Systemd, path: Path) -> Caller:
    """Return what there is to know of a service: whether it, or the timer of the same name, works."""
    timer = path.with_suffix(".timer")
    name = timer.name if timer.exists() else path.name
    if not systemd.is_up:
        return Caller(by="systemd", object=name, works=False, detail=_("but systemd does not run here"))
    if not systemd.says("is-active", name):
        detail = _("but it is not active: {command}").format(command=systemd.command("enable", "--now", name))
        return Caller(by="systemd", object=name, works=False, detail=detail)
    detail = "" if systemd.lingers else _("only while you are logged in")
    return Caller(by="systemd", object=name, works=True, detail=detail)


def _own_units(config: Config, systemd: Systemd) -> Iterator[tuple[str, str]]:
    for name in systemd_units.names(config.path):
        with suppress(OSError):
            text = (systemd.directory / name).read_text(encoding="utf-8", errors="replace")
            if systemd_units.configuration_of(text) == config.path:
                yield name, text


def _daemons(config: Config) -> Iterator[Caller]:
    for pid in pids():
        words = arguments(pid)
        if calling.STAY[0] not in words or calling.LOOK[0] in words or pid == this_process().pid:
            continue
        sighting = sighted(pid)
        uid = 0 if sighting is None or sighting.uid is None else sighting.uid
        if calling.names(words, config.path, calling.home_of(uid)):
            yield Caller(by="daemon", object=_("process {pid}").format(pid=pid), works=True)
