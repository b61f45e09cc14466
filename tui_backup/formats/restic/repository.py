"""ResticRepository: a repository in restic's format; the facade, no details."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from tui_backup.errors import BackupError, Corrupted, NotFound, StoreError
from tui_backup.formats.base import Brief, Landing, Opening, Proof, Subset
from tui_backup.formats.restic import browse
from tui_backup.formats.restic.config import RepositoryConfig
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.draft import Record, ResticDraft, Tools
from tui_backup.formats.restic.envelope import save_unpacked
from tui_backup.formats.restic.index import Index, load_index
from tui_backup.formats.restic.layout import FileKind, key_of, names
from tui_backup.formats.restic.lock import Locks
from tui_backup.formats.restic.lock_held import HeldLock
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.packlog import PackLog
from tui_backup.formats.restic.sealing import Sealer, Setup
from tui_backup.formats.restic.snapshot import (
    as_kept,
    compose,
    decode_snapshot,
    encode_snapshot,
    load_snapshot,
    snapshot_of,
)
from tui_backup.model.entry import Entry
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch


class ResticRepository:
    """An open repository; its methods are for one thread, entries may be opened from any."""

    encrypted = True

    def __init__(self, opening: Opening, config: RepositoryConfig, keys: Keys) -> None:
        self.name = opening.name
        self.id = config.id
        self._opening = opening
        self._config = config
        self._keys = keys
        self._store = opening.store
        self._cipher = Cipher(keys)
        self._locks = Locks(self._store, config.version, keys, ledger=opening.ledger)
        self._loaded: tuple[Index, Contents] | None = None
        self._known_snapshots: dict[str, Snapshot] = {}

    def snapshots(self) -> list[Snapshot]:
        """Return all snapshots, oldest first; what is wrong with one that cannot be read, `verify` tells."""
        return self._read_snapshots()[0]

    @contextmanager
    def begin(self, brief: Brief, watch: Watch) -> Iterator[ResticDraft]:
        """Start a snapshot under a shared lock; packs that were stored are listed in an index however it ends."""
        with self._shared(watch) as lock:
            with suppress(StoreError):
                self._store.tidy()
            parent = self._parent(brief)
            if parent is not None:
                watch.files_total, watch.bytes_total = parent.files, parent.size
            index, contents = self._load()
            packs = PackLog(self._store, index, self._config.version, self._cipher, lock.confirm)
            data, trees = self._sealer(BlobType.DATA), self._sealer(BlobType.TREE)
            tools = Tools(self._setup(), index, contents, data, trees, packs)

            def keep(record: Record) -> Snapshot:
                lock.confirm()
                return self._record(record)

            draft = ResticDraft(brief, parent, tools, watch, keep)
            try:
                yield draft
            finally:
                draft.close()
                self._loaded = None
                with suppress(BackupError):
                    packs.save()

    def children(self, snapshot: Snapshot, path: bytes) -> list[Entry]:
        """Return what a directory of a snapshot holds, by name."""
        contents = self._contents(snapshot)
        return browse.listing(contents, browse.tree_at(contents, snapshot.root, path), path)

    def entry(self, snapshot: Snapshot, path: bytes) -> Entry:
        """Return the entry of a path."""
        return browse.find(self._contents(snapshot), snapshot.root, path)

    def entries(self, snapshot: Snapshot, under: bytes = b"/", watch: Watch | None = None) -> Iterator[Entry]:
        """Yield everything below `under`, directories before what they hold, siblings by name."""
        contents = self._contents(snapshot)
        above = b"" if under == b"/" else under
        return browse.walk(contents, browse.tree_at(contents, snapshot.root, under), above, watch)

    def extract(self, snapshot: Snapshot, files: Iterable[Entry], landing: Landing, watch: Watch) -> None:
        """Hand the content of files to a landing, each byte authenticated."""
        from tui_backup.formats.restic.extraction import Extraction

        index = self._contents(snapshot).index
        Extraction(self._store, self._keys, index, landing, watch).run(files)

    def verify(self, snapshots: Sequence[Snapshot], subset: Subset | None, watch: Watch) -> Proof:
        """Check structure, and with `subset` read packs, under a shared lock."""
        from tui_backup.formats.restic.check import Checker, Examined

        with self._shared(watch):
            self._known_snapshots = {}
            every, damaged = self._read_snapshots()
            wanted = {snapshot.id for snapshot in snapshots}
            chosen = [snapshot for snapshot in every if snapshot.id in wanted] if wanted else every
            version = self._config.version
            return Checker(Examined(self._store, self._keys, version, len(every), damaged), watch).run(chosen, subset)

    def forget(self, snapshots: Sequence[Snapshot]) -> None:
        """Remove snapshots, not their data, under an exclusive lock."""
        with self._locks.acquire(exclusive=True, retry_s=self._opening.retry_lock_s) as lock:
            for snapshot in snapshots:
                lock.confirm()
                self._store.delete(key_of(FileKind.SNAPSHOT, snapshot.id))

    @contextmanager
    def locked(self, watch: Watch) -> Iterator[None]:
        """Hold a shared lock, for a restore."""
        with self._shared(watch):
            yield

    def close(self) -> None:
        """Forget what was loaded."""
        self._loaded = None

    @contextmanager
    def _shared(self, watch: Watch) -> Iterator[HeldLock]:
        """Hold a shared lock, which the watch looks after."""
        retry = self._opening.retry_lock_s
        with self._locks.acquire(exclusive=False, retry_s=retry, cancel=watch.cancel) as lock:
            before, watch.guard = watch.guard, lock.check
            try:
                yield lock
            finally:
                watch.guard = before

    def _load_snapshot(self, name: str) -> Snapshot:
        return snapshot_of(load_snapshot(self._store, name, self._config.version, self._cipher))

    def _read_snapshots(self) -> tuple[list[Snapshot], dict[str, str]]:
        """Return all snapshots, oldest first, and by id what is wrong with those that cannot be read."""
        found: dict[str, Snapshot] = {}
        damaged: dict[str, str] = {}
        for name in names(self._store, FileKind.SNAPSHOT):
            try:
                found[name] = self._known_snapshots.get(name) or self._load_snapshot(name)
            except NotFound:
                continue
            except Corrupted as error:
                damaged[name] = error.message
        self._known_snapshots = found
        return sorted(found.values(), key=lambda snapshot: (snapshot.time, snapshot.id)), damaged

    def _parent(self, brief: Brief) -> Snapshot | None:
        """Return the newest snapshot of this host that has all paths and is not in the future."""
        wanted = set(as_kept(brief.paths))
        for snapshot in reversed(self.snapshots()):
            if snapshot.host == brief.host and wanted <= set(snapshot.paths) and snapshot.time <= brief.time:
                return snapshot
        return None

    def _load(self) -> tuple[Index, Contents]:
        index = load_index(self._store, self._config.version, self._cipher)
        self._loaded = index, Contents(self._store, index, self._cipher)
        return self._loaded

    def _contents(self, snapshot: Snapshot) -> Contents:
        """Return what opens a snapshot's blobs; the index is read again when the snapshot is newer than it."""
        index, contents = self._loaded or self._load()
        if (BlobType.TREE, bytes.fromhex(snapshot.root)) not in index:
            index, contents = self._load()
        return contents

    def _sealer(self, type_: BlobType) -> Sealer:
        return Sealer(self._store, type_, self._cipher, self._config.version, self._opening.compression)

    def _setup(self) -> Setup:
        return Setup(
            self._store.recipe(),
            self._keys,
            self._config.version,
            self._opening.compression,
            self._config.chunker_polynomial,
        )

    def _record(self, record: Record) -> Snapshot:
        parent = record.parent.id if record.parent else None
        document = compose(record.brief, record.tree, parent=parent, summary=record.summary, status=record.status)
        encoded = encode_snapshot(document)
        name = save_unpacked(self._store, FileKind.SNAPSHOT, encoded, self._config.version, self._cipher)
        return snapshot_of(decode_snapshot(name, encoded))
