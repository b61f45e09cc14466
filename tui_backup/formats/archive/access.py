"""Access: an open repository of archives as its rooms share it: store, key, catalog, and archives as files."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import BinaryIO

from tui_backup.errors import BackupError, ConfigError, NotFound, WrongPassword
from tui_backup.formats.archive import seal
from tui_backup.formats.archive.catalog import Archive, Catalog, Encryption, encryption_of
from tui_backup.formats.archive.content import Readings
from tui_backup.formats.archive.layout import SEALED
from tui_backup.formats.archive.marker import is_sealing, known_salt, new_salt, salt_now, write_marker
from tui_backup.formats.archive.object_file import open_object
from tui_backup.formats.archive.seal import MAGIC, Passphrase
from tui_backup.formats.archive.spool import new_spool, spooling
from tui_backup.formats.base import Opening
from tui_backup.formats.containers.base import Container
from tui_backup.formats.containers.registry import CONTAINERS
from tui_backup.model.snapshot import Snapshot
from tui_backup.primitives.i18n import _

_CHUNK = 4 << 20


class Access:
    """What it takes to read and write a repository of archives; several threads may read at once."""

    def __init__(self, opening: Opening, format_: str, id_: str, *, is_marked: bool) -> None:
        """`format_` is the kind of new archives; with `is_marked` the place has a marker with that id."""
        key = opening.archives.encryption_key
        self.opening = opening
        self.store = opening.store
        self.format = format_
        self.id = id_
        self.passphrase = None if key is None else Passphrase(key)
        self.catalog = Catalog(self.store, self.passphrase)
        self.readings = Readings(self)
        self._is_marked = is_marked

    @cached_property
    def container(self) -> Container:
        """What new archives are written with."""
        return CONTAINERS.load(self.format)()

    def check_key(self) -> None:
        """Raise WrongPassword where archives are sealed with another key than that of the configuration."""
        if self.passphrase is not None:
            known_salt(self.store, self.passphrase)

    def note_key(self) -> bytes | None:
        """Note by what the key of the configuration is known; return the salt that goes with it, None without a key.

        Raises:
            WrongPassword: archives are sealed with another one.
        """
        if self.passphrase is None:
            return None
        return known_salt(self.store, self.passphrase) or new_salt(self.store, self.passphrase)

    def adopt(self) -> None:
        """Mark the place before the first archive of ours is written there."""
        if not self._is_marked:
            write_marker(self.store, self.id, self.format)
            self._is_marked = True

    def salt(self) -> bytes | None:
        """Return the salt of what is written now; None where it is not to be sealed.

        Raises:
            ConfigError: what lies there is sealed, and nobody has configured a key.
            WrongPassword: it is sealed with another one.
        """
        noted = self.note_key()
        if noted is None and is_sealing(self.store):
            raise ConfigError(
                _("the archives in {place} are sealed, and {name} has no encryption_key").format(
                    place=self.store.describe(), name=self.opening.name
                ),
                hint=_("give the key; archives that are not to be sealed need a new repository"),
            )
        return None if noted is None else salt_now(noted)

    def archive(self, snapshot: Snapshot, *, anew: bool = False) -> Archive:
        """Return the archive that a snapshot is; what was listed before is believed, but `anew`.

        Raises:
            NotFound: it is gone.
        """
        known = None if anew else self.catalog.known(snapshot.id)
        if known is not None:
            return known
        for archive in self.catalog.archives():
            if archive.key == snapshot.id:
                return archive
        raise NotFound(_("{key} is no longer in {place}").format(key=snapshot.id, place=self.store.describe()))

    def stored(self, archive: Archive) -> BinaryIO:
        """Open an archive as it is stored: a file that can seek, for one thread."""
        return open_object(self.store, archive.stored)

    def opened(self, archive: Archive) -> BinaryIO:
        """Open an archive as its container reads it: without its seal; errors as `unsealed`."""
        return self.unsealed(archive, self.stored(archive))

    def unsealed(self, archive: Archive, file: BinaryIO) -> BinaryIO:
        """Return an archive as its container reads it, from a file of how it is stored.

        Raises:
            WrongPassword: it is sealed with another key, or nobody has configured one.
            Corrupted: the seal is damaged, the archive gone.
            BackupError: another program has encrypted it.
        """
        if archive.encryption is Encryption.NONE and not archive.key.endswith(SEALED):
            return file
        encryption = encryption_of(file.read(len(MAGIC)), archive.container)
        file.seek(0)
        if encryption is Encryption.NONE:
            return file
        if encryption is Encryption.FOREIGN:
            raise BackupError(
                _("{key} was encrypted by another program").format(key=archive.key),
                hint=_("only that program can open it: decrypt it there, and put the plain archive beside it"),
            )
        return seal.opened(file, self._needed_passphrase(archive.key))

    @contextmanager
    def entry_list(self, archive: Archive) -> Iterator[BinaryIO | None]:
        """Give the list of an archive's entries, fetched whole: a file that can seek; None where there is none.

        Raises:
            WrongPassword, Corrupted: as `opened`.
        """
        if archive.listed is None:
            yield None
            return
        with new_spool() as spool:
            size = archive.listed.size
            for start in range(0, size, _CHUNK):
                piece = self.store.get(archive.listed.key, start, min(_CHUNK, size - start))
                with spooling():
                    spool.write(piece)
            spool.seek(0)
            yield seal.opened(spool, self._needed_passphrase(archive.key)) if archive.key.endswith(SEALED) else spool

    def _needed_passphrase(self, key: str) -> Passphrase:
        if self.passphrase is None:
            raise WrongPassword(
                _("{key} is sealed, and {name} has no encryption_key").format(key=key, name=self.opening.name),
                hint=_("give the key that it was sealed with as encryption_key"),
            )
        return self.passphrase
