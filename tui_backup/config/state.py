"""The state directory: made once, private, and of one configuration only."""

import errno
import os
import shlex
from contextlib import suppress

from tui_backup.config.paths import others_may_write
from tui_backup.errors import ConfigError
from tui_backup.primitives.atomic import write_whole
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

_OWNER = "configuration"
"""File that holds the path of the configuration that a state directory belongs to, relative to the directory."""

_UNWRITABLE = {errno.EROFS, errno.ENOSPC, errno.EDQUOT}


def prepare_state_dir(state_dir: str, config: str) -> None:
    """Make the state directory where it is missing, and claim it for a configuration.

    A full or read-only file system is no error: what needs the state to be written has to cope.

    Raises:
        ConfigError: it cannot be used, others may write it, or it is another configuration's.
    """
    try:
        _make_private(state_dir)
        _claim(state_dir, config)
    except OSError as error:
        if error.errno in _UNWRITABLE:
            return
        hint = _("use sudo, or set state_dir") if isinstance(error, PermissionError) else None
        message = _("cannot use the state directory {path}: {reason}")
        raise ConfigError(message.format(path=state_dir, reason=reason_of(error)), hint=hint) from error


def _make_private(path: str) -> None:
    """Make a directory and the missing ones above it, each for its owner alone."""
    missing = [path] if not os.path.isdir(path) else []
    while missing and not os.path.isdir(above := os.path.dirname(missing[-1])):
        missing.append(above)
    for directory in reversed(missing):
        with suppress(FileExistsError):
            os.mkdir(directory, 0o700)
    if not os.path.isdir(path):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if reason := others_may_write(path):
        raise ConfigError(
            _("the state directory {path} is refused: {reason}").format(path=path, reason=reason),
            hint=f"chmod 700 {shlex.quote(path)}",
        )


def _claim(state_dir: str, config: str) -> None:
    """Note whose state this is; a configuration that has moved along with its state keeps it."""
    mark = os.path.join(state_dir, _OWNER)
    home = os.path.realpath(state_dir)
    ours = os.path.relpath(os.path.realpath(config), home)
    try:
        with open(mark, "rb") as file:
            theirs = os.fsdecode(file.read().rstrip(b"\n"))
    except FileNotFoundError:
        theirs = ""
    if theirs == ours:
        return
    other = os.path.normpath(os.path.join(home, theirs))
    if theirs and os.path.isfile(other):
        raise ConfigError(
            _("the state directory {path} belongs to the configuration {other}").format(path=state_dir, other=other),
            hint=_("give each configuration its own state_dir"),
        )
    write_whole(mark, os.fsencode(ours) + b"\n")
