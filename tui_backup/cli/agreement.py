"""Having somebody agree before something is done that cannot be taken back."""

import sys

import click

from tui_backup.cli import output
from tui_backup.cli.invocation import Invocation
from tui_backup.errors import Cancelled, UsageError
from tui_backup.primitives.i18n import _


def can_ask(invocation: Invocation) -> bool:
    """Whether somebody sits there who can be asked."""
    return not invocation.json and sys.stdin.isatty() and sys.stderr.isatty()


def agree(invocation: Invocation, question: str, refusal: str, *, yes: bool) -> None:
    """Go on if `yes`, or if whoever sits there says so.

    Raises:
        UsageError: nobody can be asked; `refusal` says what would have been done.
        Cancelled: the answer is no.
    """
    if yes:
        return
    if not can_ask(invocation):
        raise UsageError(refusal, hint=_("look at it with --dry-run, then give --yes"))
    ask(question)


def ask(question: str) -> None:
    """Go on if whoever sits there says so; raises Cancelled where the answer is no."""
    output.flush()
    if not click.confirm(question, err=True):
        raise Cancelled(_("nothing was touched"))
