"""Where the configuration and the state lie, and whom they must not belong to."""

import os
import shlex
import stat
from pathlib import Path
from typing import Final

from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _

SYSTEM_CONFIG: Final = "/etc/tui-backup/config.toml"
SYSTEM_STATE: Final = "/var/lib/tui-backup"


def find_config(given: str | None = None) -> str:
    """Return the absolute path of the configuration file: the given one, or the first that exists.

    Raises:
        ConfigError: there is none.
    """
    if named := given or os.environ.get("TUI_BACKUP_CONFIG"):
        path = os.path.abspath(os.path.expanduser(named))
        if not _is_there(path):
            raise ConfigError(_("{path} does not exist").format(path=path), hint=_hint_to_make(path))
        return path
    for path in (user_config(), SYSTEM_CONFIG):
        if _is_there(path):
            return path
    raise ConfigError(_("no configuration found"), hint=_hint_without_file())


def is_found(given: str | None = None) -> bool:
    """Whether somebody has named a configuration file, or there is one where it is looked for."""
    return bool(given or os.environ.get("TUI_BACKUP_CONFIG")) or any(map(_is_there, (user_config(), SYSTEM_CONFIG)))


def user_config() -> str:
    """Return where a user's own configuration lies, whether or not it does."""
    return os.path.join(_xdg("XDG_CONFIG_HOME", "~/.config"), "tui-backup", "config.toml")


def user_data() -> str:
    """Return the directory for what this program keeps for a user."""
    return os.path.join(_xdg("XDG_DATA_HOME", "~/.local/share"), "tui-backup")


def default_state_dir(config: str) -> str:
    """Return the state directory of a configuration that names none; each configuration has its own."""
    import hashlib

    shared = (
        SYSTEM_STATE
        if _is_below(config, "/etc")
        else os.path.join(_xdg("XDG_STATE_HOME", "~/.local/state"), "tui-backup")
    )
    digest = hashlib.sha256(os.fsencode(os.path.realpath(config))).hexdigest()
    return os.path.join(shared, f"{Path(config).stem}-{digest[:12]}")


def resolved(path: str, base: str) -> str:
    """Return a path of the configuration as an absolute one."""
    return os.path.normpath(os.path.join(base, os.path.expanduser(path)))


def check_owner(config: str) -> None:
    """Refuse a configuration that others could have written, when run as root.

    Raises:
        ConfigError: somebody but root may write the file or its directory.
    """
    if os.geteuid() != 0:
        return
    real = os.path.realpath(config)
    for path in dict.fromkeys((os.path.dirname(config), os.path.dirname(real), real)):
        if reason := others_may_write(path):
            raise ConfigError(
                _("{path}: run as root, this is refused: {reason}").format(path=path, reason=reason),
                hint=_lockdown(path),
            )


def _lockdown(path: str) -> str:
    """Return what takes a file or directory out of the hands of others; a place for everybody, as /tmp, stays one."""
    if os.path.isdir(path) and os.stat(path).st_mode & stat.S_ISVTX:
        return _("put the configuration into a directory of its own, such as /etc/tui-backup")
    return f"chown root {shlex.quote(path)} && chmod go-w {shlex.quote(path)}"


def others_may_write(path: str) -> str | None:
    """Return why somebody else may write a file or directory; None where nobody may, or where it is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    if stat.S_IMODE(status.st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
        return _("others may write it")
    if os.geteuid() == 0 and status.st_uid != 0:
        return _("it belongs to another user")
    return None


def _is_there(path: str) -> bool:
    """Whether something has this name, or this user may not know."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _is_below(path: str, directory: str) -> bool:
    return path.startswith(f"{directory}/")


def _xdg(variable: str, default: str) -> str:
    """Return a base directory of the XDG specification, which ignores relative ones."""
    value = os.environ.get(variable, "")
    return value if os.path.isabs(value) else os.path.expanduser(default)


def _hint_to_make(path: str) -> str:
    return _("`tui-backup --config {path} init` makes one").format(path=path)


def _hint_without_file() -> str:
    if any(name.startswith("BACKUP_") for name in os.environ):
        return _("`tui-backup config import-env` makes one of the BACKUP_* variables")
    return _("`tui-backup init` makes one; `--config FILE` names one")
