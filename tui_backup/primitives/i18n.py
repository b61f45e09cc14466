"""Texts for people, in their language (gettext, domain `tui_backup`)."""

import gettext
import os
from functools import cache
from pathlib import Path

_LOCALES = Path(__file__).parent.parent / "locale"


@cache
def _translations(language: str) -> gettext.NullTranslations:
    languages = [language] if language else None
    return gettext.translation("tui_backup", _LOCALES, languages=languages, fallback=True)


def _current() -> gettext.NullTranslations:
    return _translations(os.environ.get("TUI_BACKUP_LANGUAGE", ""))


def _(message: str) -> str:
    """Return the text in the user's language."""
    return _current().gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the text for `count` things in the user's language."""
    return _current().ngettext(singular, plural, count)
