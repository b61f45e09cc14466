"""A distant store with copies at hand: what never changes is fetched once.

The copies lie as they do in the store, encrypted where that is. What is listed is asked of the store, and copies of
what is gone from it go too. A copy is held against its name, the SHA-256 of its content, before it is used.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import ClassVar

from tui_backup.errors import Corrupted
from tui_backup.stores.base import Body, ObjectInfo, Sink, Store
from tui_backup.stores.cache_files import CacheFiles
from tui_backup.stores.wrapped import WrappedStore

_AT_ONCE = 2
"""Objects that a process fetches whole at once, so that memory stays small; packs have 16 MiB or a little more."""


class CachedStore(WrappedStore, frozen=True, kw_only=True):
    """Keeps copies of what it is told to (see `at_hand`); nothing until somebody says so."""

    kind: ClassVar[str] = "cached"

    directory: str
    """Where the copies lie: absolute, made when it is needed, named by 64 hex digits beside those of other stores."""

    def put(self, key: str, body: Body) -> None:
        """Keep an object, and a copy where that is wanted."""
        self._store.put(key, body)
        near = self._at_hand
        if near and near.is_kept(key) and isinstance(body, bytes | bytearray | memoryview):
            near.files.keep(key, body)

    @contextmanager
    def writing(self, key: str) -> Iterator[Sink]:
        """Give what takes an object piece by piece; a copy of that name is not kept any more."""
        with self._store.writing(key) as sink:
            yield sink
        self._drop([key])

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Return bytes of an object, from the copy where there is one."""
        near = self._at_hand
        if near is None or not near.is_kept(key):
            return self._store.get(key, start, length)
        with near.lock_of(key):
            content = near.files.read(key, start, length)
            if content is None and near.is_named(key):
                self._fetch(key, near.files)
                content = near.files.read(key, start, length)
        if content is None:
            content = self._store.get(key, start, length)
            if start == 0:
                near.files.keep(key, content)
        return content

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects that the store has; in the end copies of others are gone."""
        began = time.time()
        found: set[str] = set()
        for each in self._store.objects(prefix):
            found.add(each.key)
            yield each
        if near := self._at_hand:
            near.files.retain(prefix, found, began)

    def delete(self, key: str) -> None:
        """Remove an object, its copy first."""
        self._drop([key])
        self._store.delete(key)

    def delete_all(self, keys: Iterable[str]) -> None:
        """Remove objects, their copies first."""
        wanted = list(keys)
        self._drop(wanted)
        self._store.delete_all(wanted)

    def keep_at_hand(self, keys: Iterable[str]) -> None:
        """Keep copies of these, in this process, from now on."""
        with _making:
            if self.directory not in _known:
                _known[self.directory] = _AtHand(self.directory)
            _known[self.directory].add(keys)

    def copies(self, prefix: str) -> dict[str, int]:
        """Return key -> bytes of the copies below a prefix, those first that were used last."""
        near = self._at_hand
        return near.files.sizes(prefix) if near else {}

    def direct(self) -> Store:
        """Return the store beneath."""
        return self._store

    @property
    def _at_hand(self) -> "_AtHand | None":
        return _known.get(self.directory)

    def _drop(self, keys: Iterable[str]) -> None:
        if near := self._at_hand:
            for key in keys:
                near.files.remove(key)

    def _fetch(self, key: str, files: CacheFiles) -> None:
        """Keep a copy of a whole object, as far as it can be had and is what its name says."""
        with suppress(Corrupted), _fetching:
            files.keep(key, self._store.get(key))


class _AtHand:
    """What this process keeps copies of in one directory."""

    def __init__(self, directory: str) -> None:
        self.files = CacheFiles(directory)
        self._prefixes: tuple[str, ...] = ()
        self._names: set[str] = set()
        self._locks = [threading.Lock() for _number in range(64)]

    def add(self, keys: Iterable[str]) -> None:
        """Keep these, and what begins with those that end with `/`."""
        wanted = set(keys)
        prefixes = {key for key in wanted if key.endswith("/")}
        self._prefixes = tuple(sorted({*self._prefixes, *prefixes}))
        self._names |= wanted - prefixes

    def is_named(self, key: str) -> bool:
        """Whether this very object is to be fetched whole."""
        return key in self._names

    def is_kept(self, key: str) -> bool:
        """Whether a copy of this object is wanted."""
        return key in self._names or key.startswith(self._prefixes)

    def lock_of(self, key: str) -> threading.Lock:
        """Return what is held while a copy is made, so that it is fetched once."""
        return self._locks[hash(key) % len(self._locks)]


_known: dict[str, _AtHand] = {}
_making = threading.Lock()
_fetching = threading.Semaphore(_AT_ONCE)
