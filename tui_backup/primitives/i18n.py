"""Texts for people, in their language (gettext, domain `tui_backup`; `docs/languages.md` says how it is kept complete).

One language at a time for the whole process: that of the configuration, once it is read (`use`), until then and where
it names none that of the environment. Inside of `only` nothing changes it.
"""

import gettext
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ENGLISH = "en"
"""The language of the source."""

LANGUAGES = (ENGLISH, "pt_BR")

LOCALES = Path(__file__).parent.parent / "locale"

_VARIABLES = ("TUI_BACKUP_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""What names the language, in this order; each may list several, as gettext has it."""


class _Texts:
    """The language in use and its catalogue; the catalogue is read when the first text is asked for."""

    def __init__(self) -> None:
        self.language: str | None = None
        self.is_settled = False
        self._catalogue: gettext.NullTranslations | None = None

    @property
    def catalogue(self) -> gettext.NullTranslations:
        if self._catalogue is None:
            self._catalogue = _read_catalogue(language())
        return self._catalogue

    def speak(self, language: str | None) -> None:
        self.language = language
        self._catalogue = None


_texts = _Texts()


def _(message: str) -> str:
    """Return the text in the user's language."""
    return _texts.catalogue.gettext(message) if message else ""  # gettext answers an empty text with its header


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the text for `count` things in the user's language."""
    return _texts.catalogue.ngettext(singular, plural, count)


def pgettext(context: str, message: str) -> str:
    """Return the text in the user's language, where one English word has several meanings; the context tells which."""
    return _texts.catalogue.pgettext(context, message)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text that is translated where it is used; return it as it is."""
    return message


def language() -> str:
    """Return the language in use: one of LANGUAGES."""
    if _texts.language is None:
        _texts.language = _language_of_environment()
    return _texts.language


def language_of(configured: str | None) -> str:
    """Return the language that a configuration asks for; None: that of the environment."""
    return configured or _language_of_environment()


def use(language: str | None) -> None:
    """Speak one of LANGUAGES from now on; None: that of the environment. Does nothing inside of `only`."""
    if not _texts.is_settled:
        _texts.speak(language)


@contextmanager
def only(language: str) -> Iterator[None]:
    """Speak one of LANGUAGES whatever a configuration says, as long as this lasts."""
    before = _texts.language, _texts.is_settled
    _texts.speak(language)
    _texts.is_settled = True
    try:
        yield
    finally:
        _texts.speak(before[0])
        _texts.is_settled = before[1]


def in_other_language(text: str) -> str:
    """Return what a text of ours is in the other language, for who looks for it by that; others stay as they are."""
    if language() == ENGLISH:
        return _other_catalogue().gettext(text)
    return _sources().get(text, text)


@cache
def _other_catalogue() -> gettext.NullTranslations:
    return _read_catalogue(LANGUAGES[-1])


@cache
def _sources() -> dict[str, str]:
    """Return translation -> source for the texts without a plural."""
    entries: dict[object, str] = vars(_other_catalogue()).get("_catalog", {})
    return {translated: source for source, translated in entries.items() if source and isinstance(source, str)}


def _language_of_environment() -> str:
    named = next(filter(None, map(os.environ.get, _VARIABLES)), "")
    for name in named.split(":"):
        plain = name.partition(".")[0].partition("@")[0]
        if plain in LANGUAGES:
            return plain
        if plain in {"C", "POSIX"} or plain.startswith(f"{ENGLISH}_"):
            break
    return ENGLISH


def _read_catalogue(language: str) -> gettext.NullTranslations:
    """Return the texts of a language; what click says is in a catalogue of its own."""
    if language == ENGLISH:
        return gettext.NullTranslations()
    catalogue = gettext.translation("tui_backup", LOCALES, [language], fallback=True)
    catalogue.add_fallback(gettext.translation("click", LOCALES, [language], fallback=True))
    return catalogue
