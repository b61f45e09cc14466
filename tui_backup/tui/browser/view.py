"""View: directories that were looked at, and how many of them are kept at hand."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tui_backup.model.entry import Entry, EntryKind
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import number
from tui_backup.services.browsing.directories import Comparison, Copy, directory, entry_at
from tui_backup.services.workspace import Workspace
from tui_backup.tui.browser.rows import Row, parent_of, rows_of
from tui_backup.tui.words import brief_size

MOST_ROWS = 200_000
"""Rows of directories that are kept at hand, beside those that are shown."""


@dataclass
class View:
    """A directory as it was read."""

    path: bytes
    rows: list[Row]
    """What the snapshot has."""
    entries: Mapping[bytes, Entry]
    """The same by path."""
    size: int
    """Bytes of the files in it, not below it."""
    comparisons: dict[str, tuple[list[Row], Comparison]] = field(default_factory=dict)
    """What it was compared with -> rows of both sides, and how they differ."""

    @classmethod
    def of(cls, path: bytes, entries: Sequence[Entry]) -> "View":
        """Make the view of a directory."""
        by_path = {entry.path: entry for entry in entries}
        return cls(path, rows_of(entries), by_path, sum(entry.size for entry in entries))

    def told(self) -> str:
        """Return how much it holds itself."""
        count = len(self.rows)
        entries = ngettext("{count} entry", "{count} entries", count).format(count=number(count))
        return f"{entries}, {brief_size(self.size)}"


def view_at(workspace: Workspace, copy: Copy, path: bytes) -> View:
    """Return the view of a directory, or of the one that something else lies in; raises BackupError."""
    entry = None if path == b"/" else entry_at(workspace, copy, path)
    if entry is None or entry.kind is EntryKind.DIR:
        return View.of(path, directory(workspace, copy, entry or path))
    return View.of(parent_of(path), directory(workspace, copy, parent_of(path)))


def first_view(workspace: Workspace, copy: Copy, path: bytes) -> View:
    """Do the same as `view_at`; for the root, return the topmost directory that holds more than one directory."""
    if path != b"/":
        return view_at(workspace, copy, path)
    view = View.of(b"/", directory(workspace, copy, b"/"))
    while len(view.rows) == 1 and view.rows[0].is_directory:
        entry = view.rows[0].entry
        view = View.of(entry.path, directory(workspace, copy, entry))
    return view


class Views:
    """Views that were left and may be come back to; the one left longest ago goes first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, View] = OrderedDict()
        self._rows = 0

    def get(self, path: bytes) -> View | None:
        """Return the view of a directory, if it is at hand."""
        view = self._kept.get(path)
        if view is not None:
            self._kept.move_to_end(path)
        return view

    def keep(self, view: View) -> None:
        """Have a view at hand."""
        if view.path not in self._kept:
            self._kept[view.path] = view
            self._rows += len(view.rows)
        while self._rows > MOST_ROWS and len(self._kept) > 1:
            _path, oldest = self._kept.popitem(last=False)
            self._rows -= len(oldest.rows)


class Marks:
    """What somebody has marked, in whichever directory."""

    def __init__(self) -> None:
        self._marked: dict[bytes, Entry] = {}
        self._bytes = self._directories = 0

    @property
    def paths(self) -> tuple[bytes, ...]:
        """The paths, in the order in which they were marked."""
        return tuple(self._marked)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The same with all that is known of them."""
        return tuple(self._marked.values())

    def of(self, view: View) -> set[bytes]:
        """Return the marks in a directory."""
        return {path for path in self._marked if path in view.entries}

    def turn(self, view: View, paths: Iterable[Hashable]) -> None:
        """Mark those of some paths in a directory that are not marked, and unmark the others."""
        marked, entries = self._marked, view.entries
        for path in paths:
            entry = entries.get(path)  # type: ignore[call-overload]  # what is no path is not found
            if entry is None:
                continue
            if marked.pop(entry.path, None) is None:
                marked[entry.path] = entry
                self._bytes += entry.size
                self._directories += entry.kind is EntryKind.DIR
            else:
                self._bytes -= entry.size
                self._directories -= entry.kind is EntryKind.DIR

    def clear(self) -> None:
        """Unmark everything."""
        self._marked.clear()
        self._bytes = self._directories = 0

    def told(self) -> str:
        """Return how many there are, and how large; nothing where nothing is marked."""
        if not self._marked:
            return ""
        directories, size = self._directories, brief_size(self._bytes)
        if directories == len(self._marked):
            text = ngettext("{count} directory marked", "{count} directories marked", directories)
            return text.format(count=number(directories))
        if directories:
            text = ngettext(
                "{count} marked, {size} and {directories} directory",
                "{count} marked, {size} and {directories} directories",
                directories,
            )
            return text.format(count=number(len(self._marked)), size=size, directories=number(directories))
        return _("{count} marked, {size}").format(count=number(len(self._marked)), size=size)
