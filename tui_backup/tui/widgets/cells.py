"""Cells: what a listing shows in one place, as plain pieces of text with a role each; never markup."""

from collections.abc import Sequence
from typing import Literal

from rich.cells import cell_len, set_cell_size

from tui_backup.primitives.text import printable

Role = Literal["plain", "dim", "bold", "accent", "ok", "warning", "error"]
"""What a piece of text is for; a theme says how that looks."""

Piece = tuple[str, Role]
Cell = str | Sequence[Piece]
"""A text, or pieces that stand one behind the other. Text from data may be given as it is."""

Crop = Literal["end", "start", "middle"]
"""Where a text that is too long loses what does not fit."""

ELLIPSIS = "…"


def pieces_of(cell: Cell) -> list[Piece]:
    """Return a cell as pieces that a terminal shows and does nothing else with."""
    if isinstance(cell, str):
        return [(printable(cell), "plain")]
    return [(printable(text), role) for text, role in cell]


def plain(cell: Cell) -> str:
    """Return the text of a cell."""
    return "".join(text for text, _role in pieces_of(cell))


def width_of(cell: Cell) -> int:
    """Return how many columns of the terminal a cell would take."""
    return sum(cell_len(text) for text, _role in pieces_of(cell))


def fitted(cell: Cell, width: int, *, right: bool = False, crop: Crop = "end") -> list[Piece]:
    """Return a cell as pieces that take exactly `width` columns."""
    pieces = pieces_of(cell)
    taken = sum(cell_len(text) for text, _role in pieces)
    if taken <= width:
        blank: Piece = (" " * (width - taken), "plain")
        return [blank, *pieces] if right else [*pieces, blank]
    if crop != "end" and len(pieces) == 1:
        text, role = pieces[0]
        return [(shortened(text, width, crop), role)]
    return _cut(pieces, width)


def shortened(text: str, width: int, crop: Crop = "end") -> str:
    """Return a text that takes exactly `width` columns, with an ellipsis where something is missing."""
    if cell_len(text) <= width or width < 1:
        return set_cell_size(text, max(width, 0))
    if crop == "end":
        return set_cell_size(text, width - 1) + ELLIPSIS
    if crop == "start":
        return ELLIPSIS + _tail(text, width - 1)
    head = (width - 1) // 2
    return set_cell_size(text, head) + ELLIPSIS + _tail(text, width - 1 - head)


def _tail(text: str, width: int) -> str:
    """Return the end of a text, of exactly `width` columns."""
    taken, at = 0, len(text)
    while at and taken + cell_len(text[at - 1]) <= width:
        at -= 1
        taken += cell_len(text[at])
    return " " * (width - taken) + text[at:]


def _cut(pieces: Sequence[Piece], width: int) -> list[Piece]:
    """Return pieces cut off at the end so that they take `width` columns, the last of them an ellipsis."""
    kept: list[Piece] = []
    room = width - 1
    for text, role in pieces:
        taken = cell_len(text)
        if taken > room:
            kept.append((set_cell_size(text, room) + ELLIPSIS, role))
            return kept
        kept.append((text, role))
        room -= taken
    return kept
