"""The command line of what is done in the UI, as a person would type it."""

import shlex
from collections.abc import Sequence


def as_typed(words: Sequence[str], given: str | None = None) -> str:
    """Return a command with the program's name before it; `given` is the configuration file that somebody named."""
    named = () if given is None else ("-c", given)
    return shlex.join(("tui-backup", *named, *words))
