"""The files in `locks/`: who holds the repository, since when, and whether that is still true.

A lock is a sealed JSON document with restic's fields and one of ours, `since`. Source: restic's design document,
"Locks", and what restic 0.14 to 0.19 write.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from tui_backup.errors import Corrupted, NotFound, StoreError
from tui_backup.formats.restic.crypto import Cipher, Keys
from tui_backup.formats.restic.envelope import encode, load_unpacked
from tui_backup.formats.restic.layout import FileKind, id_of, key_of, names
from tui_backup.formats.restic.times import format_time, parse_time, to_datetime
from tui_backup.primitives.clock import now
from tui_backup.primitives.identity import identity
from tui_backup.primitives.ledger import Ledger
from tui_backup.primitives.processes import has_ended
from tui_backup.stores.base import Store

STALE_AFTER = timedelta(minutes=30)
"""Age at which restic, too, takes a lock for abandoned."""


class LockDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The JSON of a lock, in restic's field order."""

    time: str | None = None
    """When it was last refreshed, RFC 3339."""
    exclusive: bool | None = None
    hostname: str | None = None
    username: str | None = None
    pid: int | None = None
    uid: int | None = 0
    gid: int | None = 0
    since: str | None = None
    """When it was taken; only this program writes it, restic passes over it."""


class FoundLock(msgspec.Struct, frozen=True):
    """A lock in the repository."""

    name: str
    """Its id."""
    document: LockDocument | None
    """None where it cannot be read."""

    @property
    def refreshed(self) -> datetime | None:
        """When its owner last said that it lives."""
        return _datetime(self.document.time) if self.document else None

    @property
    def taken(self) -> datetime | None:
        """When its owner took it, as far as it says."""
        return _datetime(self.document.since or self.document.time) if self.document else None

    @property
    def stale(self) -> bool:
        """Whether it is unreadable, older than 30 minutes, or its owner has no living process on this host."""
        if self.document is None or self.refreshed is None:
            return True
        if now() - self.refreshed > STALE_AFTER:
            return True
        return self.document.hostname == identity().hostname and has_ended(self.document.pid or 0)


def new_lock(*, exclusive: bool) -> LockDocument:
    """Return the document of a lock that this process takes at this moment."""
    owner = identity()
    moment = format_time(time.time_ns())
    return LockDocument(
        time=moment,
        exclusive=exclusive,
        hostname=owner.hostname,
        username=owner.username,
        pid=owner.pid,
        uid=owner.uid,
        gid=owner.gid,
        since=moment,
    )


class LockFiles:
    """Reads and writes the locks of one repository; methods may be called from several threads."""

    def __init__(self, store: Store, version: int, keys: Keys, ledger: Ledger | None = None) -> None:
        self._store = store
        self._version = version
        self._keys = keys
        self._ledger = ledger
        self._own: dict[str, LockDocument] = {}
        """What this process has written: nobody needs to ask the store for it."""

    @property
    def place(self) -> str:
        """Where the repository is, for people."""
        return self._store.describe()

    def write(self, document: LockDocument) -> str:
        """Store a lock, remembered before it exists; return its id."""
        stored = encode(msgspec.json.encode(document), self._version, Cipher(self._keys))
        name = id_of(stored)
        if self._ledger is not None:
            with suppress(OSError):
                self._ledger.remember(name)
        try:
            self._store.put(key_of(FileKind.LOCK, name), stored)
        except BaseException:
            self.give_up(name)
            raise
        self._own[name] = document
        return name

    def delete(self, name: str) -> None:
        """Remove a lock, whoever wrote it; raises StoreError."""
        self._store.delete(key_of(FileKind.LOCK, name))
        self._own.pop(name, None)
        if self._ledger is not None:
            self._ledger.forget(name)

    def give_up(self, name: str) -> None:
        """Remove a lock of this process; where that fails, any later command of this host will."""
        try:
            self.delete(name)
        except StoreError:
            if self._ledger is not None:
                self._ledger.disown(name)

    def exists(self, name: str) -> bool:
        """Whether a lock is still there; raises StoreError."""
        try:
            self._store.get(key_of(FileKind.LOCK, name), 0, 1)
        except (NotFound, Corrupted):
            return False
        return True

    def found(self, *, tidying: bool = True) -> Iterator[FoundLock]:
        """Yield the locks that count: not those of zero length, nor those provably left behind, which are removed.

        Without `tidying` these are yielded too, and stay.

        Raises:
            StoreError: the locks cannot be listed or read.
        """
        for name, size in names(self._store, FileKind.LOCK).items():
            if not size:
                continue
            if tidying and self._ledger is not None and self._ledger.provably_dead(name):
                self.delete(name)
                continue
            with suppress(NotFound):
                yield FoundLock(name, self._own.get(name) or self._read(name, size))

    def _read(self, name: str, size: int) -> LockDocument | None:
        try:
            document = load_unpacked(self._store, FileKind.LOCK, name, self._version, Cipher(self._keys), size)
            return msgspec.json.decode(document, type=LockDocument)
        except (Corrupted, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


def _datetime(text: str | None) -> datetime | None:
    try:
        return to_datetime(parse_time(text)) if text else None
    except ValueError:
        return None
