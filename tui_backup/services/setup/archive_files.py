"""Archives that somebody names by their path: looked into, restored and exported without a configuration.

Each is a repository of its own for as long as one command takes. It is not trusted, and nothing of what it holds is
recorded; runs and undos are, in the state of the configuration, or where there is none in that of the one to come.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec

from tui_backup.config.load import is_configured, load_config
from tui_backup.config.paths import default_state_dir
from tui_backup.config.settings import Config, RepositoryConfig
from tui_backup.errors import ConfigError, WrongPassword
from tui_backup.formats.encryption_key import SHORTEST_KEY
from tui_backup.formats.registry import ARCHIVES
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import Secret, SecretSource
from tui_backup.services.setup.making import new_config_path
from tui_backup.stores.base import is_part
from tui_backup.stores.registry import STORES

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

KEY_VARIABLE: Final = "BACKUP_ENCRYPTION_KEY"
"""Holds what sealed archives are opened with."""

_SEALED: Final = ".enc"
_ENDINGS: Final = tuple(f".{each}" for each in (*ARCHIVES, "tgz", "tzst", "tar"))


def is_named(name: str) -> bool:
    """Whether the name of a snapshot is the path of a file."""
    looks_so = "/" in name or name.removesuffix(_SEALED).endswith(_ENDINGS)
    return looks_so and os.path.isfile(name)


def needs_key(paths: Iterable[str]) -> bool:
    """Whether an archive is sealed, and no key for it stands in the environment."""
    return KEY_VARIABLE not in os.environ and any(path.endswith(_SEALED) for path in paths)


def open_workspace(given: str | None, paths: Iterable[str], key: Secret | None = None) -> "Workspace":
    """Return a workspace in which archives are repositories, called by their absolute paths.

    `given` is the configuration that somebody named; `key` opens those that are sealed, instead of KEY_VARIABLE.

    Raises:
        ConfigError: a configuration that was named is wrong, or a file is no archive.
        WrongPassword: the key is none.
    """
    from tui_backup.services.workspace import Workspace

    config = configuration(given)
    source = _key_source(key)
    archives = {path: _repository(path, source) for path in map(os.path.abspath, paths)}
    for path in archives:
        if source is None and path.endswith(_SEALED):
            raise WrongPassword(
                _("{path} is sealed").format(path=path),
                hint=_("set the variable {variable} to its key, or type that on a terminal").format(
                    variable=KEY_VARIABLE
                ),
            )
    return Workspace(msgspec.structs.replace(config, repositories={**config.repositories, **archives}))


def has_state(given: str | None) -> bool:
    """Whether there is no configuration, and archives have left a state all the same."""
    return not is_configured(given) and os.path.isdir(configuration(given).state_dir)


def configuration(given: str | None) -> Config:
    """Return the configuration, or an empty one where there is none, or none that is sound and was named."""
    if is_configured(given):
        try:
            return load_config(given)
        except ConfigError:
            if given is not None:
                raise
    path, _is_named = new_config_path(None)
    return Config(
        path=path,
        timezone=None,
        state_dir=default_state_dir(path),
        log_level="info",
        repositories={},
        jobs={},
    )


def _repository(path: str, key: SecretSource | None) -> RepositoryConfig:
    directory, name = os.path.split(path)
    if not name.removesuffix(_SEALED).endswith(_ENDINGS):
        raise ConfigError(
            _("{path} is no archive that this program knows").format(path=path),
            hint=_("their names end with {endings}").format(endings=", ".join(_ENDINGS)),
        )
    if not is_part(name):
        raise ConfigError(
            _("{path} cannot be opened under this name").format(path=path),
            hint=_("give it one that does not begin with a dot, and has no control characters"),
        )
    beneath = STORES.load("local")(path=directory)  # type: ignore[call-arg]  # the registry knows the protocol only
    return RepositoryConfig(
        name=path,
        format=ARCHIVES[0],
        store=STORES.load("single")(beneath=beneath, name=name),  # type: ignore[call-arg]  # the same
        encryption_key=key,
        trusted=False,
        is_file=True,
    )


def _key_source(key: Secret | None) -> SecretSource | None:
    """Return where the key comes from; a wrong one is told as such, not as a fault of a configuration."""
    text = key.reveal() if key else os.environ.get(KEY_VARIABLE)
    if text is None:
        return None
    if len(text) < SHORTEST_KEY:
        raise WrongPassword(
            _("this is no encryption key: one has at least {shortest} characters").format(shortest=SHORTEST_KEY),
            hint=None if key else _("it stands in {variable}").format(variable=KEY_VARIABLE),
        )
    return SecretSource(literal=Secret(text))
