"""Themes: TOML files, shipped and the user's own, as Textual wants them."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
from textual.theme import Theme

from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _

DEFAULT = "night"

_PACKAGE = Path(__file__).parent.parent


class ThemeFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a theme file may hold: colours as `#rrggbb` or `ansi_NAME`."""

    title: str
    """For people."""
    dark: bool = True
    ansi: bool = False
    """Whether the terminal's own 16 colours are used."""
    primary: str
    secondary: str | None = None
    accent: str | None = None
    foreground: str | None = None
    background: str | None = None
    surface: str | None = None
    panel: str | None = None
    success: str | None = None
    warning: str | None = None
    error: str | None = None
    quiet: str
    """Of text that matters less."""
    variables: dict[str, str] = {}
    """Variables of Textual's style sheets."""

    def theme(self, name: str) -> Theme:
        """Return it as Textual wants it."""
        fields = msgspec.structs.asdict(self)
        del fields["title"]
        fields["variables"] = {"quiet": fields.pop("quiet"), **self.variables}
        return Theme(name=name, **fields)


def shipped() -> Path:
    """Return the directory of the themes that come with the program."""
    inside = _PACKAGE / "themes"
    return inside if inside.is_dir() else _PACKAGE.parent / "themes"


def own(config_path: str | None) -> Path:
    """Return the directory of the user's own themes: beside the configuration."""
    base = os.path.dirname(config_path) if config_path else os.path.expanduser("~/.config/tui-backup")
    return Path(base) / "themes"


def load(path: Path) -> ThemeFile:
    """Read a theme; raises ConfigError."""
    try:
        with path.open("rb") as file:
            return msgspec.convert(tomllib.load(file), ThemeFile)
    except OSError as error:
        raise ConfigError(_("cannot read {path}: {reason}").format(path=path, reason=error.strerror)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(_("{path} is no theme: {reason}").format(path=path, reason=error)) from error


def found(config_path: str | None) -> Iterator[tuple[str, Path]]:
    """Yield the name and the file of every theme; the user's own come last, and win."""
    for directory in (shipped(), own(config_path)):
        if directory.is_dir():
            for path in sorted(directory.glob("*.toml")):
                yield path.stem, path
