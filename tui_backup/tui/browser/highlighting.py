"""Highlighting: the lines of a text in a language that its name tells; made aside, and given up when nobody waits."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tui_backup.model.watch import Watch
from tui_backup.tui.browser.text_pane import Kind, TextLine, plain_lines, shown

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LONGEST = 2000
"""Characters of the longest line of a text that is highlighted; longer ones no person wrote."""

_STEP = 1000
"""Tokens after which it is looked whether anybody still waits."""


def highlighted(text: str, name: str, watch: Watch) -> list[TextLine]:
    """Return the lines of a text, coloured if its name says what it is.

    Raises:
        Cancelled: nobody waits any more.
    """
    if any(len(line) > LONGEST for line in text.split("\n")):
        return plain_lines(text)
    lexer = _lexer(name)
    return plain_lines(text) if lexer is None else list(_lines(lexer, text, watch))


def _lexer(name: str) -> "Lexer | None":
    from pygments.lexers import find_lexer_class_for_filename

    kind = find_lexer_class_for_filename(name)
    return None if kind is None else kind(stripnl=False, ensurenl=False)


def _lines(lexer: "Lexer", text: str, watch: Watch) -> Iterator[TextLine]:
    line: list[tuple[str, Kind]] = []
    for number, (type_, value) in enumerate(lexer.get_tokens(text)):
        if number % _STEP == 0:
            watch.check()
        first, *others = value.split("\n")
        kind = _kind(type_)
        if first:
            line.append((shown(first), kind))
        for other in others:
            yield line
            line = [(shown(other), kind)] if other else []
    yield line


def _kind(type_: object) -> Kind:
    """Return what a token is to us."""
    from pygments.token import Comment, Error, Generic, Keyword, Literal, Name, Number

    kinds: list[tuple[object, Kind]] = [
        (Comment, "comment"),
        (Keyword, "keyword"),
        (Number, "number"),
        (Literal, "string"),
        (Name.Tag, "keyword"),
        (Name.Attribute, "name"),
        (Name.Class, "name"),
        (Name.Function, "name"),
        (Generic.Heading, "name"),
        (Generic.Inserted, "added"),
        (Generic.Deleted, "removed"),
        (Error, "plain"),
    ]
    return next((kind for family, kind in kinds if type_ in family), "plain")  # type: ignore[operator]  # token types hold others
