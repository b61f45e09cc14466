"""OpeningWork: placing files and proving packs, as a team does it."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from tui_backup.formats.base import Landing
from tui_backup.formats.restic.crypto import Keys
from tui_backup.formats.restic.index import Place
from tui_backup.formats.restic.opening.opener import (
    Answer,
    Land,
    Landed,
    Moved,
    Opener,
    Order,
    Proved,
    Setup,
    answer_decoder,
    encoder,
    first_places,
)
from tui_backup.formats.restic.writing.sealing import Sealed
from tui_backup.model.watch import Watch
from tui_backup.stores.base import Store


class OpeningWork:
    """What is opened, where it lands, and who hears of it."""

    hand = "tui_backup.formats.restic.opening.opener:OpeningHand"

    def __init__(
        self,
        place: tuple[Store, Keys],
        landing: Landing | None,
        on_answer: Callable[[Landed | Proved], None],
        watch: Watch,
    ) -> None:
        self._store, self._keys = place
        self._landing = landing
        self._on_answer = on_answer
        self._watch = watch

    def setup(self) -> bytes | None:
        """Return what each worker is given; None where store or landing are out of its reach."""
        recipe = self._store.recipe()
        landing = self._landing.recipe() if self._landing is not None else None
        if recipe is None or (self._landing is not None and landing is None):
            return None
        return encoder.encode(Setup(recipe, self._keys, landing, self._store.connections > 1))

    def decode(self, message: bytes) -> Answer:
        """Return the answer in a worker's message."""
        answer: Answer = answer_decoder.decode(message)
        return answer

    def hear(self, answer: Moved | Landed | Proved) -> bool:
        """Take in an answer; return whether an order ends with it."""
        if isinstance(answer, Moved):
            self._watch.bytes_done += answer.size
            return False
        self._on_answer(answer)
        return True

    def take_over(self, sealed: Sealed, descriptor: int) -> None:
        """Get no pack: nothing is stored here."""
        raise AssertionError("nobody seals")

    def places(self, order: Order) -> Sequence[Place]:
        """Return what an order reads."""
        if isinstance(order, Land):
            return first_places(order.files)
        return [Place(bytes.fromhex(order.pack), 0, order.size, 0)]

    def here(self, order: Order) -> Iterator[Landed | Proved]:
        """Carry out an order in this process."""
        yield self._opener.land(order.files) if isinstance(order, Land) else self._opener.prove(order)

    @cached_property
    def _opener(self) -> Opener:
        return Opener(self._store, self._keys, self._landing, self._moved)

    def _moved(self, size: int) -> None:
        self._watch.bytes_done += size
        self._watch.check()
