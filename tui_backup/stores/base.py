"""The contract of a store: named bytes that outlive the process."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Protocol

import msgspec

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]*(/[A-Za-z0-9][A-Za-z0-9._:@+-]*)*")


Body = bytes | bytearray | memoryview | BinaryIO


class ObjectInfo(msgspec.Struct, frozen=True, gc=False):
    """An object as a listing shows it."""

    key: str
    size: int


class Space(msgspec.Struct, frozen=True):
    """Bytes in a store's file system or quota."""

    free: int
    total: int


def check_key(key: str) -> str:
    """Return `key` if it is a relative path without tricks: no empty part, none that starts with a dot.

    Raises:
        ValueError: it is not.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key: {key!r}")
    return key


class Store(Protocol):
    """Named byte strings, replaced whole or not at all: a reader never sees half a write.

    A key is a relative path such as `data/3f/3f08…` (see `check_key`). Methods may be called from several threads at
    once. They raise `StoreError`; one whose `transient` is true is worth trying again.
    """

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

    def space(self) -> Space | None:
        """Return how much room there is, None where nobody can know."""
        ...

    def describe(self) -> str:
        """Return where the store is, for people: `/srv/backups`, `s3:bucket/prefix`; never a secret."""
        ...

    def tidy(self, key: str = "") -> None:
        """Remove what interrupted writes of programs that no longer live have left behind."""
        ...
