"""Placing: one archive on its way into the store, and all that belongs to it.

The bytes of the archive go to the store as they are made. When it is whole, its list and its sidecar are stored first,
durably, and only then does the archive appear under its name: what is listed is complete.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from hashlib import sha256

import msgspec

from tui_backup.errors import BackupError, NotFound, StoreError
from tui_backup.formats.archive import sidecar
from tui_backup.formats.archive.access import Access
from tui_backup.formats.archive.catalog import Archive, Encryption
from tui_backup.formats.archive.claims import claimed
from tui_backup.formats.archive.entry_list import EntryListWriter, Head
from tui_backup.formats.archive.facts import Facts
from tui_backup.formats.archive.layout import key_of, list_key, sidecar_key
from tui_backup.formats.archive.seal import SEGMENT_LOG, SMALL_SEGMENT_LOG, SealedSink
from tui_backup.formats.base import Brief
from tui_backup.formats.naming import NameFacts, render
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import ObjectInfo, Sink


class Placing:
    """Takes one archive; for one thread."""

    def __init__(self, access: Access, key: str, salt: bytes | None, stack: ExitStack) -> None:
        self.key = key
        """Full name of the archive."""
        self.entries = stack.enter_context(closing(EntryListWriter()))
        """Takes the members as they were written."""
        self.is_there = False
        """Whether the archive has appeared."""
        self._access = access
        self._salt = salt
        self._stack = stack
        self._stored = _Measured(stack.enter_context(access.store.writing(key)))
        self._sealed = None if salt is None else self._seal(self._stored, salt, SEGMENT_LOG)

    @property
    def sink(self) -> Sink:
        """Takes the bytes of the archive, not sealed."""
        return self._sealed or self._stored

    @property
    def bytes_stored(self) -> int:
        """Bytes that went to the store so far."""
        return self._stored.size

    def commit(self, facts: Facts, finish: Callable[[bytes | None], None]) -> Archive:
        """Store the rest, and have the archive appear; return it as the catalog has it.

        `finish` writes what ends the archive; it is given what lies inside a zip.
        """
        container = self._access.format
        facts = msgspec.structs.replace(facts, entries=self.entries.count)
        finish(sidecar.encode_inside(container, facts) if container == "zip" else None)
        if self._sealed is not None:
            self._sealed.close()
        head = Head(name=self.key, size=self._stored.size, sha256=self._stored.sha256, facts=facts)
        try:
            self._store_beside(head)
            self._check_free()
            self._stack.close()
            self.is_there = True
        except BaseException:
            self._withdraw()
            raise
        return self._placed(head)

    def _placed(self, head: Head) -> Archive:
        """Return the archive that has appeared, as a listing shows it."""
        store = self._access.store
        archive = Archive(
            key=self.key,
            container=self._access.format,
            stored=ObjectInfo(self.key, head.size, time.time()),
            facts=head.facts,
            encryption=Encryption.NONE if self._salt is None else Encryption.SEALED,
            said_size=head.size,
            said_sha256=head.sha256,
            written_as=self.key,
        )
        with suppress(StoreError):
            archive = msgspec.structs.replace(
                archive,
                stored=store.info(self.key),
                listed=store.info(list_key(self.key)),
                sidecar=store.info(sidecar_key(self.key)),
            )
            self._access.catalog.add(archive)
        return archive

    def _store_beside(self, head: Head) -> None:
        """Store list and sidecar."""
        store = self._access.store
        with store.writing(list_key(self.key)) as out:
            if self._salt is None:
                self.entries.write(head, out)
            else:
                sealed = self._seal(out, self._salt, SMALL_SEGMENT_LOG)
                self.entries.write(head, sealed)
                sealed.close()
        encrypted = self._salt is not None
        written = sidecar.encode(
            self._access.format, head.facts, size=head.size, sha256=head.sha256, encrypted=encrypted
        )
        store.put(sidecar_key(self.key), written)

    def _check_free(self) -> None:
        """Make sure that nobody has taken the name in spite of the claim: nothing is ever written over."""
        with suppress(NotFound):
            self._access.store.info(self.key)
            raise BackupError(_("somebody else has stored {key} meanwhile").format(key=self.key))

    def _withdraw(self) -> None:
        """Remove list and sidecar where it is sure that the archive has not appeared."""
        with suppress(StoreError):
            try:
                self._access.store.info(self.key)
            except NotFound:
                self._access.store.delete_all([sidecar_key(self.key), list_key(self.key)])

    def _seal(self, out: Sink, salt: bytes, segment_log: int) -> SealedSink:
        passphrase = self._access.passphrase
        assert passphrase is not None
        return SealedSink(out, passphrase, salt, segment_log)


@contextmanager
def placing(access: Access, brief: Brief) -> Iterator[Placing]:
    """Begin an archive; nothing of it stays where the block ends without a commit."""
    salt = access.salt()
    wished = render(access.opening.archives.name, NameFacts(brief.job, brief.host, brief.kind, brief.time))
    access.adopt()
    with suppress(_GaveUp), claimed(access.store, wished) as name, ExitStack() as stack:
        placed = Placing(access, key_of(name, access.format, sealed=salt is not None), salt, stack)
        yield placed
        if not placed.is_there:
            raise _GaveUp


class _GaveUp(Exception):
    """What ends an archive that nobody committed; it goes no further than the store."""


class _Measured:
    """Passes bytes on, counts them and adds them to a hash."""

    def __init__(self, out: Sink) -> None:
        self.size = 0
        self._out = out
        self._hash = sha256()

    @property
    def sha256(self) -> str:
        """Of what came by so far, 64 hex digits."""
        return self._hash.hexdigest()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Take the next bytes."""
        self._hash.update(piece)
        self._out.write(piece)
        self.size += memoryview(piece).nbytes
