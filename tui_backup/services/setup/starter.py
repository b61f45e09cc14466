"""The configuration to begin with: the shipped sample, or the sample fitted to what somebody wishes."""

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from tui_backup.config.paths import SYSTEM_CONFIG, user_data
from tui_backup.primitives.i18n import _
from tui_backup.primitives.toml_comments import translated

KEY_FILE = "backups.key"
"""Beside the configuration."""

_PACKAGE = Path(__file__).parents[2]

_SYSTEM_BACKUPS = "/var/backups/tui-backup"
_SYSTEM_PATHS = ("/etc", "/home", "/opt", "/root", "/srv", "/usr/local", "/var/www")
_CLUTTER = (".cache/", "node_modules/")
_BARE = re.compile(r"[a-z0-9_-]+")
"""Names that TOML takes without quotation marks."""

_COMMENTS = 51
"""The column where the comments of the sample stand."""


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a configuration with one job and one repository is to say."""

    job: str = "here"
    paths: tuple[str, ...]
    exclude: tuple[str, ...]
    place: str
    """Directory of the repository."""
    is_apart: bool = False
    """Whether that is known to lie on another disk than what is backed up."""
    password_file: str = KEY_FILE
    state_dir: str | None = None
    """None: where state usually lies."""
    expected_every: str | None = None
    keep: dict[str, int | str] | None = None


def sample() -> str:
    """Return the sample configuration, which backs up the folder that it lies in."""
    shipped = _PACKAGE / "sample_config.toml"
    source = shipped if shipped.exists() else _PACKAGE.parent / "sample_config.toml"
    return source.read_text(encoding="utf-8")


def named(name: str) -> str:
    """Return the starter for a file that somebody has named: the sample as it stands."""
    return translated(sample()).replace("sample_config.toml", name)


def placed(config: str) -> str:
    """Return the starter for the place where a configuration is looked for.

    For a user it backs up the home directory, for the system what a server usually has.
    """
    return fitted(usual(for_system=config == SYSTEM_CONFIG))


def usual(*, for_system: bool) -> Wishes:
    """Return what a user, or a whole machine, usually wishes."""
    if for_system:
        paths, place = [path for path in _SYSTEM_PATHS if os.path.isdir(path)], _SYSTEM_BACKUPS
    else:
        paths, place = [os.path.expanduser("~")], os.path.join(user_data(), "backups")
    return Wishes(paths=tuple(paths), exclude=clutter(paths), place=place)


def clutter(paths: Sequence[str]) -> tuple[str, ...]:
    """Return what a backup of these paths had better leave out."""
    home, own = os.path.expanduser("~"), user_data()
    inside = [f"/{os.path.relpath(own, home)}/"] if home in paths and own.startswith(f"{home}/") else []
    return (*_CLUTTER, *inside)


def typed(paths: Sequence[str]) -> str:
    """Return paths as somebody would type them."""
    return shlex.join(paths)


def fitted(wishes: Wishes) -> str:
    """Return the sample, comments and all, saying what somebody wishes."""
    import tomlkit

    header, _blank, rest = translated(sample()).partition("\n\n")
    for key, value in (("expected_every", wishes.expected_every), ("keep", wishes.keep)):
        rest = rest if value is None else re.sub(rf"(?m)^#(?={key} = )", "", rest, count=1)
    job_key = wishes.job if _BARE.fullmatch(wishes.job) else f'"{wishes.job}"'
    document: Any = tomlkit.parse(rest.replace("jobs.here", f"jobs.{job_key}"))
    if wishes.state_dir is None:
        del document["state_dir"]
    else:
        document["state_dir"] = wishes.state_dir
    repository = document["repositories"]["local"]
    repository["store"]["path"] = wishes.place
    repository["password"]["file"] = wishes.password_file
    job = document["jobs"][wishes.job]
    if wishes.expected_every is not None:
        job["expected_every"] = wishes.expected_every
    if wishes.keep is not None:
        rules = ", ".join(f"{name} = {tomlkit.item(count).as_string()}" for name, count in wishes.keep.items())
        job["keep"] = tomlkit.value(f"{{ {rules} }}")
    source = job["sources"][0]
    source["paths"], source["exclude"] = list(wishes.paths), list(wishes.exclude)
    last = header.rpartition("\n#\n")[2]
    return f"{_header(wishes)}\n#\n{last}\n\n{_aligned(tomlkit.dumps(document))}"


def _aligned(text: str) -> str:
    """Return a text whose comments behind values stand below each other where there is room."""
    return re.sub(r"(?m)^(.*\S) {2,}# ", lambda match: f"{match[1]:<{_COMMENTS - 2}}  # ", text)


def _header(wishes: Wishes) -> str:
    lines = [
        _("The configuration of tui-backup, to begin with: change it as you need."),
        "",
        _("It backs up {paths} to {place}.").format(paths=", ".join(wishes.paths), place=wishes.place),
        *([] if wishes.is_apart else [_("Better put the repository on another disk.")]),
        "",
        _("Keep a copy of `{file}` somewhere else: without it nobody can read the backups, not even you.").format(
            file=wishes.password_file
        ),
    ]
    return "\n".join(f"# {line}".rstrip() for line in lines)
