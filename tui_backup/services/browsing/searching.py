"""Searching many snapshots for names: what two of them have alike is gone through once."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from tui_backup.errors import Corrupted
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.services.browsing.directories import Copy
from tui_backup.services.browsing.opened import reading
from tui_backup.services.storage.snapshots import Found, Shelf

MOST = 10_000
"""Hits after which a search ends."""

_MOST_DIRECTORIES = 500_000
"""Directories that a search remembers."""


class Sighted(msgspec.Struct):
    """One state of a path that a search found; the last three may still change while the search goes on."""

    entry: Entry
    newest: Copy
    """The newest snapshot that has it."""
    oldest: Copy
    snapshots: int = 1
    """How many have it."""


class Search:
    """A search that goes on; what it counts may be read from any thread meanwhile."""

    def __init__(self, matches: Callable[[bytes], bool]) -> None:
        self.looked_at = 0
        """Entries that were compared."""
        self.snapshots_done = 0
        self.snapshots_total = 0
        self.is_cut_short = False
        """Whether it ended because it had found enough."""
        self.damaged: list[str] = []
        """What could not be gone through, a sentence each."""
        self._matches = matches
        self._known: dict[tuple[bytes, bytes], tuple[Entry, ...]] = {}
        self._found: dict[tuple[object, ...], Sighted] = {}

    @property
    def hits(self) -> int:
        """Different states of paths that were found."""
        return len(self._found)

    def run(self, snapshots: Sequence[Found], watch: Watch) -> Iterator[Sighted]:
        """Yield what matches, each state of a file and each directory once, newest first; under shared locks.

        Raises:
            Cancelled: nobody wants to know any more.
            Locked, StoreError: a repository cannot be read now.
        """
        self.snapshots_total = len(snapshots)
        shelves: list[Shelf] = [found.shelf for found in snapshots]
        with reading(shelves, watch):
            for found in sorted(snapshots, key=lambda each: each.snapshot.time, reverse=True):
                copy = Copy(snapshot=found.snapshot, repository=found.shelf.name)
                try:
                    yield from filter(None, (self._note(entry, copy) for entry in self._matching(found, watch)))
                except Corrupted as error:
                    self.damaged.append(error.message)
                if self.is_cut_short:
                    return
                self.snapshots_done += 1

    def _note(self, entry: Entry, copy: Copy) -> Sighted | None:
        """Take account of a match; return it unless that state of the path was found before."""
        state = (entry.size, entry.mtime_ns, entry.target, entry.origin.fingerprint(entry))
        key = (entry.path, entry.kind, *(() if entry.kind is EntryKind.DIR else state))
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = Sighted(entry, copy, copy)
            return known
        known.oldest = copy
        known.snapshots += 1
        return None

    def _matching(self, found: Found, watch: Watch) -> Iterator[Entry]:
        """Yield what matches in one snapshot; of a directory that was gone through before, what was found then."""
        walk = _Walk(self._known)
        warned = Watch(watch.cancel, lambda _path, message: self.damaged.append(message))
        for entry in found.shelf.repository.entries(found.snapshot, watch=warned, enter=walk.enter):
            watch.check()
            if self.hits >= MOST:
                self.is_cut_short = True
                return
            self.looked_at += 1
            watch.current = entry.path
            hit = self._matches(entry.path)
            walk.come_to(entry, is_hit=hit)
            if hit:
                yield entry
            yield from walk.skipped(entry)
        walk.end()


class _Walk:
    """One walk through a snapshot, and what it leaves for the next: directory -> what was found below it."""

    def __init__(self, known: dict[tuple[bytes, bytes], tuple[Entry, ...]]) -> None:
        self._known = known
        self._open: list[tuple[Entry, list[Entry]]] = []

    def enter(self, directory: Entry) -> bool:
        """Whether a directory was not gone through yet."""
        return _key(directory) not in self._known

    def come_to(self, entry: Entry, *, is_hit: bool) -> None:
        """Take account of the next entry: directories that it does not lie in are done with."""
        while self._open and not entry.path.startswith(self._open[-1][0].path + b"/"):
            self._leave()
        if is_hit and self._open:
            self._open[-1][1].append(entry)
        if entry.kind is EntryKind.DIR and self.enter(entry):
            self._open.append((entry, []))

    def skipped(self, entry: Entry) -> tuple[Entry, ...]:
        """Return what is known to match below an entry that will not be gone into."""
        found = self._known.get(_key(entry), ()) if entry.kind is EntryKind.DIR else ()
        if found and self._open:
            self._open[-1][1].extend(found)
        return found

    def end(self) -> None:
        """Be done with all directories."""
        while self._open:
            self._leave()

    def _leave(self) -> None:
        directory, hits = self._open.pop()
        if directory.origin.fingerprint(directory) is not None and len(self._known) < _MOST_DIRECTORIES:
            self._known[_key(directory)] = tuple(hits)
        if self._open:
            self._open[-1][1].extend(hits)


def _key(directory: Entry) -> tuple[bytes, bytes]:
    """Return what a directory has in common with those that hold the same."""
    return directory.path, directory.origin.fingerprint(directory) or b""
