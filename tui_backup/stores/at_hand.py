"""At hand: copies that a store in front of a distant one keeps of objects that never change, and the way past them."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from tui_backup.stores.base import Store


@runtime_checkable
class KeepsAtHand(Protocol):
    """A store that keeps copies, or has one beneath it that does."""

    def keep_at_hand(self, keys: Iterable[str]) -> None:
        """See the function of that name."""
        ...

    def copies(self, prefix: str) -> dict[str, int]:
        """See the function of that name."""
        ...

    def direct(self) -> Store:
        """See the function of that name."""
        ...


def keep_at_hand(store: Store, keys: Iterable[str]) -> None:
    """Tell a store, if it cares, which objects are worth a copy once they are read or written.

    The last part of such a key is the SHA-256 of the content. A key that ends with `/` stands for all that begin with
    it; these are kept as they are asked for, whereas one that is named is fetched whole when a part of it is read: it
    should have no more than some tens of megabytes.
    """
    if isinstance(store, KeepsAtHand):
        store.keep_at_hand(keys)


def copies(store: Store, prefix: str) -> dict[str, int]:
    """Return key -> bytes of the copies at hand below a prefix, those first that were used last; asks nobody.

    The store may not have them any more.
    """
    return store.copies(prefix) if isinstance(store, KeepsAtHand) else {}


def direct(store: Store) -> Store:
    """Return the same store without copies: what is read from it is what lies there now."""
    return store.direct() if isinstance(store, KeepsAtHand) else store
