"""The configuration to begin with: the shipped sample, or the sample fitted to a user or a whole machine."""

import os
from pathlib import Path
from typing import Any

from tui_backup.config.paths import SYSTEM_CONFIG, user_data
from tui_backup.primitives.i18n import _

_PACKAGE = Path(__file__).parent.parent

_SYSTEM_BACKUPS = "/var/backups/tui-backup"
_SYSTEM_PATHS = ("/etc", "/home", "/opt", "/root", "/srv", "/usr/local", "/var/www")
_CLUTTER = (".cache/", "node_modules/")


def sample() -> str:
    """Return the sample configuration, which backs up the folder that it lies in."""
    shipped = _PACKAGE / "sample_config.toml"
    source = shipped if shipped.exists() else _PACKAGE.parent / "sample_config.toml"
    return source.read_text(encoding="utf-8")


def named(name: str) -> str:
    """Return the starter for a file that somebody has named: the sample as it stands."""
    return sample().replace("sample_config.toml", name)


def placed(config: str) -> str:
    """Return the starter for the place where a configuration is looked for.

    For a user it backs up the home directory, for the system what a server usually has.
    """
    import tomlkit

    text = sample()
    header, _blank, rest = text.partition("\n\n")
    document: Any = tomlkit.parse(rest)
    backups, paths, excludes = _machine() if config == SYSTEM_CONFIG else _user()
    del document["state_dir"]
    document["repositories"]["local"]["store"]["path"] = backups
    source = document["jobs"]["here"]["sources"][0]
    source["paths"] = paths
    source["exclude"] = excludes
    last = header.rpartition("\n#\n")[2]
    return f"{_header(backups, paths)}\n#\n{last}\n\n{tomlkit.dumps(document)}"


def _machine() -> tuple[str, list[str], list[str]]:
    """Return where the repository goes, what is backed up and what is left out."""
    return _SYSTEM_BACKUPS, [path for path in _SYSTEM_PATHS if os.path.isdir(path)], list(_CLUTTER)


def _user() -> tuple[str, list[str], list[str]]:
    home, own = os.path.expanduser("~"), user_data()
    inside = [f"/{os.path.relpath(own, home)}/"] if own.startswith(f"{home}/") else []
    return os.path.join(own, "backups"), [home], [*_CLUTTER, *inside]


def _header(backups: str, paths: list[str]) -> str:
    lines = [
        _("The configuration of tui-backup, to begin with: change it as you need."),
        "",
        _("It backs up {paths} to {place}.").format(paths=", ".join(paths), place=backups),
        _("Better put the repository on another disk."),
        "",
        _("Keep a copy of `backups.key` somewhere else: without it nobody can read the backups, not even you."),
    ]
    return "\n".join(f"# {line}".rstrip() for line in lines)
