"""Importing: the BACKUP_* variables of another system, written down as a configuration file."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec
import tomlkit
from tomlkit.items import Item

from tui_backup.config.load import read_variables
from tui_backup.config.paths import resolved
from tui_backup.config.variables import Described, Setting, describe
from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.services.setup.making import write_owned

_PATHS = {("repositories", "local", "store", "path"), ("jobs", "backup", "sources", 0, "paths")}
"""Keys whose values are relative to where the variables were used."""


class Imported(msgspec.Struct, frozen=True):
    """What was written."""

    path: str
    text: str
    """What the file says: each line with the variable that it comes from."""
    secrets: tuple[str, ...]
    """Paths of the files that hold the secrets."""
    cautions: tuple[str, ...]
    """What is set and changes nothing."""


def read_env_file(path: str) -> dict[str, str]:
    """Return the variables of a `.env` file; raises ConfigError where it cannot be read."""
    from dotenv import dotenv_values

    try:
        with open(path, encoding="utf-8") as file:
            return {name: value for name, value in dotenv_values(stream=file).items() if value}
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("not UTF-8")
        raise ConfigError(_("cannot read {path}: {reason}").format(path=path, reason=reason)) from error


def import_variables(environment: Mapping[str, str], path: str, base: str) -> Imported:
    """Write the configuration that variables stand for, and beside it a file for each secret, for their owner alone.

    `base` is the directory that their relative paths are meant from.

    Raises:
        ConfigError: the variables make no sense, or something cannot be written or exists; nothing was made.
    """
    described = describe(environment)
    read_variables(described, base)
    directory = os.path.dirname(path)
    text = _as_toml(described, base if base != directory else None)
    made: list[str] = []
    try:
        for setting in described.secrets:
            secret = os.path.join(directory, _file_of(setting))
            write_owned(secret, f"{environment[setting.variable]}\n")
            made.append(secret)
        write_owned(path, text)
    except ConfigError:
        for each in made:
            with suppress(OSError):
                os.unlink(each)
        raise
    return Imported(path, text, tuple(made), described.cautions)


def _file_of(setting: Setting) -> str:
    """Return the name of the file for a secret: that of its variable, `backup_s3_secret_key.key`."""
    return f"{setting.variable.lower()}.key"


def _as_toml(described: Described, base: str | None) -> str:
    document = tomlkit.document()
    for line in _header():
        document.add(tomlkit.comment(line))
    document.add(tomlkit.nl())
    tables: dict[tuple[str | int, ...], Any] = {(): document}
    for setting in described.settings:
        table = _table(tables, setting.key[:-1])
        item = tomlkit.item(_written(setting, base))
        table.add(str(setting.key[-1]), _commented(item, setting))
    return tomlkit.dumps(document)


def _header() -> Iterator[str]:
    yield _("Made from the variables that each line names; a line that names none is what held without one.")


def _commented(item: Item, setting: Setting) -> Item:
    return item.comment(setting.variable) if setting.variable else item


def _written(setting: Setting, base: str | None) -> Any:
    """Return what stands in the file for a setting."""
    value = setting.value
    if isinstance(value, dict):
        secret = tomlkit.inline_table()
        secret.add("file", _file_of(setting))
        return secret
    if base is not None and setting.key in _PATHS:
        return [resolved(path, base) for path in value] if isinstance(value, list) else resolved(value, base)
    return value


def _table(tables: dict[tuple[str | int, ...], Any], key: tuple[str | int, ...]) -> Any:
    """Return the table of a key, made with those above it."""
    if key in tables:
        return tables[key]
    *above, last = key
    if isinstance(last, int):
        array = tomlkit.aot()
        _table(tables, tuple(above[:-1])).add(str(above[-1]), array)
        tables[key] = tomlkit.table()
        array.append(tables[key])
        return array[last]
    parent = _table(tables, tuple(above))
    tables[key] = tomlkit.table(is_super_table=len(key) == 1)
    parent.add(str(last), tables[key])
    return tables[key]
