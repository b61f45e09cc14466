"""Having somebody agree before something is done that cannot be taken back."""

import sys

import click

from tui_backup.cli import narration, output
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
    if not confirmed(question, default=False):
        raise Cancelled(_("nothing was touched"))


def confirmed(question: str, *, default: bool) -> bool:
    """Return whether whoever sits there says yes; `default` is what Enter alone means."""
    output.flush()
    # Translators: words that mean yes, and words that mean no; the English ones are always understood.
    words = dict.fromkeys(("n", "no", *_("n no").split()), False) | dict.fromkeys(
        ("y", "yes", *_("y yes").split()), True
    )
    text = _("{question} [Y/n]") if default else _("{question} [y/N]")
    while True:
        answer = click.prompt(text.format(question=question), "", show_default=False, err=True).strip().lower()
        if not answer:
            return default
        if answer in words:
            return words[answer]
        narration.say(_("answer y or n"))
