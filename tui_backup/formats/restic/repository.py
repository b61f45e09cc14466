"""ResticRepository: a repository in restic's format; the facade, no details."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING

from tui_backup.errors import BackupError, StoreError
from tui_backup.formats.base import Brief, Enter, Landing, Opening, Proof, Subset
from tui_backup.formats.restic import browse
from tui_backup.formats.restic.access import Access
from tui_backup.formats.restic.config import RepositoryConfig
from tui_backup.formats.restic.crypto import Keys
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.snapshot import as_kept, compose, encode_snapshot
from tui_backup.formats.restic.writing.draft import Record, ResticDraft, Tools
from tui_backup.formats.restic.writing.packlog import PackLog
from tui_backup.formats.restic.writing.sealing import Sealer, Setup, Stored
from tui_backup.model.entry import Entry
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.stores.parallel import Uploads, begun

if TYPE_CHECKING:
    from tui_backup.formats.restic.upkeep.facade import ResticUpkeep


class ResticRepository:
    """An open repository; its methods are for one thread, but those that read snapshots, and entries, for any."""

    encrypted = True

    def __init__(self, opening: Opening, config: RepositoryConfig, keys: Keys, key_id: str = "") -> None:
        self.name = opening.name
        self.id = config.id
        self.access = Access(opening, config, keys, key_id)
        """For the rooms of this format only."""

    def snapshots(self) -> list[Snapshot]:
        """Return all snapshots, oldest first; what is wrong with one that cannot be read, `verify` tells."""
        return self.access.snapshots.read()[0]

    def unreadable(self) -> dict[str, str]:
        """Return by id what is wrong with the snapshots that cannot be read."""
        return self.access.snapshots.read()[1]

    @contextmanager
    def begin(self, brief: Brief, watch: Watch) -> Iterator[ResticDraft]:
        """Start a snapshot under a shared lock; packs that were stored are listed in an index however it ends."""
        access = self.access
        with access.shared(watch) as lock:
            tidying = begun(access.store, access.store.tidy)
            parents = begun(access.store, partial(self._parent, brief))
            contents = access.load()
            parents.wait(watch.check)
            parent = parents.take()
            if parent is not None:
                watch.files_total, watch.bytes_total = parent.files, parent.size
            with suppress(StoreError):
                tidying.wait(watch.check)
                tidying.take()
            index = contents.index
            packs = PackLog(access.store, index, access.version, access.cipher, lock.confirm)
            uploads = Uploads[Stored](access.store, watch.check)
            data, trees = self._sealer(uploads, BlobType.DATA), self._sealer(uploads, BlobType.TREE)
            tools = Tools(self._setup(), index, contents, data, trees, packs)

            def keep(record: Record) -> Snapshot:
                lock.confirm()
                return self._record(record)

            draft = ResticDraft(brief, parent, tools, watch, keep)
            try:
                yield draft
            finally:
                draft.close()
                access.unload()
                with suppress(BackupError):
                    packs.add_all(uploads.close())
                    packs.save()

    def children(self, snapshot: Snapshot, path: bytes) -> list[Entry]:
        """Return what a directory of a snapshot holds, by name."""
        contents = self.access.contents(snapshot)
        return browse.listing(contents, browse.tree_at(contents, snapshot.root, path), path)

    def children_of(self, snapshot: Snapshot, directory: Entry) -> list[Entry]:
        """Return what a DIR of a snapshot holds, by name."""
        contents = self.access.contents(snapshot)
        return browse.listing(contents, browse.tree_of(directory), directory.path)

    def entry(self, snapshot: Snapshot, path: bytes) -> Entry:
        """Return the entry of a path."""
        return browse.find(self.access.contents(snapshot), snapshot.root, path)

    def entries(
        self, snapshot: Snapshot, under: bytes = b"/", watch: Watch | None = None, enter: Enter | None = None
    ) -> Iterator[Entry]:
        """Yield everything below `under`, directories before what they hold, siblings by name."""
        contents = self.access.contents(snapshot)
        above = b"" if under == b"/" else under
        return browse.walk(contents, browse.tree_at(contents, snapshot.root, under), above, watch, enter)

    def extract(self, snapshot: Snapshot, files: Iterable[Entry], landing: Landing, watch: Watch) -> None:
        """Hand the content of files to a landing, each byte authenticated."""
        from tui_backup.formats.restic.opening.extraction import Extraction

        index = self.access.contents(snapshot).index
        Extraction(self.access.store, self.access.keys, index, landing, watch).run(files)

    def verify(self, snapshots: Sequence[Snapshot], subset: Subset | None, watch: Watch) -> Proof:
        """Check structure, and with `subset` read packs, under a shared lock."""
        from tui_backup.formats.restic.checking.check import Checker, Examined

        access = self.access.direct()
        with access.shared(watch):
            every, damaged = access.snapshots.read(anew=True)
            wanted = {snapshot.id for snapshot in snapshots}
            chosen = [snapshot for snapshot in every if snapshot.id in wanted] if wanted else every
            examined = Examined(access.store, access.keys, access.version, len(every), damaged)
            return Checker(examined, watch).run(chosen, subset)

    def forget(self, snapshots: Sequence[Snapshot]) -> None:
        """Remove snapshots, not their data, under an exclusive lock."""
        with self.access.exclusive(Watch()) as lock:
            for snapshot in snapshots:
                lock.confirm()
                self.access.snapshots.remove(snapshot.id)

    def retag(self, snapshot: Snapshot, tags: Sequence[str]) -> Snapshot:
        """Write a snapshot anew with other tags, under an exclusive lock."""
        with self.access.exclusive(Watch()) as lock:
            lock.confirm()
            return self.access.snapshots.retag(snapshot.id, tuple(tags))

    @contextmanager
    def locked(self, watch: Watch) -> Iterator[None]:
        """Hold a shared lock, for a restore."""
        with self.access.shared(watch):
            yield

    @cached_property
    def upkeep(self) -> "ResticUpkeep":
        """What keeps it healthy."""
        from tui_backup.formats.restic.upkeep.facade import ResticUpkeep

        return ResticUpkeep(self.access)

    def objects_of(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Return the key of its file."""
        return (key_of(FileKind.SNAPSHOT, snapshot.id),)

    def needed_objects(self, snapshots: Sequence[Snapshot], watch: Watch) -> Iterator[str]:
        """Yield the keys of all objects that these snapshots live on."""
        from tui_backup.formats.restic.upkeep.needed import needed_objects

        return needed_objects(self.access, snapshots, watch)

    def renew(self) -> None:
        """Read the index again when it is needed."""
        self.access.unload()

    def close(self) -> None:
        """Forget what was loaded."""
        self.access.unload()

    def _parent(self, brief: Brief) -> Snapshot | None:
        """Return the newest snapshot of this host that has all paths and is not in the future."""
        wanted = set(as_kept(brief.paths))
        for snapshot in reversed(self.snapshots()):
            if snapshot.host == brief.host and wanted <= set(snapshot.paths) and snapshot.time <= brief.time:
                return snapshot
        return None

    def _sealer(self, uploads: Uploads[Stored], type_: BlobType) -> Sealer:
        access = self.access
        return Sealer(uploads, type_, access.cipher, access.version, access.opening.compression)

    def _setup(self) -> Setup:
        access = self.access
        by_owner = access.store.connections > 1
        return Setup(
            None if by_owner else access.store.recipe(),
            access.keys,
            access.version,
            access.opening.compression,
            access.config.chunker_polynomial,
            by_owner,
        )

    def _record(self, record: Record) -> Snapshot:
        parent = record.parent.id if record.parent else None
        document = compose(record.brief, record.tree, parent=parent, summary=record.summary, status=record.status)
        return self.access.snapshots.add(encode_snapshot(document, record.brief.original))
