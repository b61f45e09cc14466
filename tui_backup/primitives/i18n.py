"""Texts for people, in their language (gettext, domain `tui_backup`)."""

import gettext
import os
from functools import cache
from pathlib import Path

_LOCALES = Path(__file__).parent.parent / "locale"


@cache
def _current() -> gettext.NullTranslations:
    language = os.environ.get("TUI_BACKUP_LANGUAGE")
    return gettext.translation("tui_backup", _LOCALES, languages=[language] if language else None, fallback=True)


def _(message: str) -> str:
    """Return the text in the user's language."""
    return _current().gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the text for `count` things in the user's language."""
    return _current().ngettext(singular, plural, count)
