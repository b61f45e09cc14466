"""Supply: the sealed blobs that orders need, fetched by the owner of a team and handed to its workers.

Where requests take a while, one process asks the store, for several spans at once and ahead of the workers. These get
rations: blobs one behind the other in shared memory, in the order in which they are used. What cannot be had in this
way (damage, a missing pack) is left out of its ration, and the worker asks the store itself.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from tui_backup.errors import Corrupted, NotFound
from tui_backup.formats.restic.index import Place
from tui_backup.formats.restic.spans import Span, gap_of, join
from tui_backup.primitives.crew import Channel
from tui_backup.primitives.shared_memory import Lender, borrowed
from tui_backup.stores.base import Store
from tui_backup.stores.parallel import Answer, fetched

_RATION = 4 << 20
"""Bytes of a ration, but for one of a single blob."""
_GROUP = 16 << 20
"""Bytes of which it is known what lies together."""
_MOST_BYTES = 24 << 20
"""Bytes on their way at once."""
MOST_GIVEN = 12 << 20
"""Bytes that one worker has before it, but for a single ration that is larger."""


class Ration(msgspec.Struct, tag=True, array_like=True):
    """The next blobs of an order; the memory that comes along holds those that could be had."""

    size: int
    """Bytes of that memory; 0: none comes along."""
    lengths: list[int]
    """Sealed length of each blob; 0 of one that could not be had."""


class Used(msgspec.Struct, tag=True, array_like=True):
    """A worker has done with rations of so many bytes."""

    size: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Ration)


class Need(msgspec.Struct):
    """What an order reads, in the order in which it does."""

    order: Any
    places: Sequence[Place]


class Served(msgspec.Struct):
    """A ration for the order that was yielded last, or for a new one."""

    order: Any
    """None: it is for the last one."""
    ration: Ration
    memory: memoryview | None
    """Lent to the worker."""


class _Part(msgspec.Struct):
    """What a ration will hold."""

    order: Any
    places: list[Place]
    spans: list[int] = []
    """By blob, the number of the span that it lies in."""


def served(store: Store, needs: Iterable[Need], pulse: Callable[[], None]) -> Iterator[Served]:
    """Yield the orders with their rations; `pulse` is as `stores.parallel.fetched` has it. Raises StoreError."""
    planning = _Planning(gap_of(store))
    spans = planning.spans(_grouped(_parts(needs)))
    coming = fetched(
        store, spans, lambda span: span[1].fetch(store), size=lambda span: span[1].size, pulse=pulse,
        most_bytes=_MOST_BYTES,
    )  # fmt: skip
    held: dict[int, tuple[Span, Answer[bytes]]] = {}
    for (number, span), answer in coming:
        held[number] = span, answer
        yield from planning.ready(number, held)
    yield from planning.ready(planning.count, held)


class _Planning:
    """Which spans are fetched, and which parts are made of them."""

    def __init__(self, gap: int) -> None:
        self._gap = gap
        self._lender = Lender()
        self._parts: deque[_Part] = deque()
        self._uses: Counter[int] = Counter()
        """By span, the parts still to come that need it."""
        self.count = 0
        """Spans so far."""

    def spans(self, groups: Iterable[list[_Part]]) -> Iterator[tuple[int, Span]]:
        """Yield the spans of each group with their numbers, in the order of their first use."""
        for group in groups:
            numbered = self._plan(group)
            self._parts += group
            yield from numbered

    def ready(self, last: int, held: dict[int, tuple[Span, Answer[bytes]]]) -> Iterator[Served]:
        """Yield the parts that need no span behind the number `last`; drop the spans that no later one needs."""
        while self._parts and max(self._parts[0].spans, default=0) <= last:
            part = self._parts.popleft()
            yield _serve(part, held, self._lender)
            for number in set(part.spans):
                self._uses[number] -= 1
                if not self._uses[number]:
                    del self._uses[number], held[number]

    def _plan(self, group: list[_Part]) -> list[tuple[int, Span]]:
        places = sorted({place for part in group for place in part.places}, key=lambda each: (each.pack, each.offset))
        span_of: dict[Place, Span] = {}
        at = 0
        while at < len(places):
            span, end = join(places, at, self._gap)
            span_of.update(dict.fromkeys(places[at:end], span))
            at = end
        numbers: dict[Span, int] = {}
        for part in group:
            part.spans = [numbers.setdefault(span_of[place], self.count + len(numbers)) for place in part.places]
            self._uses.update(set(part.spans))
        self.count += len(numbers)
        return [(number, span) for span, number in numbers.items()]


def _serve(part: _Part, held: dict[int, tuple[Span, Answer[bytes]]], lender: Lender) -> Served:
    pieces: list[memoryview] = []
    lengths: list[int] = []
    for place, number in zip(part.places, part.spans, strict=True):
        span, answer = held[number]
        try:
            content = memoryview(answer.take())
        except (NotFound, Corrupted):
            lengths.append(0)
            continue
        start = place.offset - span.start
        pieces.append(content[start : start + place.length])
        lengths.append(place.length)
    size = sum(lengths)
    if not size:
        return Served(part.order, Ration(0, lengths), None)
    memory, at = lender.take(size), 0
    for piece in pieces:
        memory[at : at + len(piece)] = piece
        at += len(piece)
    return Served(part.order, Ration(size, lengths), memory)


def _parts(needs: Iterable[Need]) -> Iterator[_Part]:
    for need in needs:
        order: Any = need.order
        places: list[Place] = []
        size = 0
        for place in need.places:
            if places and size + place.length > _RATION:
                yield _Part(order, places)
                order, places, size = None, [], 0
            places.append(place)
            size += place.length
        yield _Part(order, places)


def _grouped(parts: Iterable[_Part]) -> Iterator[list[_Part]]:
    group: list[_Part] = []
    size = 0
    for part in parts:
        group.append(part)
        size += sum(place.length for place in part.places)
        if size >= _GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


class Rations:
    """The worker's end: gives the blobs of an order one after the other; for one thread."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._memory = memoryview(b"")
        self._lengths: list[int] = []
        self._number = 0
        """Of the first blob of the present ration."""
        self._at = 0
        self._passed = 0

    def get(self, number: int) -> memoryview | None:
        """Return the sealed bytes of the order's blob of that number, not below an earlier one; None: not to be had."""
        while number >= self._number + len(self._lengths):
            self._next()
        for length in self._lengths[self._passed : number - self._number]:
            self._at += length
        self._passed = number - self._number
        length = self._lengths[self._passed]
        return self._memory[self._at : self._at + length] if length else None

    def finish(self, count: int) -> None:
        """Pass over what is left of an order of so many blobs."""
        while count > self._number + len(self._lengths):
            self._next()
        self._drop()
        self._number, self._lengths = 0, []

    def _next(self) -> None:
        self._number += len(self._lengths)
        self._drop()
        ration = _decoder.decode(self._channel.receive())
        if ration.size:
            self._memory = borrowed(self._channel.descriptors.popleft(), ration.size)
        self._lengths, self._at, self._passed = ration.lengths, 0, 0

    def _drop(self) -> None:
        size = len(self._memory)
        self._memory = memoryview(b"")
        if size:
            self._channel.send(_encoder.encode(Used(size)))
