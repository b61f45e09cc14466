"""Listing: rows under columns, of which only those on the screen cost anything.

Drawn by Textual's Line API: a hundred thousand rows scroll as smoothly as ten. Rows are told apart by `key`, so the
cursor and the marks stay where they are when rows are replaced.
"""

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rich.style import Style
from textual import events, on
from textual.binding import Binding
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui_backup.primitives.i18n import _
from tui_backup.tui.widgets.cells import plain
from tui_backup.tui.widgets.columns import GAP, Column, Place, arranged
from tui_backup.tui.widgets.listing_look import CLASSES, CSS
from tui_backup.tui.widgets.painting import header_strip, row_strip, text_strip

RowT = TypeVar("RowT")


@dataclass(frozen=True)
class Remark:
    """What stands in a listing in place of rows."""

    text: str
    hint: str = ""
    failed: bool = False


class Told(Message):
    """Something has happened in a listing."""

    def __init__(self, listing: "Listing[Any]", row: Any) -> None:
        super().__init__()
        self.listing = listing
        self.row = row

    @property
    def control(self) -> "Listing[Any]":
        """The listing, for `@on(..., selector)`."""
        return self.listing


class Listing(ScrollView, Generic[RowT], can_focus=True):
    """Rows that one can walk through, filter, sort and mark."""

    DEFAULT_CSS = CSS
    COMPONENT_CLASSES = CLASSES

    BINDINGS = [
        Binding("down,j", "down", _("Down"), show=False, id="listing.down"),
        Binding("up,k", "up", _("Up"), show=False, id="listing.up"),
        Binding("pagedown", "page_down", _("Page down"), show=False, id="listing.page-down"),
        Binding("pageup", "page_up", _("Page up"), show=False, id="listing.page-up"),
        Binding("home,g", "first", _("First"), show=False, id="listing.first"),
        Binding("end,G", "last", _("Last"), show=False, id="listing.last"),
        Binding("enter", "choose", _("Open"), show=False, id="listing.choose"),
        Binding("space", "mark", _("Mark"), show=False, id="listing.mark", tooltip=_("Mark, or unmark")),
        Binding("asterisk", "invert", _("Invert marks"), show=False, id="listing.invert",
                tooltip=_("Mark what is not marked, and the other way round")),
        Binding("o", "sort", _("Sort"), show=False, id="listing.sort", tooltip=_("Sort by the next column")),
        Binding("O", "reverse", _("Reverse"), show=False, id="listing.reverse", tooltip=_("Turn the order round")),
    ]  # fmt: skip

    cursor: reactive[int] = reactive(0, repaint=False)
    """Number of the row under the cursor, among those shown."""
    needle: reactive[str] = reactive("", repaint=False)
    """Only rows that hold this text, whatever its case, are shown."""
    remark: reactive[Remark | None] = reactive(None)
    """What is said in place of rows; None: `empty` where there are none."""

    class Moved(Told):
        """The cursor stands on another row, or on none (None)."""

        def can_replace(self, message: Message) -> bool:
            """A newer place makes an older one stale."""
            return isinstance(message, Listing.Moved) and message.listing is self.listing

    class Chosen(Told):
        """Somebody pressed Enter on a row, or clicked twice on it."""

    class Marked(Told):
        """Marks have changed, those of the keys in `turned`; the row is that under the cursor."""

        def __init__(self, listing: "Listing[Any]", row: Any, turned: Collection[Hashable] = ()) -> None:
            super().__init__(listing, row)
            self.turned = turned

    def __init__(  # noqa: PLR0913 - each says one thing about the rows
        self,
        columns: Sequence[Column[RowT]],
        *,
        key: Callable[[RowT], Hashable],
        empty: Remark,
        markable: bool = False,
        words: Callable[[RowT], str] | None = None,
        id: str | None = None,  # noqa: A002 - as every widget has it
        classes: str | None = None,
    ) -> None:
        """`key` tells rows apart; `empty` is said where there are none.

        `words` gives what `needle` is looked for in, casefolded; None: all that stands in the row.
        """
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self.empty = empty
        self.marks: set[Hashable] = set()
        """Keys of the rows that are marked."""
        self.sorted_by: str | None = None
        self.is_reversed = False
        self._key = key
        self._markable = markable
        self._words = words or (lambda row: self.text_of(row).casefold())
        self._given: Sequence[RowT] = ()
        self._rows: Sequence[RowT] = ()
        self._places: list[Place[RowT]] = []
        self._strips: LRUCache[tuple[int, str, bool | None], Strip] = LRUCache(512)
        self._drawn: dict[int, Strip] = {}
        self._hovered = -1
        self._styles: dict[str, Style] = {}

    # what is shown

    @property
    def rows(self) -> Sequence[RowT]:
        """The rows shown, in the order in which they are."""
        return self._rows

    @property
    def given(self) -> Sequence[RowT]:
        """All rows, as they were given."""
        return self._given

    @property
    def row(self) -> RowT | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    @property
    def marked(self) -> list[RowT]:
        """The marked rows, in the order in which they were given, filtered out or not."""
        return [row for row in self._given if self._key(row) in self.marks] if self.marks else []

    def show(self, rows: Sequence[RowT]) -> None:
        """Show these rows; cursor and marks stay with the rows that are still there."""
        self._given = rows
        if self.marks:
            self.marks &= {self._key(row) for row in rows}
        self.remark = None
        self._arrange()

    def say(self, text: str, hint: str = "", *, failed: bool = False) -> None:
        """Say something in place of the rows."""
        self._given = self._rows = ()
        self.remark = Remark(text, hint, failed)
        self._settle(None)

    def redraw(self, key: Hashable | None = None) -> None:
        """Draw rows again whose cells say something else by now: that of a key, or all."""
        self._strips.clear()
        if key is None:
            self._measure()
        for number, row in enumerate(self._rows if key is not None else ()):
            if self._key(row) == key:
                self._redraw(number)

    def go_to(self, key: Hashable) -> bool:
        """Put the cursor on the row of that key; return whether it is shown."""
        for number, row in enumerate(self._rows):
            if self._key(row) == key:
                self.cursor = number
                return True
        return False

    def sort_by(self, column: str | None, *, reverse: bool = False) -> None:
        """Sort by a column, or show the rows as they were given."""
        self.sorted_by, self.is_reversed = column, reverse
        self._arrange()

    def text_of(self, row: RowT) -> str:
        """Return what stands in a row, for whoever wants to have it elsewhere."""
        return "  ".join(filter(None, (plain(column.cell(row)).strip() for column in self.columns)))

    # changes

    def watch_needle(self) -> None:
        self._arrange()

    def watch_cursor(self, before: int, now: int) -> None:
        self._redraw(before)
        self._redraw(now)
        self.scroll_to_region(Region(0, now, 1, 2), animate=False, force=True)
        self._tell()

    def watch_show_vertical_scrollbar(self) -> None:
        self._measure()

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, len(self._rows) - 1))

    def on_resize(self) -> None:
        self._measure()

    def on_focus(self) -> None:
        self._redraw(self.cursor)

    def on_blur(self) -> None:
        self._redraw(self.cursor)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def _arrange(self) -> None:
        """Filter and sort what was given; keep the cursor on its row."""
        held = self.row
        rows = self._given
        if needle := self.needle.casefold():
            rows = [row for row in rows if needle in self._words(row)]
        by = next((column.sort for column in self.columns if column.id == self.sorted_by), None)
        if by is not None:
            rows = sorted(rows, key=by, reverse=self.is_reversed)
        self._rows = rows
        self._settle(None if held is None else self._key(held))

    def _settle(self, held: Hashable | None) -> None:
        self._measure()
        if held is None or not self.go_to(held):
            self.cursor = self.validate_cursor(self.cursor)
        self._tell()

    def _measure(self) -> None:
        """Give every column its width, and the whole its height."""
        self._places = arranged(self.columns, self._rows, max(1, self._width))
        self.virtual_size = Size(self._width, len(self._rows) + 1)
        self._strips.clear()
        self._draw_changes()

    def _draw_changes(self) -> None:
        """Draw the lines that are not as they were drawn: a slow terminal gets no others."""
        if not self.size:
            self.refresh()
        for y in range(self.size.height):
            if self._drawn.get(y) != self._line(y):
                self.refresh(Region(0, y, self.size.width, 1))

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width - (1 if self._markable else 0)

    def _redraw(self, number: int) -> None:
        self.refresh(Region(0, number + 1 - int(self.scroll_y), self.size.width, 1))

    def _tell(self) -> None:
        self.post_message(self.Moved(self, self.row))

    # drawing

    def render_line(self, y: int) -> Strip:
        strip = self._drawn[y] = self._line(y)
        return strip

    def _line(self, y: int) -> Strip:
        width = self.size.width
        if not self._rows:
            return self._remark_line(y)
        if y == 0:
            margin = 1 if self._markable else 0
            return header_strip(self._places, (self.sorted_by, self.is_reversed), margin, width, self._style)
        number = y - 1 + int(self.scroll_y)
        if number >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        row = self._rows[number]
        mark = self._key(row) in self.marks if self._markable else None
        look = self._look(number)
        strip = self._strips.get((number, look, mark))
        if strip is None:
            strip = self._strips[number, look, mark] = row_strip(row, self._places, look, mark, width, self._style)
        return strip

    def _look(self, number: int) -> str:
        if number == self.cursor:
            return "cursor" if self.has_focus else "cursor-blurred"
        return "hover" if number == self._hovered else "plain"

    def _remark_line(self, y: int) -> Strip:
        nothing = Remark(_("Nothing matches “{text}”").format(text=self.needle)) if self.needle else self.empty
        remark = self.remark or nothing
        said = [(remark.text, "error" if remark.failed else "plain"), (remark.hint, "dim")]
        return text_strip(said, y - 1, self.size.width, self._style)

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            look = (
                self.rich_style if name == "plain" else self.get_component_rich_style(f"listing--{name}", partial=True)
            )
            style = self._styles[name] = look
        return style

    # keys and the mouse

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Mark nothing where there are no marks."""
        return self._markable or action not in {"mark", "invert"}

    @on(events.Click)
    def _clicked(self, event: events.Click) -> None:
        self.focus()
        if event.y == 0 and self._rows:
            self._sort_at(event.x)
            return
        number = event.y - 1 + int(self.scroll_y)
        if 0 <= number < len(self._rows):
            if number == self.cursor and event.chain > 1:
                self.action_choose()
            self.cursor = number

    @on(events.MouseMove)
    def _hover(self, event: events.MouseMove) -> None:
        self._hover_over(event.y - 1 + int(self.scroll_y) if event.y else -1)

    @on(events.Leave)
    def _unhover(self) -> None:
        self._hover_over(-1)

    def _hover_over(self, number: int) -> None:
        if number != self._hovered:
            before, self._hovered = self._hovered, number
            self._redraw(before)
            self._redraw(number)

    def _sort_at(self, x: int) -> None:
        at = 1 if self._markable else 0
        for place in self._places:
            if at <= x < at + place.width and place.column.sort is not None:
                again = place.column.id == self.sorted_by
                self.sort_by(place.column.id, reverse=again and not self.is_reversed)
                return
            at += place.width + GAP

    def action_down(self) -> None:
        self.cursor += 1

    def action_up(self) -> None:
        self.cursor -= 1

    def action_page_down(self) -> None:
        self.cursor += max(1, self.size.height - 2)

    def action_page_up(self) -> None:
        self.cursor -= max(1, self.size.height - 2)

    def action_first(self) -> None:
        self.cursor = 0

    def action_last(self) -> None:
        self.cursor = len(self._rows) - 1

    def action_choose(self) -> None:
        if self.row is not None:
            self.post_message(self.Chosen(self, self.row))

    def action_mark(self) -> None:
        row = self.row
        if row is None or not self._markable:
            return
        key = self._key(row)
        self.marks ^= {key}
        self._redraw(self.cursor)
        self.cursor += 1
        self.post_message(self.Marked(self, self.row, (key,)))

    def action_invert(self) -> None:
        if self._markable:
            turned = dict.fromkeys(map(self._key, self._rows))
            self.marks ^= turned.keys()
            self.refresh()
            self.post_message(self.Marked(self, self.row, turned))

    def action_sort(self) -> None:
        names = [None, *(column.id for column in self.columns if column.sort is not None)]
        following = names[(names.index(self.sorted_by) + 1) % len(names)] if self.sorted_by in names else None
        self.sort_by(following)

    def action_reverse(self) -> None:
        self.sort_by(self.sorted_by, reverse=not self.is_reversed)
