"""Needs: which packs a snapshot needs, found by walking its trees; every tree is walked once."""

from tui_backup.errors import BackupError, Corrupted
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.index import PENDING, Index
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.tree import Node, name_of
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _

_TYPES = {"file", "dir", "symlink", "dev", "chardev", "fifo", "socket"}

Packs = frozenset[int]
"""Numbers of packs."""


class Needs:
    """The packs below each tree, and what is wrong with the trees; for one thread."""

    def __init__(self, index: Index, contents: Contents, watch: Watch) -> None:
        self.problems: list[Problem] = []
        self._index = index
        self._contents = contents
        self._watch = watch
        self._known: dict[bytes, Packs] = {}
        self._alike: dict[Packs, Packs] = {}
        self._told: set[tuple[ProblemKind, str]] = set()

    def of(self, root: str) -> tuple[int, ...]:
        """Return the numbers of the packs that a root tree needs, sorted."""
        return tuple(sorted(self._walk(root)))

    def _walk(self, root: str) -> Packs:
        """Walk below a tree without recursion: a tree is settled when all below it are."""
        first = _raw(root)
        stack: list[tuple[bytes, set[int], list[bytes]]] = []
        if first not in self._known:
            stack.append(self._begin(first))
        while stack:
            tree, packs, below = stack[-1]
            while below and below[-1] in self._known:
                packs |= self._known[below.pop()]
            if not below:
                stack.pop()
                self._known[tree] = self._interned(frozenset(packs))
            elif any(tree == below[-1] for tree, _packs, _below in stack):
                self._tell(ProblemKind.TREE, below[-1].hex(), _("the tree contains itself"))
                below.pop()
            else:
                stack.append(self._begin(below[-1]))
        return self._known[first]

    def _begin(self, tree: bytes) -> tuple[bytes, set[int], list[bytes]]:
        """Read a tree; return it with the packs of itself and of its files, and the trees right below it."""
        self._watch.check()
        packs = self._packs_of(BlobType.TREE, tree)
        try:
            nodes = self._contents.tree(tree.hex())
        except BackupError as error:
            self._tell(ProblemKind.TREE, tree.hex(), error.message)
            return tree, packs, []
        below: list[bytes] = []
        for node in nodes:
            self._look_at(node, tree, packs, below)
        return tree, packs, below

    def _look_at(self, node: Node, tree: bytes, packs: set[int], below: list[bytes]) -> None:
        trouble = _objection(node)
        if trouble is not None:
            self._tell(ProblemKind.TREE, tree.hex(), trouble)
        if node.type == "dir" and node.subtree:
            below.append(_raw(node.subtree))
        for id_ in node.blobs():
            raw = _raw(id_)
            found = self._packs_of(BlobType.DATA, raw)
            packs |= found
            if not found:
                self._tell(ProblemKind.BLOB_MISSING, id_, _("the blob is in no index"))

    def _packs_of(self, type_: BlobType, id_: bytes) -> set[int]:
        """Return the pack that a blob is read from: the first that has it."""
        for pack, _offset, _length, _size in self._index.tables[type_].records(id_) if id_ else ():
            if pack != PENDING:
                return {pack}
        return set()

    def _interned(self, packs: Packs) -> Packs:
        return self._alike.setdefault(packs, packs)

    def _tell(self, kind: ProblemKind, name: str, message: str) -> None:
        if (kind, name) not in self._told:
            self._told.add((kind, name))
            self.problems.append(Problem(kind=kind, object=name, message=message))


def _objection(node: Node) -> str | None:
    """Return what is wrong with a node by itself."""
    try:
        name_of(node)
    except Corrupted as error:
        return error.message
    if node.type not in _TYPES:
        return _("{name}: unknown type {type!r}").format(name=node.name, type=node.type)
    if node.type == "file" and not isinstance(node.content, list):
        return _("{name}: a file without content").format(name=node.name)
    if node.type == "dir" and not node.subtree:
        return _("{name}: a directory without a tree").format(name=node.name)
    return None


def _raw(id_: str) -> bytes:
    try:
        return bytes.fromhex(id_)
    except ValueError:
        return b""
