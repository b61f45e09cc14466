"""Contents: blobs and trees of an open repository, read from any place that has them whole."""

from functools import lru_cache
from threading import Lock

from tui_backup.errors import BackupError, Corrupted, NotFound
from tui_backup.formats.restic.blob import BlobReader
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.index import Index, Place
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.tree import Node, decode_tree
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Store


class Contents:
    """Reads blobs by id; may be called from several threads."""

    def __init__(self, store: Store, index: Index, cipher: Cipher) -> None:
        self._store = store
        self.index = index
        self._reader = BlobReader(cipher)
        self._reading = Lock()
        self.tree = lru_cache(maxsize=64)(self._tree)
        """Return the nodes of a tree by its id in hex; raises Corrupted."""

    def blob(self, type_: BlobType, id_: bytes) -> bytes:
        """Return the content of a blob, from the first of its places that is whole.

        Raises:
            Corrupted: no index knows it, or every place is damaged.
        """
        trouble: BackupError | None = None
        for place in self.index.places(type_, id_):
            try:
                return self._at(place, id_)
            except (Corrupted, NotFound) as error:
                trouble = error
        if trouble is None:
            message = _("the {type} blob {id} is in no index").format(type=type_.word, id=id_.hex())
            raise Corrupted(message)
        message = _("the {type} blob {id} is damaged: {reason}")
        raise Corrupted(message.format(type=type_.word, id=id_.hex(), reason=trouble.message)) from trouble

    def _at(self, place: Place, id_: bytes) -> bytes:
        sealed = self._store.get(key_of(FileKind.DATA, place.pack.hex()), place.offset, place.length)
        with self._reading:
            return self._reader.read(sealed, id_, place.size)

    def _tree(self, tree: str) -> list[Node]:
        try:
            id_ = bytes.fromhex(tree)
        except ValueError as error:
            raise Corrupted(_("{tree!r} is no id of a tree").format(tree=tree)) from error
        return decode_tree(self.blob(BlobType.TREE, id_))
