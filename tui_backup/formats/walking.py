"""Walking down a tree of entries, whatever the format."""

from collections.abc import Callable, Iterable, Iterator

from tui_backup.formats.base import Enter
from tui_backup.model.entry import Entry, EntryKind


def walk_down(
    top: Iterable[Entry], below: Callable[[Entry, int], Iterable[Entry]], enter: Enter | None
) -> Iterator[Entry]:
    """Yield entries and everything below them, directories before what they hold.

    `below` returns what a directory holds; it is told how many lie above that, itself included. With `enter`,
    directories for which it returns False are yielded and not gone into; it is asked after they are.
    """
    levels = [iter(top)]
    while levels:
        entry = next(levels[-1], None)
        if entry is None:
            levels.pop()
            continue
        yield entry
        if entry.kind is EntryKind.DIR and (enter is None or enter(entry)):
            levels.append(iter(below(entry, len(levels))))
