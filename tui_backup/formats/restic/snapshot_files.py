"""SnapshotFiles: the files in `snapshots/`, read, written and removed; one that was read is remembered."""

import msgspec

from tui_backup.errors import Corrupted, NotFound
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.envelope import load_all, save_unpacked
from tui_backup.formats.restic.layout import FileKind, key_of, names
from tui_backup.formats.restic.snapshot import (
    SnapshotFile,
    as_kept,
    decode_snapshot,
    load_snapshot,
    snapshot_of,
    with_tags,
)
from tui_backup.model.snapshot import Snapshot
from tui_backup.stores.base import Store


class SnapshotFiles:
    """The snapshots of one repository; for one thread."""

    def __init__(self, store: Store, version: int, cipher: Cipher) -> None:
        self._store = store
        self._version = version
        self._cipher = cipher
        self._known: dict[str, Snapshot] = {}
        self._sizes: dict[str, int] = {}

    def read(self, *, anew: bool = False) -> tuple[list[Snapshot], dict[str, str]]:
        """Return all snapshots, oldest first, and by id what is wrong with those that cannot be read.

        What was read before is not read again, unless `anew`: a file never changes under its name.
        """
        found: dict[str, Snapshot] = {}
        damaged: dict[str, str] = {}
        known = {} if anew else self._known
        self._sizes = names(self._store, FileKind.SNAPSHOT)
        unknown = {name: size for name, size in self._sizes.items() if name not in known}
        found.update((name, known[name]) for name in self._sizes if name in known)
        for name, take in load_all(self._store, unknown, FileKind.SNAPSHOT, self._version, self._cipher):
            try:
                found[name] = snapshot_of(decode_snapshot(name, take()))
            except NotFound:
                continue
            except Corrupted as error:
                damaged[name] = error.message
        self._known = found
        return sorted(found.values(), key=lambda snapshot: (snapshot.time, snapshot.id)), damaged

    def file(self, name: str) -> SnapshotFile:
        """Return the snapshot file of that id; raises NotFound or Corrupted."""
        return load_snapshot(self._store, name, self._version, self._cipher, self._sizes.get(name))

    def add(self, document: bytes) -> Snapshot:
        """Store a snapshot document, and return the snapshot."""
        name = save_unpacked(self._store, FileKind.SNAPSHOT, document, self._version, self._cipher)
        snapshot = self._known[name] = snapshot_of(decode_snapshot(name, document))
        return snapshot

    def remove(self, name: str) -> None:
        """Remove a snapshot file; one that is gone is no error."""
        self._store.delete(key_of(FileKind.SNAPSHOT, name))
        self._known.pop(name, None)

    def retag(self, name: str, tags: tuple[str, ...]) -> Snapshot:
        """Write a snapshot anew with other tags, then remove the file that it was; raises NotFound.

        What somebody left who was killed in between is found, and not written again.
        """
        file = self.file(name)
        renewed = self._renewed(snapshot_of(file), tags) or self.add(with_tags(file, tags))
        if renewed.id != name:
            self.remove(name)
        return renewed

    def _renewed(self, former: Snapshot, tags: tuple[str, ...]) -> Snapshot | None:
        """Return the snapshot that differs from a former one in nothing but its tags, which are these."""
        wanted = msgspec.structs.replace(former, tags=as_kept(tags), original=former.identity)
        for snapshot in self.read()[0]:
            if snapshot.id != former.id and msgspec.structs.replace(snapshot, id=former.id) == wanted:
                return snapshot
        return None
