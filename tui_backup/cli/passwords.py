"""New passwords: from a file, from a pipe, or typed twice; never from an argument."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation
from tui_backup.errors import UsageError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.secret import Secret, decode_secret
from tui_backup.services.storage.keyrings import weakness

F = TypeVar("F", bound=Callable[..., Any])

_LONGEST = 1 << 20


def new_password_option(command: F) -> F:
    """Take `--new-password-file FILE`."""
    help_ = _("Read the new password from this file; - is standard input.")
    return click.option("--new-password-file", metavar="FILE", help=help_)(command)


def new_password(invocation: Invocation, file: str | None) -> Secret:
    """Return a new password, having warned where it is weak.

    Comes from the file, else from whoever sits at the terminal, else from the first line of standard input.

    Raises:
        UsageError: there is none, it is empty, or it was typed in two ways.
    """
    if file is not None and file != "-":
        password = _from_file(file)
    elif file is None and sys.stdin.isatty():
        password = _typed()
    else:
        password = _first_line()
    trouble = weakness(password)
    if trouble is not None:
        invocation.warn(trouble)
    return password


def _from_file(path: str) -> Secret:
    try:
        with open(path, "rb") as file:
            content = file.read(_LONGEST + 1)
    except OSError as error:
        message = _("cannot read {path}: {reason}").format(path=path, reason=reason_of(error))
        raise UsageError(message) from error
    if len(content) > _LONGEST:
        raise UsageError(_("{path} is too large for a password").format(path=path))
    return Secret(decode_secret(content))


def _first_line() -> Secret:
    line = sys.stdin.buffer.readline(_LONGEST).rstrip(b"\r\n")
    if not line:
        raise UsageError(
            _("there is no new password on standard input"),
            hint=_("type it on a terminal, or --new-password-file FILE"),
        )
    return Secret(line.decode("utf-8", "surrogateescape"))


def _typed() -> Secret:
    from getpass import getpass

    output.flush()
    first = getpass(_("new password: "), sys.stderr)
    if getpass(_("the same again: "), sys.stderr) != first:
        raise UsageError(_("the two are not the same; nothing was changed"))
    return Secret(first)
