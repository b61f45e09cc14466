"""What `schedule install` and `schedule remove` share: the choice, and how it is told what became of it."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from tui_backup.cli import output
from tui_backup.cli.account import Account, Deed
from tui_backup.cli.invocation import Invocation
from tui_backup.errors import BackupError, UsageError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.schedule.changes import Change, Changes

F = TypeVar("F", bound=Callable[..., Any])


def way_options(command: F) -> F:
    """Take `--cron` or `--systemd`."""

    def check(ctx: click.Context, parameter: click.Parameter, value: bool) -> bool:
        other = {"cron": "systemd", "systemd": "cron"}[parameter.name or ""]
        if value and ctx.params.get(other):
            raise UsageError(_("{one} and {other} exclude each other").format(one="--cron", other="--systemd"))
        return value

    systemd = click.option("--systemd", is_flag=True, callback=check, help=_("By units of systemd."))
    return click.option("--cron", is_flag=True, callback=check, help=_("By the crontab of this user."))(
        systemd(command)
    )


def carry_out(invocation: Invocation, operation: Callable[[Changes], None], *, dry_run: bool) -> int:
    """Do something, and tell what was done, also where it failed halfway; return the exit code."""
    changes, account = Changes(is_rehearsal=dry_run), Account()
    failure: BackupError | None = None
    try:
        operation(changes)
    except UsageError:
        raise
    except BackupError as error:
        failure = error
    account.done += map(_deed, changes.done)
    account.skipped += map(_deed, changes.skipped)
    if dry_run and not invocation.json:
        _show(changes)
    if failure is not None:
        account.trouble(invocation, "schedule", "schedule", failure)
    code = account.close(invocation)
    for remark in changes.remarks:
        invocation.warn(remark)
    return code


def _deed(change: Change) -> Deed:
    facts = {"text": change.text} if change.text else {}
    return Deed(what=change.what, object=change.object, detail=change.detail, facts=facts)


def _show(changes: Changes) -> None:
    """Write what would be written, each under its name."""
    for change in changes.done:
        if change.text:
            output.write_text(printable(f"--- {change.object}"))
            for line in change.text.splitlines():
                output.write_text(printable(line))
            output.write_text("")
