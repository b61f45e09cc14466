"""A store from which nothing is removed: what `append_only = true` makes of any other."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import ClassVar

from tui_backup.errors import NotFound
from tui_backup.stores.append_only import stays
from tui_backup.stores.base import Body, Sink
from tui_backup.stores.wrapped import WrappedStore

_FREE = "locks/"
"""What lies below may come and go: without that nobody could take a lock."""
_PIECE = 1 << 20


class GuardedStore(WrappedStore, frozen=True, kw_only=True):
    """Refuses deletes, and other content for an object that is there.

    It guards against mistakes of its own user. Whoever has the credentials can remove everything: only the server can
    keep a thief from that.
    """

    kind: ClassVar[str] = "guarded"

    def put(self, key: str, body: Body) -> None:
        """Keep a new object; the same once more is no change."""
        if not self._is_there(key):
            self._store.put(key, body)
        elif not self._holds(key, body):
            raise stays(self.describe(), key)

    def writing(self, key: str) -> AbstractContextManager[Sink]:
        """Give what takes a new object piece by piece."""
        if self._is_there(key):
            raise stays(self.describe(), key)
        return self._store.writing(key)

    def delete(self, key: str) -> None:
        """Remove what lies below `locks/`, nothing else."""
        if not key.startswith(_FREE):
            raise stays(self.describe(), key)
        self._store.delete(key)

    def delete_all(self, keys: Iterable[str]) -> None:
        """Remove what lies below `locks/`; nothing at all where one of them does not."""
        wanted = list(keys)
        for key in wanted:
            if not key.startswith(_FREE):
                raise stays(self.describe(), key)
        self._store.delete_all(wanted)

    def _is_there(self, key: str) -> bool:
        if key.startswith(_FREE):
            return False
        try:
            self._store.info(key)
        except NotFound:
            return False
        return True

    def _holds(self, key: str, body: Body) -> bool:
        """Whether an object has just this content."""
        size = self._store.info(key).size
        if isinstance(body, bytes | bytearray | memoryview):
            content = memoryview(body).cast("B")
            return len(content) == size and self._store.get(key) == content
        body.seek(0)
        at = 0
        while piece := body.read(_PIECE):
            if at + len(piece) > size or self._store.get(key, at, len(piece)) != piece:
                return False
            at += len(piece)
        return at == size
