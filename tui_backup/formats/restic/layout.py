"""Where the files of a repository lie in its store: kind and id -> key.

    config                     fixed name
    keys/ID                    plain JSON
    data/XX/ID                 packs; XX is the first two digits of ID
    index/ID  snapshots/ID  locks/ID

ID is the SHA-256 of the stored bytes, 64 lower-case hex digits. Source: restic's design document, "Repository Layout".
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum

import msgspec

from tui_backup.errors import BackupError, Corrupted, NotFound
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import ObjectInfo, Store

CONFIG_KEY = "config"

_MIB = 1 << 20

_ID = re.compile(r"[0-9a-f]{64}")


class FileKind(StrEnum):
    """Kinds of files that are named by an id; the values are their directories."""

    KEY = "keys"
    DATA = "data"
    INDEX = "index"
    SNAPSHOT = "snapshots"
    LOCK = "locks"


LARGEST = {FileKind.KEY: _MIB, FileKind.LOCK: _MIB, FileKind.SNAPSHOT: 64 * _MIB, FileKind.INDEX: 512 * _MIB}
"""Bytes of the largest stored file of a kind that is read whole; what other programs write is far smaller."""


class Listing(msgspec.Struct, frozen=True):
    """The files of one kind."""

    sizes: dict[str, int]
    """Id -> bytes as stored, in the order in which the store lists them."""
    misplaced: tuple[str, ...]
    """Keys of packs that lie in the directory of another id: nobody can read them there."""


def is_id(name: str) -> bool:
    """Whether `name` is 64 lower-case hex digits."""
    return _ID.fullmatch(name) is not None


def id_of(stored: bytes | bytearray | memoryview) -> str:
    """Return the id of a file with these stored bytes."""
    return hashlib.sha256(stored).hexdigest()


def key_of(kind: FileKind, name: str) -> str:
    """Return the store key of the file of that id."""
    if kind is FileKind.DATA:
        return f"data/{name[:2]}/{name}"
    return f"{kind.value}/{name}"


def listing(store: Store, kind: FileKind) -> Listing:
    """List the files of one kind; whatever is not named by an id (temporary files, strangers) is passed over."""
    sizes: dict[str, int] = {}
    misplaced: list[str] = []
    for name, found in _named(store, kind):
        if found.key == key_of(kind, name):
            sizes[name] = found.size
        else:
            misplaced.append(found.key)
    return Listing(sizes, tuple(misplaced))


def names(store: Store, kind: FileKind) -> dict[str, int]:
    """Return id -> bytes as stored, for the files of one kind that can be read."""
    return listing(store, kind).sizes


def refuse_old_layout(store: Store) -> None:
    """Say so where a store without key files has the layout that restic used on S3 up to version 0.7.

    Raises:
        BackupError: the store has key files below `key/`.
    """
    if any(is_id(found.key.rpartition("/")[2]) for found in store.objects("key/")):
        message = _("{place} has the old s3legacy layout").format(place=store.describe())
        raise BackupError(message, hint=_("run restic 0.17 or older: `restic migrate s3_layout`"))


def fetch(store: Store, kind: FileKind, name: str, size: int | None = None) -> bytes:
    """Return the stored bytes of a whole file, checked against its name; one bad download is tried again.

    `size` is what a listing says; without it the store is asked. No more than that is read.

    Raises:
        NotFound: there is no such file.
        Corrupted: the bytes do not match the name, or are too many; the message has the key.
    """
    key = key_of(kind, name)
    size = names(store, kind).get(name) if size is None else size
    if size is None:
        raise NotFound(_("{key} is not there").format(key=key))
    if size > LARGEST[kind]:
        raise Corrupted(_("{key} is damaged: it cannot be as large as {size} bytes").format(key=key, size=size))
    for _attempt in range(2):
        with suppress(Corrupted):
            stored = store.get(key, 0, size)
            if id_of(stored) == name:
                return stored
    raise Corrupted(_("{key} is damaged: its content does not match its name").format(key=key))


def _named(store: Store, kind: FileKind) -> Iterator[tuple[str, ObjectInfo]]:
    depth = 2 if kind is FileKind.DATA else 1
    for found in store.objects(f"{kind.value}/"):
        name = found.key.rpartition("/")[2]
        if found.key.count("/") == depth and is_id(name):
            yield name, found
