"""How this program is called by itself: the words that cron and systemd are given, and how they are known again."""

import hashlib
import os
import pwd
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tui_backup.config.paths import SYSTEM_CONFIG, default_state_dir, user_config
from tui_backup.config.settings import Config
from tui_backup.errors import UsageError
from tui_backup.primitives.i18n import _

PERIOD_MIN: Final = 5
"""How often something looks at what is due: so late a job may begin."""

LOOK: Final = ("--run-scheduled",)
AT_BOOT: Final = ("schedule", "boot")
STAY: Final = ("daemon",)

_STATE_HOME: Final = "XDG_STATE_HOME"
_PLAIN: Final = re.compile(r"[^a-z0-9]+")


def argv(config: Config, what: Sequence[str]) -> list[str]:
    """Return the words that do something by a configuration, from any directory."""
    return [*program(), "--config", config.path, *what]


def variables(config: Config) -> dict[str, str]:
    """Return the variables without which the record would lie elsewhere: whoever calls has few of its own."""
    home = os.environ.get(_STATE_HOME, "")
    is_needed = os.path.isabs(home) and config.state_dir == default_state_dir(config.path)
    return {_STATE_HOME: home} if is_needed else {}


def program() -> list[str]:
    """Return how to start this program from anywhere."""
    beside = Path(sys.executable).with_name("tui-backup")
    if beside.exists():
        return [str(beside)]
    found = shutil.which("tui-backup")
    return [os.path.abspath(found)] if found else [sys.executable, "-m", "tui_backup"]


def name_of(config: str) -> str:
    """Return the name of what belongs to a configuration file; only the default one of this user has a plain one."""
    if config == (SYSTEM_CONFIG if os.geteuid() == 0 else user_config()):
        return "tui-backup"
    stem = _PLAIN.sub("-", Path(config).stem.lower()).strip("-")[:40]
    digest = hashlib.sha256(os.fsencode(os.path.realpath(config))).hexdigest()[:8]
    return "-".join(filter(None, ("tui-backup", stem, digest)))


def check_callable(config: Config) -> None:
    """Refuse a configuration that nobody but this process can name.

    Raises:
        UsageError: it was made from variables, or its path cannot stand in a line of text.
    """
    if config.is_from_variables:
        raise UsageError(
            _("cron and systemd do not have the BACKUP_* variables of this shell"),
            hint=_("`tui-backup config import-env` makes a configuration file of them"),
        )
    if not config.path.isprintable():
        message = _("the path of the configuration cannot stand in a crontab or unit: {path}")
        raise UsageError(message.format(path=config.path), hint=_("give it a name of plain characters"))


def names(words: Sequence[str], config: str, home: str) -> bool:
    """Whether a command calls this program for what is due by a configuration, as a user with this home directory."""
    if not any(os.path.basename(word) in {"tui-backup", "tui_backup"} for word in words):
        return False
    if not any(word in words for word in (*LOOK, *STAY)):
        return False
    return os.path.realpath(_named(words, home)) == os.path.realpath(config)


def words_of(line: str) -> list[str]:
    """Return the words of a line as a shell splits it, as far as it can be split."""
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def home_of(uid: int) -> str:
    """Return the home directory of a user; the root directory where nobody knows one."""
    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        return "/"


def user_name() -> str:
    """Return the name of the user of this process; the number where nobody knows one."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _named(words: Sequence[str], home: str) -> str:
    """Return the configuration file that a command names, or that is found without a name."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        option, sign, value = word.partition("=")
        if word in {"-c", "--config"}:
            return os.path.join(home, following)
        if sign and option in {"--config", "TUI_BACKUP_CONFIG"}:
            return os.path.join(home, value)
    own = os.path.join(home, ".config", "tui-backup", "config.toml")
    return own if os.path.exists(own) else SYSTEM_CONFIG
