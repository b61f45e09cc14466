"""A configuration made from the BACKUP_* variables of the systems that this program replaces.

Which variable is set first decides which of these systems is meant: `BACKUP_S3_BUCKET`, then `BACKUP_DIR`, then
`BACKUP_STORAGE_LOCATION` or `DATABASE_URL`. A variable that is empty is not set.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

import msgspec

from tui_backup.config.document import Document, Fault
from tui_backup.config.lines import Key
from tui_backup.errors import ConfigError
from tui_backup.formats.encryption_key import check_encryption_key
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import Secret

JOB: Final = "backup"
"""The one job of such a configuration."""

PREFIX: Final = "BACKUP_"

_SECRETS: Final = ("BACKUP_S3_ACCESS_KEY", "BACKUP_S3_SECRET_KEY", "BACKUP_ENCRYPTION_KEY")
_KNOWN: Final = frozenset(
    {
        *_SECRETS,
        "BACKUP_COMPRESSION_LEVEL",
        "BACKUP_DIR",
        "BACKUP_ENABLED",
        "BACKUP_ENCRYPT",
        "BACKUP_INSTANCES",
        "BACKUP_MAX_BACKUPS",
        "BACKUP_PATHS",
        "BACKUP_RETENTION_DAYS",
        "BACKUP_S3_BUCKET",
        "BACKUP_S3_ENDPOINT",
        "BACKUP_S3_REGION",
        "BACKUP_SCHEDULE",
        "BACKUP_STOP_INSTANCES",
        "BACKUP_STORAGE_LOCATION",
        "BACKUP_TIMEZONE",
    }
)
_LEFT_OUT: Final = ["node_modules/", ".git/", "backups/", "logs/", ".env"]
_SEPARATORS: Final = re.compile(r"[:,\n]")
_BETWEEN_INSTANCES: Final = re.compile(r"[,\s]+")
_YES: Final = {"true", "yes", "on", "1"}
_NO: Final = {"false", "no", "off", "0"}


class Setting(msgspec.Struct, frozen=True):
    """One key of the configuration, and the variable that it comes from."""

    key: Key
    value: Any
    variable: str = ""
    """Empty for what holds where no variable says otherwise."""


class Described(msgspec.Struct, frozen=True):
    """What the variables come to."""

    settings: tuple[Setting, ...]
    """In the order of a configuration file."""
    cautions: tuple[str, ...]
    """What is set and changes nothing, each with its reason."""

    @property
    def secrets(self) -> tuple[Setting, ...]:
        """The settings whose value is `{"env": variable}`."""
        return tuple(setting for setting in self.settings if isinstance(setting.value, dict))


class VariablesDocument(Document):
    """Tables that were made from variables; what is wrong names the variable."""

    def __init__(self, path: str, described: Described) -> None:
        super().__init__(path, "")
        self.tables = tables_of(described)
        self._variables = {setting.key: setting.variable for setting in described.settings}

    def problem(self, key: Key, reason: str, *, hint: str | None = None) -> Fault:
        """Return the error for a key: `VARIABLE: reason`."""
        found = (self._variables[key[:end]] for end in range(len(key), 0, -1) if key[:end] in self._variables)
        variable = next(found, "") or PREFIX + "*"
        return Fault(f"{variable}: {reason}", key=key, line=None, reason=reason, hint=hint)


def are_set(environment: Mapping[str, str]) -> bool:
    """Whether somebody has set one of these variables."""
    return any(name in _KNOWN and value for name, value in environment.items())


def describe(environment: Mapping[str, str]) -> Described:
    """Return the configuration that the variables stand for.

    Raises:
        ConfigError: one that is needed is not set, one makes no sense, or this version cannot do what one asks for.
    """
    given = _Variables(environment)
    if given.text("BACKUP_S3_BUCKET") is None and given.text("BACKUP_DIR") is not None:
        settings = _to_directory(given)
    elif given.text("BACKUP_S3_BUCKET") is None and given.is_any("BACKUP_STORAGE_LOCATION", "DATABASE_URL"):
        name = "DATABASE_URL" if given.is_any("DATABASE_URL") else "BACKUP_STORAGE_LOCATION"
        raise _unable(name, _("back up databases"))
    else:
        settings = _to_s3(given)
    return Described(tuple(settings), tuple(given.cautions()))


def tables_of(described: Described) -> dict[str, Any]:
    """Return the settings as the nested tables of a TOML file."""
    tables: dict[str, Any] = {}
    for setting in described.settings:
        place: Any = tables
        for part, following in zip(setting.key, setting.key[1:], strict=False):
            if isinstance(place, list):
                if part == len(place):
                    place.append({})
                place = place[int(part)]
            else:
                place = place.setdefault(part, [] if isinstance(following, int) else {})
        place[setting.key[-1]] = setting.value
    return tables


class _Variables:
    """The variables of one environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._given = {name: value for name, value in environment.items() if value}

    def text(self, name: str) -> str | None:
        return self._given.get(name)

    def needed(self, name: str) -> str:
        if name not in self._given:
            raise ConfigError(_("{name} is not set").format(name=name))
        return self._given[name]

    def is_any(self, *names: str) -> bool:
        return any(name in self._given for name in names)

    def number(self, name: str) -> int | None:
        text = self._given.get(name)
        if text is not None and not re.fullmatch(r"-?[0-9]{1,9}", text.strip()):
            raise ConfigError(_("{name}: {value!r} is not a whole number").format(name=name, value=text))
        return None if text is None else int(text)

    def flag(self, name: str, *, default: bool = False) -> bool:
        text = self._given.get(name, "yes" if default else "no").strip().lower()
        if text not in _YES | _NO:
            raise ConfigError(_("{name}: {value!r} is neither true nor false").format(name=name, value=text))
        return text in _YES

    def setting(self, key: Key, name: str, default: str | int | None = None) -> Iterator[Setting]:
        """Yield what a variable says, else the default; nothing where there is none."""
        value: str | int | None = self.number(name) if isinstance(default, int) else self.text(name)
        if value is not None:
            yield Setting(key, value, name)
        elif default is not None:
            yield Setting(key, default)

    def cautions(self) -> Iterator[str]:
        """Say what is set and changes nothing."""
        if "BACKUP_SCHEDULE" in self._given and not self.flag("BACKUP_ENABLED"):
            yield _("BACKUP_SCHEDULE: nothing runs by itself unless BACKUP_ENABLED is true")
        if "BACKUP_INSTANCES" in self._given and not self.flag("BACKUP_STOP_INSTANCES"):
            yield _("BACKUP_INSTANCES: nothing is stopped unless BACKUP_STOP_INSTANCES is true")
        for name in self._given:
            if name.startswith(PREFIX) and name not in _KNOWN:
                close = get_close_matches(name, _KNOWN, 1)
                unknown = _("{name} is no variable of this program").format(name=name)
                yield _("{unknown}: did you mean {word}?").format(unknown=unknown, word=close[0]) if close else unknown


def _to_s3(given: _Variables) -> Iterator[Setting]:
    for name in ("BACKUP_S3_BUCKET", "BACKUP_S3_ACCESS_KEY", "BACKUP_S3_SECRET_KEY"):
        given.needed(name)
    repository: Key = ("repositories", "s3")
    store: Key = (*repository, "store")
    yield from given.setting(("timezone",), "BACKUP_TIMEZONE", "America/Sao_Paulo")
    yield Setting((*repository, "format"), "tar.gz")
    yield Setting((*repository, "name"), "whatsapp-data-backup-{time:iso}")
    yield from given.setting((*repository, "compression_level"), "BACKUP_COMPRESSION_LEVEL", 6)
    yield from _encryption(given, repository, default=given.is_any("BACKUP_ENCRYPTION_KEY"))
    yield Setting((*store, "kind"), "s3")
    yield from given.setting((*store, "bucket"), "BACKUP_S3_BUCKET")
    yield Setting((*store, "prefix"), "backups")
    yield from given.setting((*store, "region"), "BACKUP_S3_REGION", "us-east-1")
    yield from given.setting((*store, "endpoint"), "BACKUP_S3_ENDPOINT")
    yield Setting((*store, "access_key"), {"env": "BACKUP_S3_ACCESS_KEY"}, "BACKUP_S3_ACCESS_KEY")
    yield Setting((*store, "secret_key"), {"env": "BACKUP_S3_SECRET_KEY"}, "BACKUP_S3_SECRET_KEY")
    yield from _job(given, "s3", "0 2 * * *", {"max_backups": 3})
    yield from _sources(given, ["./data"])


def _to_directory(given: _Variables) -> Iterator[Setting]:
    repository: Key = ("repositories", "local")
    yield from given.setting(("timezone",), "BACKUP_TIMEZONE")
    yield Setting((*repository, "format"), "tar.gz")
    yield Setting((*repository, "name"), "backup_{time:seconds}")
    yield from given.setting((*repository, "compression_level"), "BACKUP_COMPRESSION_LEVEL", 6)
    yield from _encryption(given, repository, default=False)
    yield Setting((*repository, "store", "kind"), "local")
    yield from given.setting((*repository, "store", "path"), "BACKUP_DIR")
    yield from _job(given, "local", "0 0 * * *", {"retention_days": 7})
    yield from _sources(given, ["."])
    if not given.is_any("BACKUP_PATHS"):
        yield Setting(("jobs", JOB, "sources", 0, "exclude"), _LEFT_OUT)


def _encryption(given: _Variables, repository: Key, *, default: bool) -> Iterator[Setting]:
    if given.flag("BACKUP_ENCRYPT", default=default):
        check_encryption_key(Secret(given.needed("BACKUP_ENCRYPTION_KEY")), "BACKUP_ENCRYPTION_KEY")
        yield Setting((*repository, "encryption_key"), {"env": "BACKUP_ENCRYPTION_KEY"}, "BACKUP_ENCRYPTION_KEY")


def _job(given: _Variables, repository: str, schedule: str, keep: dict[str, int]) -> Iterator[Setting]:
    """Yield what a job says before its sources; `schedule` and `keep` hold unless a variable says otherwise."""
    yield Setting(("jobs", JOB, "repositories"), [repository])
    if given.flag("BACKUP_ENABLED"):
        yield from given.setting(("jobs", JOB, "schedule"), "BACKUP_SCHEDULE", schedule)
    chosen = {"max_backups": "BACKUP_MAX_BACKUPS", "retention_days": "BACKUP_RETENTION_DAYS"}
    if given.is_any(*chosen.values()):
        for key, name in chosen.items():
            if (number := given.number(name)) is not None:
                yield Setting(("jobs", JOB, key), number, name)
    else:
        for key, number in keep.items():
            yield Setting(("jobs", JOB, key), number)
    if given.flag("BACKUP_STOP_INSTANCES"):
        named = [name for name in _BETWEEN_INSTANCES.split(given.needed("BACKUP_INSTANCES")) if name]
        yield Setting(("jobs", JOB, "stop"), named, "BACKUP_INSTANCES")


def _sources(given: _Variables, default: list[str]) -> Iterator[Setting]:
    source: Key = ("jobs", JOB, "sources", 0)
    yield Setting((*source, "kind"), "files")
    named = [path.strip() for path in _SEPARATORS.split(given.text("BACKUP_PATHS") or "") if path.strip()]
    yield Setting((*source, "paths"), named or default, "BACKUP_PATHS" if named else "")


def _unable(name: str, ability: str) -> ConfigError:
    unable = _("this version cannot {do_this} yet").format(do_this=ability)
    return ConfigError(f"{name}: {unable}", hint=_("take it out until it can"))
