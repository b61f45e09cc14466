"""Backing up: what the sources yield becomes one snapshot."""

from collections.abc import Iterator, Sequence
from heapq import merge

import msgspec

from tui_backup.formats.base import Brief, Draft, Repository, Tally
from tui_backup.model.entry import Entry
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.sources.base import Source, Unread


class BackedUp(msgspec.Struct, frozen=True):
    """A snapshot that was made, and what went into it."""

    snapshot: Snapshot
    tally: Tally


def back_up(sources: Sequence[Source], repository: Repository, brief: Brief, watch: Watch) -> BackedUp:
    """Keep everything the sources yield as one snapshot.

    What exists and cannot be read is warned about, left out, and makes the snapshot incomplete.

    Raises:
        SourceError: nothing of the sources is there.
        Cancelled: the run was asked to stop; no snapshot was made.
    """
    with repository.begin(brief, watch) as draft:
        _feed(draft, sources, watch)
        return BackedUp(draft.commit(), draft.tally)


def _feed(draft: Draft, sources: Sequence[Source], watch: Watch) -> None:
    for found in _entries(sources, watch):
        if isinstance(found, Entry):
            draft.add(found)
        else:
            _tell(draft, found, watch)


def _entries(sources: Sequence[Source], watch: Watch) -> Iterator[Entry | Unread]:
    """Yield what the sources yield, in one order; a directory that several have comes once."""
    if len(sources) == 1:
        return sources[0].entries(watch)
    return _once(merge(*(source.entries(watch) for source in sources), key=_place))


def _once(found: Iterator[Entry | Unread]) -> Iterator[Entry | Unread]:
    last: bytes | None = None
    for each in found:
        if isinstance(each, Unread) or each.path != last:
            yield each
        if isinstance(each, Entry):
            last = each.path


def _place(found: Entry | Unread) -> list[bytes]:
    """Sort a directory before what it holds, and that before its next sibling; what cannot be read has no place."""
    return found.path.split(b"/") if isinstance(found, Entry) else []


def _tell(draft: Draft, unread: Unread, watch: Watch) -> None:
    watch.warn(unread.path, unread.reason)
    if not unread.vanished:
        draft.mark_incomplete()
        draft.tally.unreadable += 1
