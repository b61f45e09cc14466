"""Themes: TOML files, shipped and the user's own, as Textual wants them."""

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from textual.color import Color, ColorParseError
from textual.theme import Theme

from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import N_, _
from tui_backup.primitives.reasons import reason_of

DEFAULT = "night"

SHIPPED_TITLES = (
    N_("Night"), N_("Paper"), N_("High contrast, dark"), N_("High contrast, light"), N_("Colour-blind safe, dark"),
    N_("Colour-blind safe, light"), N_("Amber, for the dark"), N_("16 colours of the terminal"),
)  # fmt: skip
"""Titles of the themes that come with the program, for whoever translates them."""

_PACKAGE = Path(__file__).parent.parent

_NATIVE = ("ansi-background", "ansi-foreground", "foreground-disabled", "surface-active")
"""Variables of Textual's style sheets that it does not make where the terminal's own colours are used."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_VARIABLE = re.compile(r"[a-z][a-z0-9-]*")
_SHARE = re.compile(r" \d{1,3}%$")
_STYLES = frozenset({"none", "not", "bold", "dim", "italic", "underline", "reverse", "strike"})


class ThemeFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a theme file may hold: colours as `#rrggbb` or `ansi_NAME`. They are shown as they stand there."""

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
    success: str
    warning: str
    error: str
    quiet: str
    """Of text that matters less."""
    variables: dict[str, str] = {}
    """Variables of Textual's style sheets."""

    def theme(self, name: str) -> Theme:
        """Return it as Textual wants it."""
        fields = msgspec.structs.asdict(self)
        del fields["title"]
        states = {f"text-{state}": fields[state] for state in ("success", "warning", "error")}
        accent = {"text-accent": self.accent or self.primary}
        track = {} if self.ansi or self.background is None else {"scrollbar-background": self.background}
        native = dict.fromkeys(_NATIVE, "ansi_default") if self.ansi else {}
        fields["variables"] = {"quiet": fields.pop("quiet"), **states, **accent, **track, **native, **self.variables}
        return Theme(name=name, **fields)


@dataclass(frozen=True)
class Collection:
    """Every theme that can be chosen, by name, and what is to be said of files that are none."""

    themes: dict[str, ThemeFile]
    complaints: tuple[str, ...] = ()


def collected(config_path: str | None) -> Collection:
    """Read all themes, the shipped ones and the user's own; of two of one name the user's counts."""
    themes: dict[str, ThemeFile] = {}
    complaints: list[str] = []
    for path in _files(config_path):
        try:
            themes[path.stem] = load(path)
        except ConfigError as error:
            complaints.append(error.message)
    return Collection(themes, tuple(complaints))


def load(path: Path) -> ThemeFile:
    """Read a theme; raises ConfigError."""
    try:
        with path.open("rb") as file:
            read = msgspec.convert(tomllib.load(file), ThemeFile)
        _check(path.stem, read)
    except OSError as error:
        raise ConfigError(_("cannot read {path}: {reason}").format(path=path, reason=reason_of(error))) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError, ValueError) as error:
        raise ConfigError(_("{path} is no theme: {reason}").format(path=path, reason=error)) from error
    return read


def shipped() -> Path:
    """Return the directory of the themes that come with the program."""
    inside = _PACKAGE / "themes"
    return inside if inside.is_dir() else _PACKAGE.parent / "themes"


def own(config_path: str | None) -> Path:
    """Return the directory of the user's own themes: beside the configuration."""
    base = os.path.dirname(config_path) if config_path else os.path.expanduser("~/.config/tui-backup")
    return Path(base) / "themes"


def _files(config_path: str | None) -> Iterator[Path]:
    """Yield the file of every theme; the user's own come last."""
    for directory in (shipped(), own(config_path)):
        if directory.is_dir():
            yield from sorted(directory.glob("*.toml"))


def _check(name: str, file: ThemeFile) -> None:
    """Refuse what Textual could not make a style sheet of; raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(_("a theme is named by small letters, digits, - and _"))
    colours = {key: value for key, value in msgspec.structs.asdict(file).items() if isinstance(value, str)}
    del colours["title"]
    for key, value in (colours | file.variables).items():
        if not _VARIABLE.fullmatch(key):
            raise ValueError(_("{key} cannot be a variable").format(key=key))
        if not (_is_style(value) if key.endswith("-style") else _is_colour(value)):
            raise ValueError(_("{key}: {value!r} is no colour and no style").format(key=key, value=value))


def _is_style(value: str) -> bool:
    return bool(value) and _STYLES.issuperset(value.split())


def _is_colour(value: str) -> bool:
    colour = _SHARE.sub("", value)
    if colour == "auto":
        return True
    try:
        Color.parse(colour)
    except ColorParseError:
        return False
    return True
