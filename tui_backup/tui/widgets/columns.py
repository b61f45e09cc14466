"""Columns: how wide each is in a terminal of a given width, and which have to go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rich.cells import cell_len

from tui_backup.tui.widgets.cells import Cell, Crop, width_of

RowT = TypeVar("RowT")

GAP = 2
"""Blank columns between two columns."""

MEASURED = 300
"""How many rows say how wide a column is."""


@dataclass(frozen=True, kw_only=True)
class Column(Generic[RowT]):
    """One fact of every row."""

    id: str
    title: str
    cell: Callable[[RowT], Cell]
    width: int | None = None
    """Columns of the terminal; None: what the first rows need, between `least` and `most`."""
    least: int = 3
    most: int = 40
    grows: bool = False
    """Whether it takes the room that is left."""
    right: bool = False
    """Whether its text stands at the right."""
    rank: int = 0
    """Where there is no room, those of the highest rank go first; 0 stays."""
    crop: Crop = "end"
    sort: Callable[[RowT], Any] | None = None
    """What rows are sorted by; None: not at all."""


@dataclass(frozen=True)
class Place(Generic[RowT]):
    """A column that is shown, and its width."""

    column: Column[RowT]
    width: int


def arranged(columns: Sequence[Column[RowT]], rows: Sequence[RowT], width: int) -> list[Place[RowT]]:
    """Return the columns that fit into `width`, in their order, and how wide each is."""
    needed = {column.id: _needed(column, rows) for column in columns}
    shown = list(columns)
    while _total(shown, needed) > width and (highest := max((column.rank for column in shown), default=0)):
        shown = [column for column in shown if column.rank != highest]
    spare = width - _total(shown, needed)
    growing = [column.id for column in shown if column.grows]
    places = []
    for column in shown:
        more = 0
        if growing and column.id in growing:
            more = spare // len(growing) + (spare % len(growing) if column.id == growing[-1] else 0)
        places.append(Place(column, max(1, needed[column.id] + more)))
    return places


def _needed(column: Column[RowT], rows: Sequence[RowT]) -> int:
    title = cell_len(column.title)
    if column.width is not None:
        return max(column.width, title)
    if column.grows:
        return max(column.least, title)
    widest = max((width_of(column.cell(row)) for row in rows[:MEASURED]), default=0)
    return max(title, min(max(widest, column.least), column.most))


def _total(columns: Sequence[Column[RowT]], needed: dict[str, int]) -> int:
    return sum(needed[column.id] for column in columns) + GAP * max(0, len(columns) - 1)
