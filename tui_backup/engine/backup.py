"""Backing up: what the sources yield becomes one snapshot."""

import os
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import chain, islice

import msgspec

from tui_backup.errors import SourceError
from tui_backup.formats.base import Brief, Draft, Repository, Tally
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
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
    return keep_entries(entries_of(sources, watch), repository, brief, watch)


def keep_entries(entries: Iterator[Entry | Unread], repository: Repository, brief: Brief, watch: Watch) -> BackedUp:
    """Keep what somebody has begun to walk as one snapshot; otherwise as `back_up`."""
    with repository.begin(brief, watch) as draft:
        for found in entries:
            if isinstance(found, Entry):
                draft.add(found)
            else:
                _tell(draft, found, watch)
        return BackedUp(draft.commit(), draft.tally)


def entries_of(sources: Sequence[Source], watch: Watch) -> Iterator[Entry | Unread]:
    """Yield what the sources yield, in one order; what several have comes once."""
    if len(sources) == 1:
        return sources[0].entries(watch)
    return _once(merge(*_begun(sources, watch), key=_place))


def _begun(sources: Sequence[Source], watch: Watch) -> list[Iterator[Entry | Unread]]:
    """Begin every source; where nothing of one is there, that is told in its place, unless it is so of all."""
    begun: list[Iterator[Entry | Unread]] = []
    missing: list[SourceError] = []
    for source in sources:
        found = source.entries(watch)
        try:
            begun.append(chain(list(islice(found, 1)), found))
        except SourceError as error:
            missing.append(error)
            begun.append(iter([Unread(os.fsencode(root), error.message) for root in source.roots()]))
    if len(missing) == len(sources):
        raise missing[0]
    return begun


def _once(found: Iterator[Entry | Unread]) -> Iterator[Entry | Unread]:
    kept: Entry | None = None
    for each in found:
        if isinstance(each, Unread):
            yield each
        elif kept is None or each.path != kept.path:
            kept = each
            yield each
        elif not _is_same(kept, each):
            yield Unread(each.path, _("another source has something else of this name"))


def _is_same(one: Entry, other: Entry) -> bool:
    """Whether two sources came upon one thing, or upon directories whose contents can be put together."""
    if one.kind is not other.kind:
        return False
    place = one.origin.local_path(one)
    return one.kind is EntryKind.DIR or (place is not None and place == other.origin.local_path(other))


def _place(found: Entry | Unread) -> tuple[list[bytes], bool]:
    """Sort a directory before what it holds, and that before its next sibling; what cannot be read has no place.

    Of two entries with one path a directory comes first: the other may have been found in it.
    """
    return (found.path.split(b"/"), found.kind is not EntryKind.DIR) if isinstance(found, Entry) else ([], False)


def _tell(draft: Draft, unread: Unread, watch: Watch) -> None:
    watch.warn(unread.path, unread.reason)
    if not unread.vanished:
        draft.mark_incomplete()
        draft.tally.unreadable += 1
