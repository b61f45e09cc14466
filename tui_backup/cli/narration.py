"""What is said on stderr: errors, warnings and notices, for people or as JSON."""

import os
import sys
from contextlib import suppress

from tui_backup.cli.output import encode
from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable


def say(line: str) -> None:
    """Write one line; a terminal or pipe that is gone swallows it."""
    with suppress(OSError, ValueError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def fail(error: BackupError, *, json: bool, about: str | None = None) -> int:
    """Tell of an error in the form that scripts expect; return its exit code."""
    sentence = f"{about}: {error.message}" if about else error.message
    if json:
        document = {"type": "error", "code": error.exit_code, "message": sentence, "hint": error.hint}
        say(encode(document).decode())
    else:
        say(_("tui-backup: error: {message}").format(message=printable(sentence)))
        for line in (error.hint or "").splitlines():
            say(_("hint: {hint}").format(hint=printable(line)))
    return error.exit_code


def warn(message: str, *, json: bool = False) -> None:
    """Tell of trouble that does not stop the work."""
    if json:
        say(encode({"type": "warning", "message": message}).decode())
        return
    say(_("tui-backup: warning: {message}").format(message=printable(message)))


def notice(type_: str, message: str) -> None:
    """Tell, in JSON, of something that is no trouble."""
    say(encode({"type": type_, "message": message}).decode())


def without_color() -> None:
    """Have everything written from here on do without colours."""
    os.environ["NO_COLOR"] = "1"
