"""Spans: sealed blobs of a store, fetched together where they lie together."""

from collections.abc import Sequence

from tui_backup.errors import Unreadable
from tui_backup.formats.restic.index import Place
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.stores.base import Store

_SPAN = 8 << 20
"""Bytes fetched at once at most, but for a blob that is larger."""
_GAP = 64 << 10
"""Bytes between two blobs that are fetched along rather than asked for separately."""


class Spans:
    """Sealed bytes at some places, wanted in about the order given; for one thread."""

    def __init__(self, store: Store, places: Sequence[Place]) -> None:
        self._store = store
        self._places = places
        self._next = 0
        self._pack = b""
        self._start = 0
        self._held = memoryview(b"")

    def get(self, place: Place) -> memoryview:
        """Return the sealed bytes at a place; raises NotFound, Corrupted or StoreError.

        Where the disk does not give back what lies together, what is wanted is asked for alone.
        """
        if not self._has(place):
            self._fetch(place)
        at = place.offset - self._start
        return self._held[at : at + place.length]

    def _has(self, place: Place) -> bool:
        end = self._start + len(self._held)
        return self._pack == place.pack and self._start <= place.offset and place.offset + place.length <= end

    def _fetch(self, place: Place) -> None:
        while self._next < len(self._places) and self._places[self._next] != place:
            self._next += 1
        start, end = place.offset, place.offset + place.length
        for number in range(self._next, len(self._places)):
            other = self._places[number]
            if other.pack != place.pack or not start <= other.offset <= end + _GAP:
                break
            if other.offset + other.length - start > _SPAN:
                break
            end = max(end, other.offset + other.length)
        key = key_of(FileKind.DATA, place.pack.hex())
        try:
            self._held = memoryview(self._store.get(key, start, end - start))
        except Unreadable:
            if end == start + place.length:
                raise
            self._held = memoryview(self._store.get(key, start, place.length))
        self._pack, self._start = place.pack, start
        if self._next >= len(self._places):
            self._next = 0
