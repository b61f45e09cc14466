"""ObjectFile: an object of a store as a file that can be read and can seek."""

import io
import os

from tui_backup.stores.base import ObjectInfo, Store

_BLOCK = 4 << 20


class ObjectFile(io.RawIOBase):
    """Reads in blocks; for one thread. What goes wrong with the store is raised as it is."""

    def __init__(self, store: Store, found: ObjectInfo) -> None:
        """Open an object as a listing showed it: one that is shorter by now is Corrupted."""
        super().__init__()
        self._store = store
        self._key = found.key
        self._size = found.size
        self._at = 0
        self._block: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def seekable(self) -> bool:
        """Whether it can seek: yes."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go elsewhere."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the buffer of RawIOBase is private to typeshed
        """Fill `buffer` as far as a block goes."""
        if self._at >= self._size:
            return 0
        number, offset = divmod(self._at, _BLOCK)
        if self._block[0] != number:
            start = number * _BLOCK
            self._block = (number, self._store.get(self._key, start, min(_BLOCK, self._size - start)))
        part = memoryview(self._block[1])[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


def open_object(store: Store, found: ObjectInfo) -> io.BufferedReader:
    """Return an object as a buffered file."""
    return io.BufferedReader(ObjectFile(store, found), 1 << 17)
