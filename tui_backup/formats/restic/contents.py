"""Contents: blobs and trees of an open repository, read from any place that has them whole."""

from threading import Lock

from tui_backup.errors import BackupError, Corrupted, NotFound, Unreadable
from tui_backup.formats.restic.blob import BlobReader
from tui_backup.formats.restic.crypto import Cipher
from tui_backup.formats.restic.index import Index, Place
from tui_backup.formats.restic.layout import FileKind, key_of
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.tree import Node, decode_tree
from tui_backup.primitives.i18n import _
from tui_backup.stores.base import Store

_MOST_NODES = 8192
"""Nodes of trees that are kept at hand, some kilobytes each at the worst."""


class Contents:
    """Reads blobs by id; may be called from several threads."""

    def __init__(self, store: Store, index: Index, cipher: Cipher) -> None:
        self.store = store
        self.index = index
        self.cipher = cipher
        self._reader = BlobReader(cipher)
        self._reading = Lock()
        self._trees: dict[str, list[Node]] = {}
        self._nodes = 0

    def tree(self, tree: str) -> list[Node]:
        """Return the nodes of a tree by its id in hex; trees that were read lately are at hand.

        Raises:
            Corrupted: it cannot be read.
        """
        nodes = self._trees.get(tree)
        if nodes is None:
            nodes = self._read_tree(tree)
            self._keep(tree, nodes)
        return nodes

    def _keep(self, tree: str, nodes: list[Node]) -> None:
        with self._reading:
            if len(nodes) >= _MOST_NODES or tree in self._trees:
                return
            self._trees[tree] = nodes
            self._nodes += len(nodes) + 1
            while self._nodes > _MOST_NODES:
                self._nodes -= len(self._trees.pop(next(iter(self._trees)))) + 1

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
        """Read a blob at a place; once more where it is damaged, as that may have happened on its way here."""
        try:
            return self._fetch(place, id_)
        except Unreadable:
            raise
        except Corrupted:
            return self._fetch(place, id_)

    def _fetch(self, place: Place, id_: bytes) -> bytes:
        sealed = self.store.get(key_of(FileKind.DATA, place.pack.hex()), place.offset, place.length)
        with self._reading:
            return self._reader.read(sealed, id_, place.size)

    def _read_tree(self, tree: str) -> list[Node]:
        try:
            id_ = bytes.fromhex(tree)
        except ValueError as error:
            raise Corrupted(_("{tree!r} is no id of a tree").format(tree=tree)) from error
        return decode_tree(self.blob(BlobType.TREE, id_))
