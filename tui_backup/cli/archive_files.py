"""Arguments that may be the paths of archives."""

from typing import TypeVar

import click

from tui_backup.cli.invocation import Invocation

N = TypeVar("N", str, str | None, tuple[str, ...])


def note_files(ctx: click.Context, _parameter: click.Parameter, value: N) -> N:
    """Have the invocation know of archives that are named by their paths."""
    from tui_backup.services.setup.archive_files import is_named

    names = (value,) if isinstance(value, str) else value or ()
    ctx.ensure_object(Invocation).archive_files += [name for name in names if is_named(name)]
    return value
