"""What a backup would store, found out without reading or storing anything."""

import heapq
from collections.abc import Iterator, Sequence

from tui_backup.formats.base import Tally
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.sources.base import Source, Unread


def rehearse(sources: Sequence[Source], parent: Iterator[Entry], watch: Watch) -> Tally:
    """Walk the sources beside the entries of an earlier snapshot.

    In the tally, `bytes_added` is the size of all new and changed files: what would be stored at most.

    Raises:
        SourceError: nothing of a source can be read.
    """
    tally = Tally()
    old = next(parent, None)
    for entry in _in_order(sources, tally, watch):
        watch.check()
        key = _order(entry)
        while old is not None and _order(old) < key:
            old = next(parent, None)
        same = old if old is not None and old.path == entry.path else None
        _count(tally, entry, same)
        watch.files_done, watch.bytes_done, watch.current = _files(tally), tally.bytes_processed, entry.path
    return tally


def _in_order(sources: Sequence[Source], tally: Tally, watch: Watch) -> Iterator[Entry]:
    """Yield the entries of all sources as one stream, each path once."""
    last = b""
    for entry in heapq.merge(*(_readable(source, tally, watch) for source in sources), key=_order):
        if entry.path != last:
            yield entry
        last = entry.path


def _readable(source: Source, tally: Tally, watch: Watch) -> Iterator[Entry]:
    for entry in source.entries(watch):
        if isinstance(entry, Entry):
            yield entry
            continue
        if not entry.vanished:
            tally.unreadable += 1
        _warn(entry, watch)


def _warn(unread: Unread, watch: Watch) -> None:
    watch.warn(unread.path, unread.reason)


def _order(entry: Entry) -> bytes:
    """Sort key in which a directory comes right before what it holds."""
    return entry.path.replace(b"/", b"\0")


def _count(tally: Tally, entry: Entry, old: Entry | None) -> None:
    if entry.kind is EntryKind.DIR:
        tally.dirs += 1
        return
    tally.bytes_processed += entry.size
    if old is None:
        tally.files_new += 1
    elif _state(old) == _state(entry):
        tally.files_unmodified += 1
        return
    else:
        tally.files_changed += 1
    tally.bytes_added += entry.size


def _state(entry: Entry) -> tuple[object, ...]:
    return entry.kind, entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode, entry.target


def _files(tally: Tally) -> int:
    return tally.files_new + tally.files_changed + tally.files_unmodified
