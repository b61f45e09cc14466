"""The contract of a store: named bytes that outlive the process."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Protocol, runtime_checkable

import msgspec

Body = bytes | bytearray | memoryview | BinaryIO


class ObjectInfo(msgspec.Struct, frozen=True, gc=False):
    """An object as a listing shows it."""

    key: str
    size: int
    modified: float = 0.0
    """When it was stored, in seconds since the epoch."""


class Space(msgspec.Struct, frozen=True):
    """Bytes in a store's file system or quota."""

    free: int
    total: int


def check_key(key: str) -> str:
    """Return `key` if it is a relative path without tricks: no part is empty or starts with a dot, all is printable.

    Raises:
        ValueError: it is not.
    """
    if not key.isprintable() or any(not part or part.startswith(".") for part in key.split("/")):
        raise ValueError(f"not a key: {key!r}")
    return key


def is_part(name: str) -> bool:
    """Whether a file name can be a part of a key."""
    try:
        return "/" not in check_key(name)
    except ValueError:
        return False


class Sink(Protocol):
    """Takes the bytes of an object that is being written; for one thread."""

    def write(self, piece: bytes | bytearray | memoryview) -> object:
        """Take all of the next bytes; what they lie in may be used again afterwards. What is returned means nothing.

        So an ordinary buffered file is one, too.
        """
        ...


class Retention(Protocol):
    """Keeps objects from being deleted or replaced by anybody until a moment (S3 object lock)."""

    def extend(self, keys: Iterable[str], until: datetime) -> None:
        """Keep objects until then at least; one that is kept for longer already stays so. Raises StoreError."""
        ...

    def until(self, key: str) -> datetime | None:
        """Return until when an object is kept; None where it can be deleted. Raises StoreError."""
        ...

    def by_default(self) -> bool:
        """Whether whatever is put there is kept for a while, without anybody asking for it. Raises StoreError."""
        ...


class Store(Protocol):
    """Named byte strings, replaced whole or not at all: a reader never sees half a write.

    A key is a relative path such as `data/3f/3f08…` (see `check_key`). Methods may be called from several threads at
    once. They raise `StoreError`; one whose `transient` is true is worth trying again.
    """

    @property
    def connections(self) -> int:
        """How many requests at once it serves faster than one after the other; 1 where there is nothing to wait for."""
        ...

    @property
    def retention(self) -> Retention | None:
        """What keeps objects from being deleted; None where the store cannot do that."""
        ...

    def rooted(self, base: str) -> "Store":
        """Return the same store with relative paths taken from the directory `base`."""
        ...

    def recipe(self) -> tuple[str, bytes] | None:
        """Return kind and encoded options with which another process of this host opens the same store.

        None where only this process can. Holds secrets in clear: it travels over private sockets only.
        """
        ...

    def create(self) -> None:
        """Make the place itself (directory, bucket) if it does not exist; what exists stays as it is."""
        ...

    def put(self, key: str, body: Body) -> None:
        """Keep `body` under `key` durably; a file is read from its start to its end, again on a retry."""
        ...

    def writing(self, key: str) -> AbstractContextManager[Sink]:
        """Give what takes an object of unknown size piece by piece, with bounded memory.

        The object appears, whole and durable, when the block has ended; where it raises, nothing does.
        """
        ...

    def info(self, key: str) -> ObjectInfo:
        """Return what a listing would show of one object; raises NotFound."""
        ...

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Return exactly `length` bytes from `start`, or all from `start`.

        Raises:
            NotFound: there is no such object.
            Corrupted: the object ends before `start + length`, or the disk does not give it back (Unreadable).
        """
        ...

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects whose key starts with `prefix` (whole directories: `data/`), in any order."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that does not exist is no error."""
        ...

    def delete_all(self, keys: Iterable[str]) -> None:
        """Remove objects, in as few requests as the store allows; one that does not exist is no error.

        Raises:
            StoreError: one could not be removed; the others are, as far as that is possible.
        """
        ...

    def space(self) -> Space | None:
        """Return how much room there is, None where nobody can know."""
        ...

    def describe(self) -> str:
        """Return where the store is, for people: `/srv/backups`, `s3:bucket/prefix`; never a secret."""
        ...

    def tidy(self, key: str = "") -> None:
        """Remove what interrupted writes of programs that no longer live have left behind."""
        ...


@runtime_checkable
class LocksObjects(Protocol):
    """A store that can put objects so that nobody can delete them for a while, as far as its place allows that."""

    def locking(self, days: int) -> Store:
        """Return the same store, which locks for so long what it puts outside `locks/`."""
        ...
