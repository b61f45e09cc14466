"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from tui_backup.errors import UsageError
from tui_backup.primitives.i18n import _

F = TypeVar("F", bound=Callable[..., Any])


def repository_option(command: F) -> F:
    """Take `-r/--repository NAME`."""
    return click.option("-r", "--repository", metavar="NAME", help=_("Look into this repository only."))(command)


def host_option(command: F) -> F:
    """Take `--host NAME`."""
    return click.option("--host", metavar="NAME", help=_("Consider snapshots of this host only."))(command)


def job_option(command: F) -> F:
    """Take `--job NAME`."""
    return click.option("--job", metavar="NAME", help=_("Consider this job only."))(command)


def later_option(*names: str, takes_value: bool = False) -> Callable[[F], F]:
    """Take an option that is documented and that this version cannot honour: it is refused, never ignored."""

    def refuse(_ctx: click.Context, _parameter: click.Parameter, value: object) -> None:
        if value:
            raise UsageError(_("this version cannot take {option} yet").format(option=names[0]))

    return click.option(*names, is_flag=not takes_value, hidden=True, expose_value=False, callback=refuse)


def locking_options(command: F) -> F:
    """Take, and refuse for the time being, `--no-lock` and `--retry-lock`."""
    return later_option("--no-lock")(later_option("--retry-lock", takes_value=True)(command))
