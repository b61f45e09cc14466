"""Find, read and check the configuration."""

import os
from typing import TYPE_CHECKING

import msgspec

from tui_backup.config.document import Document
from tui_backup.config.paths import check_owner, find_config, is_found
from tui_backup.config.reader import Reader
from tui_backup.config.settings import Config
from tui_backup.errors import ConfigError
from tui_backup.primitives.i18n import LANGUAGES, use

if TYPE_CHECKING:
    from tui_backup.config.variables import Described


def load_config(given: str | None = None) -> Config:
    """Return the configuration of this call: from the given file, from where it is looked for, or from variables.

    What is said from here on, of the configuration too, is said in its language.

    Raises:
        ConfigError: there is none, somebody else could have written it, or it is wrong.
    """
    if not is_found(given) and _has_variables():
        from tui_backup.config.variables import describe

        return read_variables(describe(os.environ), os.getcwd())
    path = find_config(given)
    check_owner(path)
    document = Document.read(path)
    language = document.tables.get("language")
    use(language if language in LANGUAGES else None)
    return Reader(document, os.path.dirname(path)).read()


def is_configured(given: str | None = None) -> bool:
    """Whether there is a configuration, sound or not."""
    try:
        find_config(given)
    except ConfigError:
        return not is_found(given) and _has_variables()
    return True


def read_variables(described: "Described", base: str) -> Config:
    """Return the configuration that variables describe; relative paths are taken from `base`.

    Raises:
        ConfigError: one of them is wrong.
    """
    from tui_backup.config.variables import VariablesDocument

    config = Reader(VariablesDocument(os.path.join(base, "environment"), described), base).read()
    return msgspec.structs.replace(config, is_from_variables=True, cautions=described.cautions)


def _has_variables() -> bool:
    if not any(name.startswith("BACKUP_") for name in os.environ):
        return False
    from tui_backup.config.variables import are_set

    return are_set(os.environ)
