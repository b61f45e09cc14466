"""ArchiveRepository: a place with archives, each of them a snapshot; the facade, no details."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from threading import RLock
from typing import TYPE_CHECKING, BinaryIO

from tui_backup.errors import BackupError, Corrupted, NotFound, StoreError
from tui_backup.formats.archive.access import Access
from tui_backup.formats.archive.browse import Contents
from tui_backup.formats.archive.catalog import Archive
from tui_backup.formats.archive.entry_list import EntryListWriter
from tui_backup.formats.archive.index import Index
from tui_backup.formats.archive.layout import list_key, sidecar_key
from tui_backup.formats.archive.marker import KEY_MARKER, MARKER
from tui_backup.formats.base import Brief, Enter, Landing, Proof, Subset
from tui_backup.formats.containers.registry import CONTAINERS
from tui_backup.model.entry import Entry
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable

if TYPE_CHECKING:
    from tui_backup.formats.archive.draft import ArchiveDraft

_MOST_REFUSED = 1000
"""Members that must not be used that are told of one archive."""
_LOOKED_INTO = 8
"""Archives whose contents are kept at hand."""


class ArchiveRepository:
    """An open repository; those methods that read may be called from several threads."""

    upkeep = None

    def __init__(self, access: Access) -> None:
        self.name = access.opening.name
        self.id = access.id
        self.encrypted = access.passphrase is not None
        self.access = access
        """For the rooms of this format only."""
        self._lock = RLock()
        self._looked_into: OrderedDict[Archive, tuple[Contents, ExitStack]] = OrderedDict()

    def snapshots(self) -> list[Snapshot]:
        """Return all archives, oldest first."""
        return [archive.snapshot() for archive in self.access.catalog.archives()]

    def unreadable(self) -> dict[str, str]:
        """Return nothing: of every archive that is there at least its name and time are known."""
        return {}

    @contextmanager
    def begin(self, brief: Brief, watch: Watch) -> Iterator["ArchiveDraft"]:
        """Start an archive; it appears when it is committed, with all that belongs to it."""
        from tui_backup.formats.archive.draft import ArchiveDraft
        from tui_backup.formats.archive.placing import placing

        with suppress(StoreError):
            self.access.store.tidy()
        with placing(self.access, brief) as placed:
            draft = ArchiveDraft(self.access, placed, brief, watch)
            try:
                yield draft
            finally:
                draft.close()
        if placed.is_there:
            self._keep_history(watch)

    def children(self, snapshot: Snapshot, path: bytes) -> list[Entry]:
        """Return what a directory of an archive holds, by name."""
        found = self._contents(snapshot).children(path)
        if found is None:
            raise self._no_directory(snapshot, path)
        return found

    def children_of(self, snapshot: Snapshot, directory: Entry) -> list[Entry]:
        """Return what a DIR of an archive holds, by name."""
        return self.children(snapshot, directory.path)

    def entry(self, snapshot: Snapshot, path: bytes) -> Entry:
        """Return the entry of a path."""
        found = self._contents(snapshot).find(path)
        if found is None:
            raise NotFound(_("the snapshot has no {path}").format(path=printable(path)))
        return found

    def entries(
        self, snapshot: Snapshot, under: bytes = b"/", watch: Watch | None = None, enter: Enter | None = None
    ) -> Iterator[Entry]:
        """Yield everything below `under`, directories before what they hold, siblings by name."""
        contents = self._contents(snapshot)
        if not contents.has_directory(under):
            raise self._no_directory(snapshot, under)
        return contents.walk(under, watch, enter)

    def extract(self, snapshot: Snapshot, files: Iterable[Entry], landing: Landing, watch: Watch) -> None:
        """Hand the content of files to a landing, each byte authenticated."""
        from tui_backup.formats.archive.extraction import extract

        extract(self.access, self.access.archive(snapshot), files, landing, watch)

    def archive(self, snapshot: Snapshot, format_: str) -> AbstractContextManager[BinaryIO] | None:
        """Open an archive without its seal; None where it is of another format."""
        from tui_backup.formats.archive.plain import plain

        archive = self.access.archive(snapshot)
        return plain(self.access, archive) if archive.container == format_ else None

    def verify(self, snapshots: Sequence[Snapshot], subset: Subset | None, watch: Watch) -> Proof:
        """Check what lies beside archives, and with `subset` read them to their last byte."""
        from tui_backup.formats.archive.checking import Checker

        every = self.access.catalog.archives(anew=True)
        wanted = {snapshot.id for snapshot in snapshots}
        chosen = [archive for archive in every if archive.key in wanted] if wanted else every
        return Checker(self.access, watch).run(chosen, subset)

    def forget(self, snapshots: Sequence[Snapshot]) -> None:
        """Remove archives, then what lies beside them."""
        for snapshot in snapshots:
            self.access.store.delete(snapshot.id)
            self.access.store.delete_all([sidecar_key(snapshot.id), list_key(snapshot.id)])
        self._keep_history(Watch())

    def retag(self, snapshot: Snapshot, tags: Sequence[str]) -> Snapshot:
        """Give an archive other tags: they stand beside it; its id stays."""
        from tui_backup.formats.archive.tagging import retag

        retag(self.access, self.access.archive(snapshot, anew=True), tuple(tags))
        return self.access.archive(snapshot, anew=True).snapshot()

    @contextmanager
    def locked(self, watch: Watch) -> Iterator[None]:
        """Hold nothing: an archive never changes, and one that is removed meanwhile is missed at once."""
        yield

    def objects_of(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Return the keys of an archive and of what lies beside it."""
        archive = self.access.archive(snapshot)
        beside = (archive.sidecar, archive.listed)
        return (archive.key, *(stored.key for stored in beside if stored is not None))

    def needed_objects(self, snapshots: Sequence[Snapshot], watch: Watch) -> Iterator[str]:
        """Yield the keys of these archives, of what lies beside them, and of the markers."""
        markers = (MARKER, KEY_MARKER)
        yield from (found.key for found in self.access.store.objects() if found.key in markers)
        for snapshot in snapshots:
            yield from self.objects_of(snapshot)

    def renew(self) -> None:
        """Look again at archives that may have been replaced."""
        self.close()
        self.access.catalog.forget()

    def close(self) -> None:
        """Let go of the archives that were looked into."""
        with self._lock:
            while self._looked_into:
                self._put_away()
        self.access.readings.close()

    def _contents(self, snapshot: Snapshot) -> Contents:
        """Return what an archive holds: by its list, else by reading it."""
        archive = self.access.archive(snapshot)
        with self._lock:
            if archive in self._looked_into:
                self._looked_into.move_to_end(archive)
            else:
                with ExitStack() as stack:
                    contents = Contents(self.access, archive, _index(self.access, archive, stack))
                    self._looked_into[archive] = (contents, stack.pop_all())
                if len(self._looked_into) > _LOOKED_INTO:
                    self._put_away()
            return self._looked_into[archive][0]

    def _put_away(self) -> None:
        _archive, (_contents, stack) = self._looked_into.popitem(last=False)
        stack.close()

    def _keep_history(self, watch: Watch) -> None:
        """Have the history file tell what is there; what goes wrong with it changes nothing about the archives."""
        from tui_backup.formats.archive.history_file import keep_true

        if not self.access.opening.archives.history_file:
            return
        try:
            keep_true(self.access.store, self.access.catalog.archives())
        except (StoreError, Corrupted) as error:
            watch.warn(None, _("backup_history.json was not kept true: {reason}").format(reason=error.message))

    def _no_directory(self, snapshot: Snapshot, path: bytes) -> BackupError:
        self.entry(snapshot, path)
        return BackupError(_("{path} is no directory").format(path=printable(path)))


def _index(access: Access, archive: Archive, stack: ExitStack) -> Index:
    """Return what a list tells, else what reading the archive does, as far as that goes.

    The stack keeps open what it is read from.
    """
    if archive.listed is not None:
        with suppress(Corrupted):
            file = stack.enter_context(access.entry_list(archive))
            assert file is not None
            return Index(file, has_head=True)
    written = stack.enter_context(closing(EntryListWriter()))
    refused: list[tuple[bytes, str]] = []

    def note(name: bytes, reason: str) -> None:
        if len(refused) < _MOST_REFUSED:
            refused.append((name, reason))

    with closing(access.opened(archive)) as whole:
        reader = CONTAINERS.load(archive.container)().reader(whole, note)
        try:
            for member, _content in reader.members():
                written.add(member)
        except Corrupted as error:
            if not written.count:
                raise
            refused.append((b"/", error.message))
    index = Index(written.file(), has_head=False)
    index.refused[:0] = refused
    return index
