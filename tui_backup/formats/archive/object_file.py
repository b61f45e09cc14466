"""ObjectFile: an object of a store as a file that can be read and can seek."""

import io
from collections import OrderedDict
from collections.abc import Iterator

from tui_backup.primitives.raw_file import SeekableFile
from tui_backup.stores.base import ObjectInfo, Store
from tui_backup.stores.parallel import Answer, fetched

_BLOCK = 4 << 20
_AT_HAND = 3
"""Blocks that are kept, for readers that go to and fro a little."""
_AHEAD = 24 << 20
"""Bytes that are fetched before somebody asks, once two blocks were read in a row."""


class ObjectFile(SeekableFile):
    """Reads in blocks, ahead where the store serves several requests at once.

    For one thread at a time. What goes wrong with the store is raised as it is.
    """

    def __init__(self, store: Store, found: ObjectInfo) -> None:
        """Open an object as a listing showed it: one that is shorter by now is Corrupted."""
        super().__init__(found.size)
        self._store = store
        self._key = found.key
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._following = 0
        """The block behind the last one that was fetched."""
        self._coming: Iterator[tuple[int, Answer[bytes]]] | None = None
        """Gives `_following` and those behind it; its threads end when it is dropped."""

    def take(self, most: int) -> bytes | memoryview:
        """Return what comes next, as far as a block goes."""
        if self.at >= self.size:
            return b""
        number, offset = divmod(self.at, _BLOCK)
        part = memoryview(self._block(number))[offset : offset + most]
        self.at += len(part)
        return part

    def close(self) -> None:
        """Fetch nothing more."""
        self._coming = None
        self._blocks.clear()
        super().close()

    def _block(self, number: int) -> bytes:
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = self._next() if number == self._following else self._elsewhere(number)
            self._following = number + 1
            if len(self._blocks) > _AT_HAND:
                self._blocks.popitem(last=False)
        return block

    def _next(self) -> bytes:
        """Return the block behind the last one."""
        if not self._following:
            return self._get(0)
        if self._coming is None:
            numbers = range(self._following, -(-self.size // _BLOCK))
            self._coming = fetched(self._store, numbers, self._get, size=lambda _number: _BLOCK, most_bytes=_AHEAD)
        try:
            return next(self._coming)[1].take()
        except BaseException:
            self._coming = None
            raise

    def _elsewhere(self, number: int) -> bytes:
        self._coming = None
        return self._get(number)

    def _get(self, number: int) -> bytes:
        start = number * _BLOCK
        return self._store.get(self._key, start, min(_BLOCK, self.size - start))


def open_object(store: Store, found: ObjectInfo) -> io.BufferedReader:
    """Return an object as a buffered file."""
    return io.BufferedReader(ObjectFile(store, found), 1 << 17)
