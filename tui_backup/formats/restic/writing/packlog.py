"""Packs that were stored: the index learns of them at once, index files are written now and then.

A pack is listed whole in one index file, and only after it is durable. So an interrupted backup goes on cheaply.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from tui_backup.errors import BackupError
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.index import Index, save_index, unpack_blobs
from tui_backup.formats.restic.pack import PackedBlob
from tui_backup.formats.restic.writing.sealing import Stored
from tui_backup.stores.base import Store

MOST_BLOBS = 50_000
"""Of one index file, but for those of its last pack."""
_MOST_SECONDS = 600.0


class PackLog:
    """The packs of one writer that no index file lists yet."""

    def __init__(self, store: Store, index: Index, version: int, cipher: Cipher, confirm: Callable[[], None]) -> None:
        """`confirm` raises when the lock is gone: a prune may have removed the packs, and no index may list them."""
        self._store = store
        self._index = index
        self._version = version
        self._cipher = cipher
        self._confirm = confirm
        self._packs: list[tuple[bytes, list[PackedBlob]]] = []
        self._unlisted = 0
        self._began = time.monotonic()
        self.blobs = 0
        """Blobs of all packs."""
        self.content_added = 0
        """Bytes of their content."""
        self.pack_bytes = 0
        """Bytes of all packs, as stored."""
        self.bytes_added = 0
        """Bytes of all packs and index files, as stored."""

    def add(self, stored: Stored) -> None:
        """Take in a pack that is durable."""
        self._index.settle(stored.pack, stored.blobs)
        self._packs.append((stored.pack, stored.blobs))
        self._unlisted += len(stored.blobs)
        self.blobs += len(stored.blobs)
        self.content_added += sum(blob.plain_size for blob in stored.blobs)
        self.pack_bytes += stored.size
        self.bytes_added += stored.size
        if self._unlisted >= MOST_BLOBS or time.monotonic() - self._began > _MOST_SECONDS:
            self.save()

    def add_all(self, packs: Iterable[Stored]) -> None:
        """Take in packs that are durable."""
        for stored in packs:
            self.add(stored)

    @contextmanager
    def saving(self) -> Iterator[None]:
        """List what the block has stored, also where it fails: what is listed need not be stored again."""
        try:
            yield
        except BaseException:
            with suppress(BackupError):
                self.save()
            raise
        self.save()

    def save(self) -> None:
        """Write an index file of what is not listed yet."""
        if self._packs:
            self._confirm()
            self.bytes_added += save_index(self._store, self._packs, self._version, self._cipher)
        self._packs = []
        self._unlisted = 0
        self._began = time.monotonic()


def index_files(listings: Iterable[tuple[bytes, bytes | bytearray]]) -> Iterator[list[tuple[bytes, list[PackedBlob]]]]:
    """Yield what each of some new index files lists: whole packs, and no more blobs than such files should have.

    `listings` are ids of packs with the `PACKED` records of their blobs.
    """
    packs: list[tuple[bytes, list[PackedBlob]]] = []
    count = 0
    for pack, records in listings:
        blobs = unpack_blobs(records)
        if packs and count + len(blobs) > MOST_BLOBS:
            yield packs
            packs, count = [], 0
        packs.append((pack, blobs))
        count += len(blobs)
    if packs:
        yield packs
