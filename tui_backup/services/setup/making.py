"""Setup: makes what is missing and touches nothing that exists."""

import os

import msgspec

from tui_backup.config.paths import SYSTEM_CONFIG, find_config, user_config
from tui_backup.config.settings import RepositoryConfig
from tui_backup.errors import BackupError, ConfigError
from tui_backup.primitives.atomic import write_new
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.secret import Secret
from tui_backup.services.schedule.timetable import timetable
from tui_backup.services.setup import starter
from tui_backup.services.workspace import Workspace

_GRAVITY = (1, 130, 12, 11, 10, 2, 3)
"""Exit codes, the one that counts among several first."""


class Step(msgspec.Struct, frozen=True):
    """One thing that setup looked after."""

    what: str
    """configuration, state, password or repository."""
    object: str
    """Which one: a path, or the name of a repository."""
    detail: str


class Setup(msgspec.Struct, kw_only=True):
    """What became of a setup."""

    config: str
    """Path of the configuration file."""
    done: list[Step] = []
    skipped: list[Step] = []
    """What was there already."""
    problems: list[Step] = []
    exit_code: int = 0
    timetable: str = ""
    """For people: how to have the jobs run by themselves."""


def initialise(given: str | None = None) -> Setup:
    """Make the configuration, its state directory, password files and repositories where they are missing.

    `given` is the configuration file to use or to make; without one it is looked for, and made where the user's own
    (for root: the system's) belongs. A repository that cannot be made is a problem, and keeps no other from it.

    Raises:
        ConfigError: an existing configuration is wrong, or none can be written, or the state cannot be used.
    """
    try:
        path = find_config(given)
    except ConfigError:
        return _completed(_starter(given))
    setup = _completed(Setup(config=path))
    setup.skipped.insert(0, Step("configuration", path, _("exists")))
    return setup


def begin(path: str, text: str, password_file: str, password: Secret) -> Setup:
    """Make a configuration that says `text`, its password file, and then all that `initialise` makes.

    The password comes first, so that no other is ever made for this configuration; where the configuration cannot be
    written, both are as if nothing had happened. What fails after that is a problem; `initialise` goes on from there.

    Raises:
        ConfigError: one of the two exists or cannot be written; nothing was made.
    """
    write_owned(password_file, f"{password.reveal()}\n")
    try:
        write_owned(path, text)
    except ConfigError:
        os.unlink(password_file)
        raise
    setup = Setup(config=path, done=[Step("configuration", path, _("made"))])
    setup.done.append(Step("password", password_file, _("random; keep a copy of this file somewhere else")))
    try:
        return _completed(setup)
    except BackupError as error:
        setup.problems.append(Step("state", path, error.message))
        setup.exit_code = error.exit_code
        return setup


def new_config_path(given: str | None) -> tuple[str, bool]:
    """Return where a configuration is made while there is none, and whether somebody has named that file."""
    if name := given or os.environ.get("TUI_BACKUP_CONFIG"):
        return os.path.abspath(os.path.expanduser(name)), True
    return (SYSTEM_CONFIG if os.geteuid() == 0 else user_config()), False


def _completed(setup: Setup) -> Setup:
    """Make what a configuration needs, where it is missing."""
    with Workspace.open(setup.config) as workspace:
        _state(setup, workspace)
        for repository in workspace.config.repositories.values():
            _repository(setup, workspace, repository)
        setup.timetable = timetable(workspace.config)
    return setup


def _starter(given: str | None) -> Setup:
    path, is_named = new_config_path(given)
    write_owned(path, starter.named(os.path.basename(path)) if is_named else starter.placed(path))
    return Setup(config=path, done=[Step("configuration", path, _("a starter with one job; change it as you need"))])


def write_owned(path: str, text: str) -> None:
    """Write a new file for its owner alone, and the directory for it; raises ConfigError."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        write_new(path, text.encode())
    except OSError as error:
        message = _("cannot write {path}: {reason}").format(path=path, reason=reason_of(error))
        raise ConfigError(message, hint=_("name another file with --config")) from error


def _state(setup: Setup, workspace: Workspace) -> None:
    path = workspace.config.state_dir
    steps, detail = (setup.skipped, _("exists")) if os.path.isdir(path) else (setup.done, _("made"))
    steps.append(Step("state", str(workspace.state_dir), detail))


def _repository(setup: Setup, workspace: Workspace, config: RepositoryConfig) -> None:
    """Make a repository, and its password file, unless they exist; note what could not be done."""
    path = config.own_secret.file if config.own_secret else None
    lacks_password = path is not None and not os.path.lexists(path)
    place = config.store.describe()
    try:
        was_there = workspace.repositories.exists(config.name)
        workspace.repository(config.name, make=True)
    except BackupError as error:
        detail = f"{error.message} ({error.hint})" if error.hint else error.message
        setup.problems.append(Step("repository", config.name, detail))
        setup.exit_code = min(filter(None, (setup.exit_code, error.exit_code)), key=_gravity)
    else:
        steps = setup.skipped if was_there else setup.done
        steps.append(Step("repository", config.name, place))
    if path is not None and lacks_password and os.path.lexists(path):
        setup.done.append(Step("password", path, _("random; keep a copy of this file somewhere else")))


def _gravity(code: int) -> int:
    return _GRAVITY.index(code) if code in _GRAVITY else 0
