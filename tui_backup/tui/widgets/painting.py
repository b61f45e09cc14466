"""Painting: rows of a listing as strips, whose styles somebody else knows by name."""

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip

from tui_backup.primitives.text import printable
from tui_backup.tui.widgets.cells import fitted
from tui_backup.tui.widgets.columns import GAP, Place, RowT

MARK = "▌"

StyleOf = Callable[[str], Style]
"""Returns the style of a name, such as `cursor` or a role; `plain` is the style of the listing itself."""


def header_strip(
    places: Sequence[Place[RowT]], sorted_by: tuple[str | None, bool], margin: int, width: int, style_of: StyleOf
) -> Strip:
    """Return the titles of columns; `sorted_by` names the one with an arrow, and whether its order is reversed."""
    name, is_reversed = sorted_by
    style = style_of("plain") + style_of("header")
    texts = [" " * margin]
    for place in places:
        arrow = ("↓" if is_reversed else "↑") if place.column.id == name else ""
        pieces = fitted(place.column.title + arrow, place.width, right=place.column.right)
        texts += [*(text for text, _role in pieces), " " * GAP]
    return Strip([Segment("".join(texts), style)]).adjust_cell_length(width, style)


def row_strip(
    row: RowT, places: Sequence[Place[RowT]], look: str, mark: bool | None, width: int, style_of: StyleOf
) -> Strip:
    """Return a row; `mark` is None where there are no marks. Under the cursor every piece looks alike."""
    base = style_of("plain") if look == "plain" else style_of("plain") + style_of(look)
    segments = [] if mark is None else [Segment(MARK if mark else " ", base + style_of("mark"))]
    for place in places:
        column = place.column
        for text, role in fitted(column.cell(row), place.width, right=column.right, crop=column.crop):
            style = base if look == "cursor" or role == "plain" else base + style_of(role)
            segments.append(Segment(text, style))
        segments.append(Segment(" " * GAP, base))
    return Strip(segments).adjust_cell_length(width, base).simplify()


def text_strip(said: Sequence[tuple[str, str]], number: int, width: int, style_of: StyleOf) -> Strip:
    """Return one line of some texts with their roles, one below the other, each broken where it is too long."""
    room = max(8, width - 2)
    lines = [(line.plain.rstrip(), role) for text, role in said for line in Content(printable(text)).wrap(room)]
    shown, role = lines[number] if 0 <= number < len(lines) else ("", "plain")
    style = style_of("plain") if role == "plain" else style_of("plain") + style_of(role)
    return Strip([Segment(" " + shown, style)]).adjust_cell_length(width, style)
