"""The words of click itself, in the language in use."""

import click.core
import click.decorators
import click.exceptions
import click.formatting
import click.parser
import click.termui
import click.types

from tui_backup.primitives import i18n

_SPEAKING = (
    click.core,
    click.decorators,
    click.exceptions,
    click.formatting,
    click.parser,
    click.termui,
    click.types,
)


def translate_click() -> None:
    """Have click ask us for its texts: by itself it asks the process's catalogue, which knows the locale only."""
    for module in _SPEAKING:
        vars(module).update(_=i18n._, ngettext=i18n.ngettext)
