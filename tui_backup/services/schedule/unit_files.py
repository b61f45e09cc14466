"""Our unit files: written, enabled, taken away; those of others are refused before anything is touched."""

import os
from pathlib import Path

from tui_backup.config.settings import Config
from tui_backup.errors import BackupError
from tui_backup.primitives.atomic import sync_directory, write_whole
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.services.schedule import systemd_units
from tui_backup.services.schedule.changes import Change, Changes
from tui_backup.services.schedule.systemd import Systemd, linger_command
from tui_backup.services.schedule.systemd_units import Unit

_MODE = 0o644


def install(config: Config, systemd: Systemd, changes: Changes, *, is_daemon: bool) -> None:
    """Have systemd run the jobs of a configuration; what is as it should be stays.

    Raises:
        BackupError: a file of somebody else has one of our names (nothing was touched then), or something failed,
            and `changes` says how far it came; the same again goes on from there.
    """
    wanted = systemd_units.units(config, is_system=systemd.is_system, is_daemon=is_daemon)
    present = {name: _content(systemd.directory / name) for name in systemd_units.names(config.path)}
    for unit in wanted:
        _refuse_foreign(systemd.directory / unit.name, present[unit.name], config)
    kept = {unit.name for unit in wanted}
    for name, text in present.items():
        if name not in kept and _is_ours(text, config):
            _take_away(systemd, name, text, changes)
    for unit in wanted:
        if not unit.is_started and systemd_units.is_daemon(present[unit.name] or ""):
            _order(systemd, changes, "disable", "--now", unit.name)
    changed = [unit for unit in wanted if _write(systemd.directory / unit.name, unit, present[unit.name], changes)]
    changed += [unit for unit in wanted if unit not in changed and systemd.is_outdated(unit.name)]
    if changed:
        _order(systemd, changes, "daemon-reload")
    for unit in wanted:
        _start(systemd, unit, changes, is_changed=unit in changed and present[unit.name] is not None)
    _remark(systemd, changes)


def remove(config: Config, systemd: Systemd, changes: Changes) -> None:
    """Have systemd run nothing of a configuration any more; a backup that goes on now goes on to its end.

    Raises:
        BackupError: something failed, and `changes` says how far it came.
    """
    found = False
    for name in reversed(systemd_units.names(config.path)):
        path = systemd.directory / name
        text = _content(path)
        if _is_ours(text, config):
            found = True
            _take_away(systemd, name, text, changes)
        elif text is not None:
            changes.skipped.append(Change(what="unit", object=str(path), detail=_("not written by tui-backup")))
    if found:
        _order(systemd, changes, "daemon-reload")
    elif not changes.skipped:
        nothing = _("there is no unit of ours")
        changes.skipped.append(Change(what="unit", object=str(systemd.directory), detail=nothing))


def _take_away(systemd: Systemd, name: str, text: str | None, changes: Changes) -> None:
    """Disable, end and delete a unit of ours; a service that another unit calls is left to its end."""
    path = systemd.directory / name
    if not name.endswith(".service") or systemd_units.is_daemon(text or "") or "\n[Install]\n" in (text or ""):
        _order(systemd, changes, "disable", "--now", name)
    if not changes.is_rehearsal:
        try:
            path.unlink(missing_ok=True)
            sync_directory(str(path.parent))
        except OSError as error:
            raise _unwritten(path, error) from error
    detail = _("would be removed") if changes.is_rehearsal else _("removed")
    changes.done.append(Change(what="unit", object=str(path), detail=detail))


def _write(path: Path, unit: Unit, present: str | None, changes: Changes) -> bool:
    """Write a unit unless it says that already; return whether it had to be."""
    if present == unit.text:
        changes.skipped.append(Change(what="unit", object=str(path), detail=_("as it should be")))
        return False
    if not changes.is_rehearsal:
        try:
            os.makedirs(path.parent, exist_ok=True)
            write_whole(str(path), unit.text.encode(), mode=_MODE)
        except OSError as error:
            raise _unwritten(path, error) from error
    words = _("would be written") if changes.is_rehearsal else _("written")
    changes.done.append(Change(what="unit", object=str(path), detail=words, text=unit.text))
    return True


def _start(systemd: Systemd, unit: Unit, changes: Changes, *, is_changed: bool) -> None:
    """Have a unit work from now on, or from the next boot on, unless it does; one that was another begins anew."""
    if not unit.is_enabled:
        return
    is_now = unit.is_started and systemd.is_up
    if not systemd.says("is-enabled", unit.name):
        _order(systemd, changes, "enable", *(["--now"] if is_now and not is_changed else []), unit.name)
    if is_now and is_changed:
        _order(systemd, changes, "restart", unit.name)
    elif is_now and not changes.is_rehearsal and not systemd.says("is-active", unit.name):
        _order(systemd, changes, "start", unit.name)


def _order(systemd: Systemd, changes: Changes, *words: str) -> None:
    """Have systemctl do something, as far as it can: without a manager nothing but what is on the disk."""
    if words[0] not in {"enable", "disable"} and not systemd.is_up:
        return
    if not systemd.is_there:
        return
    done = [word for word in words if word != "--now" or systemd.is_up]
    if not changes.is_rehearsal:
        systemd.order(*done)
    detail = _("would be called") if changes.is_rehearsal else _("done")
    changes.done.append(Change(what="systemctl", object=systemd.command(*done), detail=detail))


def _remark(systemd: Systemd, changes: Changes) -> None:
    if not systemd.is_there:
        text = _("there is no systemctl here: nothing was enabled, and nothing runs by these units")
        changes.remarks.append(text)
    elif not systemd.is_booted:
        changes.remarks.append(
            _("systemd does not run here: nothing was started; it works once systemd boots this system")
        )
    elif not systemd.lingers:
        text = _("this works only while you are logged in; to have it work always: {command}")
        changes.remarks.append(text.format(command=linger_command()))


def _refuse_foreign(path: Path, text: str | None, config: Config) -> None:
    if text is None or _is_ours(text, config):
        return
    raise BackupError(
        _("{path} was not written by tui-backup for this configuration; nothing was touched").format(path=path),
        hint=_("move it away, or have cron do it: tui-backup schedule install --cron"),
    )


def _is_ours(text: str | None, config: Config) -> bool:
    return text is not None and systemd_units.configuration_of(text) == config.path


def _content(path: Path) -> str | None:
    """Return what a unit file says; None: there is none. A link, or what cannot be read, says something else."""
    try:
        if path.is_symlink():
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError:
        return ""


def _unwritten(path: Path, error: OSError) -> BackupError:
    return BackupError(_("cannot write {path}: {reason}").format(path=path, reason=reason_of(error)))
