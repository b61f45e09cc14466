"""Tree listing: one directory of a snapshot at a time, with marks that hold for all below."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.binding import Binding
from textual.message import Message

from tui_backup.model.entry import Entry, EntryKind
from tui_backup.primitives.clock import from_ns
from tui_backup.primitives.i18n import _
from tui_backup.tui.desk import Desk
from tui_backup.tui.restore.marks import Mark, Marks
from tui_backup.tui.widgets.cells import Cell, Piece, Role
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.widgets.listing import Listing, Remark
from tui_backup.tui.words import brief_size, day_and_time


@dataclass(frozen=True, slots=True)
class Row:
    """An entry of the directory, or one of the two ways out of it."""

    path: bytes
    """Of the entry; of the directory above; or `b"/"`."""
    entry: Entry | None = None
    is_onward: bool = False
    """Whether this is the line that goes on."""

    @property
    def is_directory(self) -> bool:
        """Whether one can look into it."""
        return not self.is_onward and (self.entry is None or self.entry.kind is EntryKind.DIR)


class TreeListing(Listing[Row]):
    """Space marks what stands under the cursor."""

    BINDINGS = [
        Binding("right,l", "enter", _("Look into"), show=False, id="tree.enter"),
        Binding("left,h,backspace", "ascend", _("Up"), show=False, id="tree.ascend",
                tooltip=_("Go to the directory above")),
    ]  # fmt: skip

    class Ascend(Message):
        """Somebody wants to see the directory above."""

    class Entered(Message):
        """Somebody wants to look into a directory."""

        def __init__(self, path: bytes) -> None:
            super().__init__()
            self.path = path

    def __init__(self, desk: Desk, marks: Marks, told: Callable[[], str], *, id: str) -> None:  # noqa: A002 - as every widget has it
        """`told` says what the line that goes on goes on with."""
        self._desk = desk
        self._told = told
        self.meant = marks
        self.known: dict[bytes, Entry] = {}
        """What was seen of the paths that were marked."""
        columns = [
            Column[Row](id="mark", title="", cell=self._sign, width=2),
            Column[Row](id="name", title=_("Name"), cell=self._named, grows=True, least=34, crop="middle"),
            Column[Row](id="size", title=_("Size"), cell=_size, width=9, right=True),
            Column[Row](id="modified", title=_("Modified"), cell=self._modified, width=16, rank=1),
        ]
        super().__init__(
            columns, key=lambda row: (row.path, row.is_onward), empty=Remark(_("An empty directory")), id=id
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        return True

    def action_mark(self) -> None:
        row = self.row
        if row is None or (row.entry is None and not row.is_onward):
            return
        if row.is_onward:
            self.meant.clear()
        else:
            self.meant.toggle(row.path)
            self._learn([row])
        self.redraw()
        self.cursor += 0 if row.is_onward else 1
        self.post_message(self.Marked(self, self.row))

    def action_invert(self) -> None:
        entries = [row.path for row in self.rows if row.entry is not None]
        if entries:
            self.meant.invert(entries[0].rpartition(b"/")[0] or b"/", entries)
            self._learn(self.rows)
        self.redraw()
        self.post_message(self.Marked(self, self.row))

    def action_enter(self) -> None:
        """Look into the directory under the cursor."""
        row = self.row
        if row is not None and row.is_directory:
            self.post_message(self.Entered(row.path) if row.entry is not None else self.Ascend())

    def action_ascend(self) -> None:
        """Go to the directory above."""
        self.post_message(self.Ascend())

    def _learn(self, rows: Sequence[Row]) -> None:
        self.known |= {row.path: row.entry for row in rows if row.entry is not None and row.path in self.meant.marked}

    def _sign(self, row: Row) -> Cell:
        glyphs = self._desk.glyphs
        if row.is_onward:
            return [(glyphs.arrow, "accent")]
        if row.entry is None:
            return ""
        signs: dict[Mark, tuple[str, Role]] = {
            Mark.NONE: (glyphs.missing, "dim"),
            Mark.PART: (glyphs.running, "accent"),
            Mark.WHOLE: (glyphs.present, "accent"),
            Mark.LEFT_OUT: (glyphs.failed, "warning"),
        }
        return [signs[self.meant.of(row.path)]]

    def _named(self, row: Row) -> list[Piece]:
        if row.is_onward:
            return [(self._told(), "bold")]
        if row.entry is None:
            return [("..", "dim")]
        name = os.fsdecode(row.entry.name)
        mark = self.meant.of(row.path)
        tail: list[Piece] = [("  " + _("(left out)"), "warning")] if mark is Mark.LEFT_OUT else []
        match row.entry.kind:
            case EntryKind.DIR:
                return [(f"{name}/", "bold"), *tail]
            case EntryKind.SYMLINK:
                target = os.fsdecode(row.entry.target)
                return [(name, "plain"), (f" {self._desk.glyphs.arrow} {target}", "dim"), *tail]
            case _:
                return [(name, "plain"), *tail]

    def _modified(self, row: Row) -> str:
        if row.entry is None:
            return ""
        return day_and_time(from_ns(row.entry.mtime_ns), self._desk.now(), self._desk.zone)


def _size(row: Row) -> str:
    return brief_size(row.entry.size) if row.entry is not None and row.entry.kind is EntryKind.FILE else ""
