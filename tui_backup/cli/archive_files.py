"""Arguments that may be the paths of archives."""

import sys
from typing import TypeVar

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import Secret
from tui_backup.primitives.text import printable

N = TypeVar("N", str, str | None, tuple[str, ...])


def note_files(ctx: click.Context, _parameter: click.Parameter, value: N) -> N:
    """Have the invocation know of archives that are named by their paths."""
    from tui_backup.services.setup.archive_files import is_named

    names = (value,) if isinstance(value, str) else value or ()
    ctx.ensure_object(Invocation).archive_files += [name for name in names if is_named(name)]
    return value


def asked_key(invocation: Invocation) -> Secret | None:
    """Return the key that whoever sits there types for a sealed archive; None where none is needed, or nobody sits."""
    from tui_backup.services.setup.archive_files import needs_key

    if not needs_key(invocation.archive_files) or invocation.json or not sys.stdin.isatty():
        return None
    from getpass import getpass

    output.flush()
    name = printable(invocation.archive_files[0])
    return Secret(getpass(_("encryption key of {name}: ").format(name=name), sys.stderr))
