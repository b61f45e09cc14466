"""What all stores in front of another one share."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Self

import msgspec

from tui_backup.stores.at_hand import copies, direct, keep_at_hand
from tui_backup.stores.base import Body, ObjectInfo, Retention, Sink, Space, Store
from tui_backup.stores.recipes import opened


class WrappedStore(msgspec.Struct, frozen=True, kw_only=True):
    """Passes everything on to the store beneath it; subclasses do otherwise where they mean to.

    No configuration names one. Its recipe holds that of the store beneath, which is opened when it is decoded.
    """

    kind: ClassVar[str]
    """As the registry has it."""

    beneath: Any
    """A store; or, in a recipe, the kind of one and its encoded options."""

    def __post_init__(self) -> None:
        if isinstance(self.beneath, list):
            kind, options = self.beneath
            msgspec.structs.force_setattr(self, "beneath", opened((kind, options.encode())))

    @property
    def connections(self) -> int:
        """As the store beneath has it."""
        return self._store.connections

    @property
    def retention(self) -> Retention | None:
        """As the store beneath has it."""
        return self._store.retention

    def rooted(self, base: str) -> Self:
        """Return the same in front of the store with relative paths taken from `base`."""
        return msgspec.structs.replace(self, beneath=self._store.rooted(base))

    def recipe(self) -> tuple[str, bytes] | None:
        """Return kind and options, those of the store beneath among them; None where that has no recipe."""
        beneath = self._store.recipe()
        if beneath is None:
            return None
        kind, options = beneath
        try:
            return self.kind, msgspec.json.encode({**self._options(), "beneath": [kind, options.decode()]})
        except UnicodeEncodeError:
            return None

    def create(self) -> None:
        """Make the place."""
        self._store.create()

    def put(self, key: str, body: Body) -> None:
        """Keep an object."""
        self._store.put(key, body)

    def writing(self, key: str) -> AbstractContextManager[Sink]:
        """Give what takes an object piece by piece."""
        return self._store.writing(key)

    def info(self, key: str) -> ObjectInfo:
        """Return what a listing would show."""
        return self._store.info(key)

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Return bytes of an object."""
        return self._store.get(key, start, length)

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield objects."""
        return self._store.objects(prefix)

    def delete(self, key: str) -> None:
        """Remove an object."""
        self._store.delete(key)

    def delete_all(self, keys: Iterable[str]) -> None:
        """Remove objects."""
        self._store.delete_all(keys)

    def space(self) -> Space | None:
        """Return how much room there is."""
        return self._store.space()

    def describe(self) -> str:
        """Return where the store beneath is."""
        return self._store.describe()

    def tidy(self, key: str = "") -> None:
        """Remove what interrupted writes have left behind."""
        self._store.tidy(key)

    def keep_at_hand(self, keys: Iterable[str]) -> None:
        """Tell the store beneath."""
        keep_at_hand(self._store, keys)

    def copies(self, prefix: str) -> dict[str, int]:
        """Return those of the store beneath."""
        return copies(self._store, prefix)

    def direct(self) -> Store:
        """Return the same in front of the store beneath without copies."""
        return msgspec.structs.replace(self, beneath=direct(self._store))

    @property
    def _store(self) -> Store:
        store: Store = self.beneath
        return store

    def _options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__struct_fields__ if name != "beneath"}
