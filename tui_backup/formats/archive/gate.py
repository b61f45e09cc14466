"""The way into a repository of archives, one class for each kind of archive that is written there.

Whatever the kind, all archives in a place are listed and can be restored: who changes the format leaves nothing behind.
"""

from typing import TYPE_CHECKING, ClassVar

from tui_backup.errors import BackupError, NotFound, RepositoryMissing
from tui_backup.formats.archive.layout import container_of
from tui_backup.formats.archive.marker import MARKER, id_of_place, new_id, read_marker, write_marker
from tui_backup.formats.base import Opening
from tui_backup.formats.naming import check_template
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Store

if TYPE_CHECKING:
    from tui_backup.formats.archive.repository import ArchiveRepository

_OF_RESTIC = "config"


class ArchiveFormat:
    """Makes and opens repositories of archives."""

    kind: ClassVar[str]

    @classmethod
    def exists(cls, store: Store) -> bool:
        """Whether the store has a marker of ours, or an archive of anybody."""
        return _has(store, MARKER) or _has_archives(store)

    @classmethod
    def create(cls, opening: Opening) -> "ArchiveRepository":
        """Make an empty repository: a marker, and what the key is known by."""
        from tui_backup.formats.archive.access import Access
        from tui_backup.formats.archive.repository import ArchiveRepository

        check_template(opening.archives.name)
        store, id_ = opening.store, new_id()
        access = Access(opening, cls.kind, id_, is_marked=True)
        store.create()
        if cls.exists(store) or _has(store, _OF_RESTIC):
            message = _("there is a repository in {place} already")
            raise BackupError(message.format(place=store.describe()))
        access.note_key()
        write_marker(store, id_, cls.kind)
        return ArchiveRepository(access)

    @classmethod
    def open(cls, opening: Opening) -> "ArchiveRepository":
        """Open a repository; one without a marker is known by its place until the first archive is written there."""
        from tui_backup.formats.archive.access import Access
        from tui_backup.formats.archive.repository import ArchiveRepository

        check_template(opening.archives.name)
        marked = read_marker(opening.store)
        if marked is None and not _has_archives(opening.store):
            message = _("there is no repository in {place}")
            raise RepositoryMissing(message.format(place=opening.store.describe()))
        access = Access(opening, cls.kind, marked or id_of_place(opening.store), is_marked=marked is not None)
        access.check_key()
        return ArchiveRepository(access)


class TarGzFormat(ArchiveFormat):
    """Archives are `.tar.gz`."""

    kind = "tar.gz"


class TarZstFormat(ArchiveFormat):
    """Archives are `.tar.zst`."""

    kind = "tar.zst"


class ZipFormat(ArchiveFormat):
    """Archives are `.zip`."""

    kind = "zip"


def _has(store: Store, key: str) -> bool:
    try:
        store.info(key)
    except NotFound:
        return False
    return True


def _has_archives(store: Store) -> bool:
    try:
        return any(container_of(each.key) for each in store.objects())
    except NotFound:
        return False
