"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from tui_backup.cli.invocation import Invocation
from tui_backup.errors import UsageError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.units import parse_duration

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


def retry_lock_option(command: F) -> F:
    """Take `--retry-lock DURATION`: for commands that write, and never go without a lock."""

    def note(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value is not None:
            ctx.ensure_object(Invocation).retry_lock_s = _seconds(value)

    help_ = _("Wait this long for a lock that somebody else holds: 90s, 5m.")
    return click.option("--retry-lock", metavar="DURATION", expose_value=False, callback=note, help=help_)(command)


def locking_options(command: F) -> F:
    """Take `--no-lock` and `--retry-lock DURATION`: for commands that only read."""

    def note(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
        invocation = ctx.ensure_object(Invocation)
        invocation.lock_is_optional = True
        invocation.no_lock = value

    help_ = _("Take no lock: for a repository that cannot be written.")
    command = click.option("--no-lock", is_flag=True, expose_value=False, callback=note, help=help_)(command)
    return retry_lock_option(command)


def _seconds(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--retry-lock: {error}") from error
