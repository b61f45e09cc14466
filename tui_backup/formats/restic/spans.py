"""Spans: sealed blobs of a store, fetched together where they lie together."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from tui_backup.errors import Unreadable
from tui_backup.formats.restic.index import Place
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.stores.base import Store
from tui_backup.stores.parallel import Answer, fetched, no_pulse

_SPAN = 8 << 20
"""Bytes fetched at once at most, but for a blob that is larger."""
_GAP = 64 << 10
"""Bytes between two blobs that are fetched along rather than asked for separately."""
_FAR_GAP = 1 << 20
"""The same where every request takes a while; as restic has it."""


class Span(msgspec.Struct, frozen=True, gc=False):
    """A part of a pack."""

    pack: bytes
    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes of it."""
        return self.end - self.start

    def holds(self, place: Place) -> bool:
        """Whether a place lies in it."""
        return self.pack == place.pack and self.start <= place.offset and place.offset + place.length <= self.end

    def fetch(self, store: Store) -> bytes:
        """Return its bytes; raises NotFound, Corrupted or StoreError."""
        return store.get(key_of(FileKind.DATA, self.pack.hex()), self.start, self.size)


def span_of(place: Place) -> Span:
    """Return the place alone."""
    return Span(place.pack, place.offset, place.offset + place.length)


def gap_of(store: Store) -> int:
    """Return how many bytes between two blobs are fetched along rather than asked for separately."""
    return _GAP if store.connections == 1 else _FAR_GAP


def join(places: Sequence[Place], first: int, gap: int) -> tuple[Span, int]:
    """Return what is fetched together, beginning with the place number `first`, and the number of the one behind it."""
    pack, start = places[first].pack, places[first].offset
    end = start + places[first].length
    number = first + 1
    while number < len(places):
        other = places[number]
        if other.pack != pack or not start <= other.offset <= end + gap:
            break
        if other.offset + other.length - start > _SPAN:
            break
        end = max(end, other.offset + other.length)
        number += 1
    return Span(pack, start, end), number


class Spans:
    """Sealed bytes at some places, wanted in about the order given; for one thread.

    Where requests take a while, what follows is fetched ahead; `pulse` is as `stores.parallel.fetched` has it.
    """

    def __init__(self, store: Store, places: Sequence[Place], pulse: Callable[[], None] = no_pulse) -> None:
        self._store = store
        self._places = places
        self._next = 0
        self._span = Span(b"", 0, 0)
        self._held = memoryview(b"")
        self._numbers: dict[Place, list[int]] | None = None
        if store.connections > 1:
            self._numbers = {}
            for number, place in enumerate(places):
                self._numbers.setdefault(place, []).append(number)
            self._coming = fetched(store, self._joined(), self._ask, size=_size_of, pulse=pulse)

    def get(self, place: Place) -> memoryview:
        """Return the sealed bytes at a place; raises NotFound, Corrupted or StoreError.

        Where the disk does not give back what lies together, what is wanted is asked for alone.
        """
        if not self._span.holds(place):
            span, content = self._fetch(place) if self._numbers is None else self._await(place, self._numbers)
            self._span, self._held = span, memoryview(content)
        at = place.offset - self._span.start
        return self._held[at : at + place.length]

    def _fetch(self, place: Place) -> tuple[Span, bytes]:
        while self._next < len(self._places) and self._places[self._next] != place:
            self._next += 1
        wanted, first = self._places, self._next
        if first >= len(self._places):
            wanted, first, self._next = (place,), 0, 0
        return self._take(join(wanted, first, _GAP)[0], place)

    def _await(self, place: Place, numbers: dict[Place, list[int]]) -> tuple[Span, bytes]:
        """Return what was fetched ahead; what is wanted out of turn is asked for alone."""
        number = next((number for number in numbers.get(place, ()) if number >= self._next), None)
        if number is None:
            return self._take(span_of(place), place)
        while number >= self._next:
            (span, self._next), answer = next(self._coming)
        return self._take(span, place, answer)

    def _take(self, span: Span, place: Place, answer: Answer[bytes] | None = None) -> tuple[Span, bytes]:
        try:
            return span, span.fetch(self._store) if answer is None else answer.take()
        except Unreadable:
            if span.size == place.length:
                raise
        alone = span_of(place)
        return alone, alone.fetch(self._store)

    def _joined(self) -> Iterator[tuple[Span, int]]:
        """Yield what is fetched together, with the number of the place behind it."""
        number = 0
        while number < len(self._places):
            span, number = join(self._places, number, gap_of(self._store))
            yield span, number

    def _ask(self, joined: tuple[Span, int]) -> bytes:
        return joined[0].fetch(self._store)


def _size_of(joined: tuple[Span, int]) -> int:
    return joined[0].size
