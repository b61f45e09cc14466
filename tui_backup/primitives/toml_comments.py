"""Comments of a TOML file that people read, in their language: paragraphs of their own and words behind a value."""

import re
import textwrap
from collections.abc import Iterator

from tui_backup.primitives.i18n import ENGLISH, _, language

_PARAGRAPH = re.compile(r"(?m)^# \S.*(?:\n# \S.*)*$")
"""Lines of prose; what is indented further is an example and stays."""

_BEHIND = re.compile(r"(?m)^(?P<value>#?[^#\s].*\S {2,}# )(?P<words>.*)$")

_WIDTH = 118


def comments(text: str) -> Iterator[str]:
    """Yield what there is to translate: paragraphs as one line each, and the words behind values."""
    yield from (_joined(match[0]) for match in _PARAGRAPH.finditer(text))
    yield from (match["words"] for match in _BEHIND.finditer(text))


def translated(text: str) -> str:
    """Return a file with its comments in the language of whoever reads; what nobody has translated stays."""
    if language() == ENGLISH:
        return text
    return _BEHIND.sub(_behind, _PARAGRAPH.sub(_paragraph, text))


def _joined(paragraph: str) -> str:
    return " ".join(line.removeprefix("# ") for line in paragraph.splitlines())


def _paragraph(match: re.Match[str]) -> str:
    words = _joined(match[0])
    if (spoken := _(words)) == words:
        return match[0]
    return "\n".join(f"# {line}" for line in textwrap.wrap(spoken, _WIDTH, break_on_hyphens=False))


def _behind(match: re.Match[str]) -> str:
    value, words = match.groups()
    return str(value) + _(words)
