"""Repositories put together by hand, file by file, legal or not."""

import hashlib
from typing import Any

import msgspec

from tui_backup.formats.restic.blob import PackBuilder
from tui_backup.formats.restic.config import create
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.layout import FileKind, id_of, key_of
from tui_backup.formats.restic.pack import BlobType, PackedBlob
from tui_backup.primitives.secret import Secret
from tui_backup.stores.base import Store

TIME = "2026-11-21T02:00:00Z"


class Handmade:
    """An empty repository of version 2 (password `correct horse`) and words to fill it with."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.config, self.keys, _name = create(store, Secret("correct horse"))
        self.cipher = Cipher(self.keys)

    def put(self, kind: FileKind, plaintext: bytes) -> str:
        """Seal and store a file as it stands; return its id."""
        stored = self.cipher.seal(plaintext)
        self.store.put(key_of(kind, id_of(stored)), stored)
        return id_of(stored)

    def pack(self, type_: BlobType, *contents: bytes, compression: str = "auto") -> dict[str, Any]:
        """Store blobs as one pack; return what an index says of it."""
        builder = PackBuilder(type_, self.cipher, 2, compression)
        for content in contents:
            builder.add(hashlib.sha256(content).digest(), content)
        pack = builder.finish()
        self.store.put(key_of(FileKind.DATA, pack.id.hex()), bytes(pack.body))
        return {"id": pack.id.hex(), "blobs": [_listed(blob) for blob in pack.blobs]}

    def index(self, *packs: dict[str, Any], **fields: Any) -> str:
        """Store an index file as plain JSON."""
        return self.put(FileKind.INDEX, msgspec.json.encode({"packs": packs} | fields))

    def snapshot(self, tree: bytes, **fields: Any) -> str:
        """Store a snapshot of a root tree, as plain JSON; return its id."""
        document = {"time": TIME, "tree": hashlib.sha256(tree).hexdigest()} | fields
        return self.put(FileKind.SNAPSHOT, msgspec.json.encode(document))

    def keep(self, tree: bytes, *contents: bytes) -> str:
        """Store packs, index and snapshot of a root tree and the blobs of its files; return the snapshot's id."""
        packs = [self.pack(BlobType.TREE, tree)]
        if contents:
            packs.append(self.pack(BlobType.DATA, *contents))
        self.index(*packs)
        return self.snapshot(tree)


def node(name: str, *contents: bytes, **fields: Any) -> dict[str, Any]:
    """Return a file's node."""
    made = {
        "name": name,
        "type": "file",
        "mode": 0o644,
        "mtime": TIME,
        "atime": TIME,
        "ctime": TIME,
        "uid": 0,
        "gid": 0,
        "inode": 7,
        "device_id": 1,
        "size": sum(map(len, contents)),
        "links": 1,
        "content": [hashlib.sha256(content).hexdigest() for content in contents],
    }
    return {key: value for key, value in (made | fields).items() if value is not ...}


def tree_of(*nodes: dict[str, Any]) -> bytes:
    """Return the tree blob of these nodes, in this order."""
    return msgspec.json.encode({"nodes": nodes}) + b"\n"


def _listed(blob: PackedBlob) -> dict[str, Any]:
    listed = {"id": blob.id.hex(), "type": blob.type.word, "offset": blob.offset, "length": blob.length}
    return listed | ({"uncompressed_length": blob.size} if blob.size else {})
