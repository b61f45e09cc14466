"""The command line of what is done in the UI, as a person would type it."""

import os
import shlex
from collections.abc import Sequence

from tui_backup.primitives.text import printable


def as_typed(words: Sequence[str], given: str | None = None) -> str:
    """Return a command with the program's name before it; `given` is the configuration file that somebody named.

    It is text that can be shown and copied, whatever the words hold: what is none is written as bash reads it.
    """
    named = () if given is None else ("-c", given)
    return " ".join(map(_quoted, ("tui-backup", *named, *words)))


def _quoted(word: str) -> str:
    if printable(word) == word:
        return shlex.quote(word)
    return f"$'{''.join(map(_escaped, word))}'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if printable(character) == character:
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
