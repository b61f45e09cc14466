"""Catalog: the archives that lie in a store, each with what its sidecar, the head of its list, or its name alone tell.

One listing shows what there is. What lies beside archives is fetched in parallel, and again only where the listing
shows another size or time. Archives may have been made by any program, and may come from an attacker.
"""

import threading
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from enum import Enum, auto

import msgspec

from tui_backup.errors import Corrupted, NotFound, WrongPassword
from tui_backup.formats.archive import sidecar
from tui_backup.formats.archive.entry_list import Head, head_in, read_list
from tui_backup.formats.archive.facts import Facts
from tui_backup.formats.archive.layout import SEALED, container_of, list_key, owner_of, sidecar_key, stem_of
from tui_backup.formats.archive.object_file import open_object
from tui_backup.formats.archive.seal import (
    HEADER_BYTES,
    MAGIC,
    SMALL_SEGMENT_LOG,
    TAG_BYTES,
    Passphrase,
    first_segment,
    is_sealed,
    opened,
)
from tui_backup.formats.containers.registry import CONTAINERS
from tui_backup.formats.naming import read_name
from tui_backup.model.snapshot import Snapshot
from tui_backup.stores.base import ObjectInfo, Store
from tui_backup.stores.parallel import fetched

_BEGINNING = HEADER_BYTES + (1 << SMALL_SEGMENT_LOG) + TAG_BYTES
"""Bytes of an entry list that hold its head, as a rule."""

_MAGIC_OF = {"zip": (b"PK\x03\x04", b"PK\x05\x06"), "tar.gz": (b"\x1f\x8b",), "tar.zst": (b"\x28\xb5\x2f\xfd",)}


class Encryption(Enum):
    """How an archive is encrypted, so far as its first bytes tell."""

    NONE = auto()
    SEALED = auto()
    """By this program."""
    FOREIGN = auto()
    """By another program, which alone can open it."""


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """One archive in the store."""

    key: str
    container: str
    """Kind in CONTAINERS."""
    stored: ObjectInfo
    facts: Facts
    encryption: Encryption = Encryption.NONE
    listed: ObjectInfo | None = None
    """Its entry list."""
    sidecar: ObjectInfo | None = None
    said_size: int | None = None
    """Bytes of the archive, and below its SHA-256, as what lies beside it says; None where nothing does."""
    said_sha256: str | None = None
    written_as: str | None = None
    """The name under which it was written, where the head of its list told."""
    is_unproven: bool = False
    """Whether no seal vouches for what is told of it, in a place where archives are sealed."""

    def snapshot(self) -> Snapshot:
        """Return what the archive is to others."""
        facts = self.facts
        return Snapshot(
            id=self.key,
            time=facts.time,
            host=facts.host,
            paths=facts.paths,
            tags=facts.tags,
            job=facts.job,
            kind=facts.kind,
            status=facts.status,
            username=facts.username,
            excludes=facts.excludes,
            files=facts.files,
            size=self.stored.size if facts.bytes is None else facts.bytes,
            added=self.stored.size,
            duration=facts.duration,
            original=facts.original,
            copy_of=facts.copy_of,
            root=self.said_sha256 or "",
            content=facts.content,
            program=facts.tool,
            encrypted=self.encryption is not Encryption.NONE,
            foreign=self.encryption is Encryption.FOREIGN,
            unproven=self.is_unproven,
        )


class _Found(msgspec.Struct, frozen=True):
    """An archive as the listing shows it."""

    stored: ObjectInfo
    container: str
    listed: ObjectInfo | None
    sidecar: ObjectInfo | None


class Catalog:
    """The archives of one store; several threads may ask."""

    def __init__(self, store: Store, passphrase: Passphrase | None) -> None:
        self._store = store
        self._passphrase = passphrase
        self._known: dict[_Found, Archive] = {}
        self._lock = threading.Lock()

    def archives(self, *, anew: bool = False) -> list[Archive]:
        """Return all archives, oldest first; `anew`: what lies beside them is fetched again.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._lock:
            found = _paired({each.key: each for each in self._store.objects() if "/" not in each.key})
            known = {} if anew else self._known
            unknown = [each for each in found if each not in known]
            made = {each: answer.take() for each, answer in fetched(self._store, unknown, self._read)}
            self._known = {each: known.get(each) or made[each] for each in found}
            return sorted(self._known.values(), key=lambda archive: (archive.facts.time, archive.key))

    def known(self, key: str) -> Archive | None:
        """Return an archive as it was when it was listed last; None where it was not."""
        with self._lock:
            return next((archive for archive in self._known.values() if archive.key == key), None)

    def forget(self) -> None:
        """Have everything that lies beside archives fetched again when it is asked for next."""
        with self._lock:
            self._known = {}

    def add(self, archive: Archive) -> None:
        """Note an archive that was just written, so that nothing of it is fetched."""
        with self._lock:
            self._known[_Found(archive.stored, archive.container, archive.listed, archive.sidecar)] = archive

    def _read(self, found: _Found) -> Archive:
        """Return what can be known of an archive without reading it."""
        is_named_sealed = found.stored.key.endswith(SEALED)
        has_head = found.listed and (is_named_sealed or not found.sidecar)
        head = self._head(found, sealed=is_named_sealed) if has_head else None
        beside = None if head else self._sidecar(found)
        bare = Archive(
            key=found.stored.key,
            container=found.container,
            stored=found.stored,
            facts=beside.facts if beside else _facts_of_name(found),
            listed=found.listed,
            sidecar=found.sidecar,
            said_size=beside.size if beside else None,
            said_sha256=beside.sha256 if beside else None,
        )
        if head is not None:
            bare = told_by(bare, head, Encryption.SEALED if is_named_sealed else Encryption.NONE)
        elif is_named_sealed or (beside and beside.encrypted):
            bare = msgspec.structs.replace(bare, encryption=self._encryption(found))
        if self._passphrase is None or (head and is_named_sealed):
            return bare
        return msgspec.structs.replace(bare, facts=_unproven(bare.facts), is_unproven=True)

    def _head(self, found: _Found, *, sealed: bool) -> Head | None:
        """Return the head of an entry list; None where it cannot be read, for whatever reason but the store's."""
        assert found.listed is not None
        if sealed and self._passphrase is None:
            return None
        size = found.listed.size
        try:
            beginning = self._store.get(found.listed.key, 0, min(size, _BEGINNING))
            if sealed and self._passphrase:
                beginning = first_segment(beginning, size, self._passphrase)
            return head_in(beginning) or (self._long_head(found.listed, sealed=sealed) if size > _BEGINNING else None)
        except (Corrupted, NotFound, WrongPassword):
            return None

    def _long_head(self, listed: ObjectInfo, *, sealed: bool) -> Head:
        """Return a head that is longer than the first bytes of a list."""
        with closing(open_object(self._store, listed)) as file:
            return read_list(opened(file, self._passphrase) if sealed and self._passphrase else file)[0]

    def _inside(self, found: _Found) -> sidecar.Sidecar | None:
        """Return what a zip tells inside itself; None where there is no such thing."""
        if found.container != "zip" or found.stored.key.endswith(SEALED):
            return None
        try:
            with closing(open_object(self._store, found.stored)) as file:
                told = CONTAINERS.load("zip")().reader(file, lambda _name, _reason: None).about()
        except (Corrupted, NotFound):
            return None
        return sidecar.decode(told, _facts_of_name(found).time) if told else None

    def _sidecar(self, found: _Found) -> sidecar.Sidecar | None:
        """Return what the sidecar of an archive tells, or a zip whose name tells nothing; None where none does."""
        if found.sidecar is None or found.sidecar.size > sidecar.LARGEST:
            return None if read_name(stem_of(found.stored.key)).time else self._inside(found)
        try:
            content = self._store.get(found.sidecar.key)
        except (NotFound, Corrupted):
            return None
        by_name = _facts_of_name(found)
        read = sidecar.decode(content, by_name.time)
        if read is None or read.tells_kind or read.facts.kind is not None:
            return read
        return msgspec.structs.replace(read, facts=msgspec.structs.replace(read.facts, kind=by_name.kind))

    def _encryption(self, found: _Found) -> Encryption:
        """Return how an archive is encrypted of which somebody says that it is."""
        try:
            beginning = self._store.get(found.stored.key, 0, min(found.stored.size, len(MAGIC)))
        except (NotFound, Corrupted):
            return Encryption.FOREIGN
        return encryption_of(beginning, found.container)


def told_by(archive: Archive, head: Head, encryption: Encryption) -> Archive:
    """Return an archive with what the head of its list tells."""
    return msgspec.structs.replace(
        archive,
        facts=head.facts,
        encryption=encryption,
        said_size=head.size,
        said_sha256=head.sha256,
        written_as=head.name,
    )


def _unproven(facts: Facts) -> Facts:
    """Return what is believed of an archive of which no seal tells what it is: anybody can have put it there."""
    return Facts(time=facts.time, tool="", kind=facts.kind)


def encryption_of(beginning: bytes, container: str) -> Encryption:
    """Return how a file that begins so, and is said to be encrypted, is encrypted."""
    if is_sealed(beginning):
        return Encryption.SEALED
    return Encryption.NONE if beginning.startswith(_MAGIC_OF.get(container, ())) else Encryption.FOREIGN


def _paired(objects: Mapping[str, ObjectInfo]) -> list[_Found]:
    """Return the archives among objects, each with what lies beside it."""
    return [
        _Found(stored, container, objects.get(list_key(key)), objects.get(sidecar_key(key)))
        for key, stored in objects.items()
        if (container := container_of(key)) and owner_of(key) is None
    ]


def _facts_of_name(found: _Found) -> Facts:
    """Return what nothing but the name tells, or where that tells no time, the time when the archive was stored."""
    read = read_name(stem_of(found.stored.key))
    return Facts(time=read.time or datetime.fromtimestamp(found.stored.modified, UTC), tool="", kind=read.kind)
