"""Access: an open repository as its rooms share it: the store, the keys, the locks, the snapshot files."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Protocol

import msgspec

from tui_backup.errors import AppendOnly, BackupError, Corrupted, StoreError
from tui_backup.formats.base import Opening
from tui_backup.formats.restic.config import RepositoryConfig
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.index import PENDING, Index, load_index
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.locks.held import HeldLock
from tui_backup.formats.restic.locks.lock import Locks
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.snapshot_files import SnapshotFiles
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.stores.append_only import nothing_goes
from tui_backup.stores.at_hand import direct, keep_at_hand

_LARGEST_KEPT = 64 << 20
"""Bytes of the largest pack of which a copy is kept at hand."""
_AT_ONCE = 500
"""Files that are removed with one look at the lock, where requests take a while."""


class Guard(Protocol):
    """What a lock promises to the work under it."""

    def check(self) -> None:
        """Make sure that the lock is still good, by what this process knows; raises Locked."""
        ...

    def confirm(self) -> None:
        """Make sure that it is, by asking the store, before what cannot be undone; raises BackupError."""
        ...


class Access:
    """What it takes to read and write an open repository; for one thread, but several may read at once."""

    def __init__(self, opening: Opening, config: RepositoryConfig, keys: Keys, key_id: str) -> None:
        self.opening = opening
        self.store = opening.store
        self.config = config
        self.keys = keys
        self.key_id = key_id
        """Of the key file that the password opened; empty where no password was asked for."""
        self.cipher = Cipher(keys)
        self.locks = Locks(
            self.store, config.version, keys, name=opening.name, ledger=opening.ledger, locking=opening.locking
        )
        self.snapshots = SnapshotFiles(self.store, config.version, Cipher(keys))
        self._contents: Contents | None = None
        self._loading = Lock()
        keep_at_hand(self.store, (f"{kind.value}/" for kind in (FileKind.INDEX, FileKind.SNAPSHOT)))

    @property
    def version(self) -> int:
        """Of the format, 1 or 2."""
        return self.config.version

    def load(self) -> Contents:
        """Read the index, and return what opens blobs with it."""
        self._contents = Contents(self.store, self.index(), self.cipher)
        return self._contents

    def index(self, listed: Callable[[str, list[int]], None] | None = None) -> Index:
        """Read the index; `listed` hears the name of each file with the numbers of the packs that it lists.

        Raises:
            Corrupted: an index file is damaged; the hint says what mends it.
        """
        try:
            index = load_index(self.store, self.version, self.cipher, listed)
        except Corrupted as error:
            hint = _("`tui-backup repair index -r {name}` mends it").format(name=self.opening.name)
            raise Corrupted(error.message, hint=hint) from error
        keep_at_hand(self.store, _tree_packs(index))
        return index

    def direct(self) -> "Access":
        """Return the way to what lies in the store now, past every copy that is at hand."""
        store = direct(self.store)
        opening = msgspec.structs.replace(self.opening, store=store)
        return self if store == self.store else Access(opening, self.config, self.keys, self.key_id)

    def unload(self) -> None:
        """Forget the index: it has changed, or is not needed any more."""
        self._contents = None

    def contents(self, snapshot: Snapshot) -> Contents:
        """Return what opens a snapshot's blobs; the index is read again when the snapshot is newer than it."""
        root = (BlobType.TREE, bytes.fromhex(snapshot.root))
        with self._loading:
            contents = self._contents
            if contents is None or root not in contents.index:
                contents = self.load()
        return contents

    def remove(self, kind: FileKind, ids: Iterable[str], lock: "Guard", watch: Watch) -> None:
        """Remove files, once it is sure that the lock still stands; raises Cancelled or StoreError in between."""
        names = list(ids)
        size = _AT_ONCE if self.store.connections > 1 else 1
        for start in range(0, len(names), size):
            if not start or size > 1:
                lock.confirm()
            watch.check()
            self.store.delete_all(key_of(kind, name) for name in names[start : start + size])

    @contextmanager
    def shared(self, watch: Watch) -> Iterator[Guard]:
        """Hold a shared lock, which the watch looks after; none where whoever opened the repository wants none."""
        locking = self.opening.locking
        if not locking.wanted:
            yield NoLock()
            return
        try:
            lock = self.locks.acquire(exclusive=False, watch=watch)
        except StoreError as error:
            if not locking.optional:
                raise
            raise _unwritable(error) from error
        with self._held(lock, watch):
            yield lock

    @contextmanager
    def exclusive(self, watch: Watch, *, settle: bool = True) -> Iterator[HeldLock]:
        """Hold an exclusive lock, which the watch looks after; without `settle`, `confirm` comes before any removal."""
        self._refuse_if_append_only()
        with self._held(self.locks.acquire(exclusive=True, settle=settle, watch=watch), watch) as lock:
            yield lock

    def _refuse_if_append_only(self) -> None:
        place = self.store.describe()
        if self.opening.append_only:
            raise nothing_goes(place)
        if self.config.append_only:
            message = _("nothing may be removed from {place}: its own configuration says append-only")
            raise AppendOnly(message.format(place=place))

    @contextmanager
    def _held(self, lock: HeldLock, watch: Watch) -> Iterator[HeldLock]:
        with lock:
            before = watch.guard

            def check() -> None:
                lock.check()
                if before is not None:
                    before()

            watch.guard = check
            try:
                yield lock
            finally:
                watch.guard = before


class NoLock:
    """Stands for the lock of who only reads, and wants none."""

    def check(self) -> None:
        """Find nothing that could be lost."""

    def confirm(self) -> None:
        """Keep who holds no lock from what cannot be undone; raises BackupError."""
        raise BackupError(_("nothing is written without a lock"))


def _unwritable(error: StoreError) -> StoreError:
    """Return the same error with the way out for who only reads."""
    return type(error)(
        _("no lock can be taken: {reason}").format(reason=error.message),
        hint=_("if the repository cannot be written, --no-lock reads without one"),
    )


def _tree_packs(index: Index) -> Iterator[str]:
    """Yield the keys of the packs that hold trees, but for such as would take too much room."""
    ends: dict[int, int] = {}
    for _id, number, offset, length, _size in index.tables[BlobType.TREE]:
        ends[number] = max(ends.get(number, 0), offset + length)
    ends.pop(PENDING, None)
    for number, end in ends.items():
        if end <= _LARGEST_KEPT:
            yield key_of(FileKind.DATA, index.packs[number].hex())
