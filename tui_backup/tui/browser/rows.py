"""Rows: what a directory of a snapshot is shown as."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from tui_backup.engine.diff import Change
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.primitives.clock import from_ns
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.words import entry_word
from tui_backup.tui.desk import Desk
from tui_backup.tui.glyphs import Glyphs
from tui_backup.tui.widgets.cells import Cell, Piece, Role
from tui_backup.tui.widgets.columns import Column
from tui_backup.tui.words import brief_size, day_and_time

SIGNS: Mapping[Change, tuple[str, Role]] = {
    Change.ADDED: ("+", "ok"),
    Change.REMOVED: ("-", "error"),
    Change.CONTENT: ("~", "warning"),
    Change.METADATA: ("~", "dim"),
    Change.TYPE: ("~", "warning"),
}

_ORDER = {"-": 0, "+": 1, "~": 2, "": 3}


class Row(msgspec.Struct, frozen=True, gc=False):
    """One entry of a directory."""

    entry: Entry
    name: str
    """For people."""
    words: str
    """What a filter looks at."""
    is_other: bool = False
    """Whether only the other side of a comparison has it."""

    @property
    def is_directory(self) -> bool:
        """Whether it can be gone into."""
        return self.entry.kind is EntryKind.DIR


def rows_of(entries: Sequence[Entry], *, other: bool = False) -> list[Row]:
    """Return the rows of some entries, in their order."""
    names = [printable(entry.path.rpartition(b"/")[2]) for entry in entries]
    return [Row(entry, name, name.casefold(), other) for entry, name in zip(entries, names, strict=True)]


def with_others(rows: Sequence[Row], others: Sequence[Entry]) -> list[Row]:
    """Return rows with those of the other side among them: directories first, each by name."""
    if not others:
        return list(rows)
    return sorted([*rows, *rows_of(others, other=True)], key=lambda row: (not row.is_directory, row.entry.path))


def columns_of(desk: Desk, changes: Callable[[], Mapping[bytes, Change]]) -> list[Column[Row]]:
    """Return what is shown of a row; `changes` gives what has changed in the directory at hand."""

    def sign(row: Row) -> Piece:
        change = changes().get(row.entry.path)
        return SIGNS[change] if change is not None else ("", "plain")

    now = desk.now()
    return [
        Column(
            id="change", title="~" if desk.glyphs.is_ascii else "±", cell=lambda row: [sign(row)], width=1, rank=3,
            sort=lambda row: _ORDER[sign(row)[0]],
        ),
        Column(
            id="name", title=_("Name"), cell=lambda row: name_cell(row, desk.glyphs), grows=True, least=12,
            sort=lambda row: row.words,
        ),
        Column(
            id="size", title=_("Size"), cell=lambda row: size_cell(row.entry), width=8, right=True,
            sort=lambda row: row.entry.size,
        ),
        Column(
            id="modified", title=_("Modified"), cell=lambda row: day_and_time(time_of(row.entry), now, desk.zone),
            width=16, rank=2, sort=lambda row: row.entry.mtime_ns,
        ),
    ]  # fmt: skip


def name_cell(row: Row, glyphs: Glyphs) -> Cell:
    """Return a name, what kind of thing it is, and where it points."""
    role: Role = "dim" if row.is_other else "plain"
    if row.is_directory:
        return [(f"{glyphs.folder} ", "dim" if row.is_other else "accent"), (row.name, role)]
    if row.entry.kind is EntryKind.SYMLINK:
        return [("  ", "plain"), (row.name, role), (f" {glyphs.arrow} {printable(row.entry.target)}", "dim")]
    return [("  ", "plain"), (row.name, role)]


def size_cell(entry: Entry) -> Cell:
    """Return the size of a file, or a word for what has none."""
    return brief_size(entry.size) if entry.kind is EntryKind.FILE else [(entry_word(entry.kind), "dim")]


def time_of(entry: Entry) -> datetime | None:
    """Return when an entry was modified."""
    return from_ns(entry.mtime_ns)


def parent_of(path: bytes) -> bytes:
    """Return the directory above a path; that of the root is the root."""
    return os.path.dirname(path) or b"/"
