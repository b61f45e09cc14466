"""Access: an open repository as its rooms share it: the store, the keys, the locks, the snapshot files."""

from collections.abc import Iterator
from contextlib import contextmanager

from tui_backup.formats.base import Opening
from tui_backup.formats.restic.config import RepositoryConfig
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.index import load_index
from tui_backup.formats.restic.lock import Locks
from tui_backup.formats.restic.lock_held import HeldLock
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.snapshot_files import SnapshotFiles
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch


class Access:
    """What it takes to read and write an open repository; for one thread."""

    def __init__(self, opening: Opening, config: RepositoryConfig, keys: Keys, key_id: str) -> None:
        self.opening = opening
        self.store = opening.store
        self.config = config
        self.keys = keys
        self.key_id = key_id
        """Of the key file that the password opened; empty where no password was asked for."""
        self.cipher = Cipher(keys)
        self.locks = Locks(self.store, config.version, keys, ledger=opening.ledger)
        self.snapshots = SnapshotFiles(self.store, config.version, self.cipher)
        self._contents: Contents | None = None

    @property
    def version(self) -> int:
        """Of the format, 1 or 2."""
        return self.config.version

    def load(self) -> Contents:
        """Read the index, and return what opens blobs with it."""
        index = load_index(self.store, self.version, self.cipher)
        self._contents = Contents(self.store, index, self.cipher)
        return self._contents

    def unload(self) -> None:
        """Forget the index: it has changed, or is not needed any more."""
        self._contents = None

    def contents(self, snapshot: Snapshot) -> Contents:
        """Return what opens a snapshot's blobs; the index is read again when the snapshot is newer than it."""
        contents = self._contents or self.load()
        if (BlobType.TREE, bytes.fromhex(snapshot.root)) not in contents.index:
            contents = self.load()
        return contents

    @contextmanager
    def shared(self, watch: Watch) -> Iterator[HeldLock]:
        """Hold a shared lock, which the watch looks after."""
        with self._held(watch, exclusive=False) as lock:
            yield lock

    @contextmanager
    def exclusive(self, watch: Watch) -> Iterator[HeldLock]:
        """Hold an exclusive lock, which the watch looks after."""
        with self._held(watch, exclusive=True) as lock:
            yield lock

    @contextmanager
    def _held(self, watch: Watch, *, exclusive: bool) -> Iterator[HeldLock]:
        retry = self.opening.retry_lock_s
        with self.locks.acquire(exclusive=exclusive, retry_s=retry, cancel=watch.cancel) as lock:
            before, watch.guard = watch.guard, lock.check
            try:
                yield lock
            finally:
                watch.guard = before
