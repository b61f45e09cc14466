"""Rewriting trees: the same without what cannot be had, byte for byte otherwise, so that the rest keeps its ids."""

from collections.abc import Callable
from hashlib import sha256

import msgspec

from tui_backup.errors import BackupError
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.index import Index
from tui_backup.formats.restic.names import unquote
from tui_backup.formats.restic.pack import BlobType
from tui_backup.model.watch import Watch

MOST_PATHS = 100
"""Paths that are named for one snapshot."""

Keep = Callable[[bytes, bytes], None]
"""Takes id and content of a new tree."""


class _Tree(msgspec.Struct):
    nodes: list[msgspec.Raw] | None


class _Shape(msgspec.Struct, gc=False):
    """What of a node decides whether it can stay."""

    name: str = ""
    type: str = ""
    content: list[str] | None = None
    subtree: str | None = None


class _Node(msgspec.Struct, gc=False):
    raw: bytes
    shape: _Shape
    subtree: bytes = b""


class _Frame(msgspec.Struct):
    """A tree whose subtrees are being rewritten."""

    tree: bytes
    nodes: list[_Node]
    waiting: list[bytes]


_tree_decoder = msgspec.json.Decoder(_Tree)
_shape_decoder = msgspec.json.Decoder(_Shape)


class Rewriting:
    """Trees without what is lost; each is looked at once. For one thread."""

    def __init__(self, contents: Contents, keep: Keep, watch: Watch) -> None:
        """Blobs that the index of `contents` does not know are lost."""
        self._contents = contents
        self._keep = keep
        self._watch = watch
        self._known: dict[bytes, bytes | None] = {}
        """Tree -> what stands in its place, None where it is lost."""
        self._omitted: dict[bytes, list[str]] = {}
        """Tree -> quoted names that are left out of it."""

    def tree(self, root: str) -> str | None:
        """Return the id of the tree that stands for a root: the same where nothing is lost, None where all is."""
        first = bytes.fromhex(root)
        stack: list[_Frame] = []
        self._enter(first, stack)
        while stack:
            frame = stack[-1]
            while frame.waiting and frame.waiting[-1] in self._known:
                frame.waiting.pop()
            if frame.waiting:
                self._enter(frame.waiting[-1], stack)
            else:
                stack.pop()
                self._settle(frame)
        found = self._known[first]
        return found.hex() if found is not None else None

    def omitted(self, root: str) -> list[bytes]:
        """Return the paths that are left out below a root, at most a hundred."""
        paths: list[bytes] = []
        stack = [(bytes.fromhex(root), b"")]
        while stack and len(paths) < MOST_PATHS:
            tree, above = stack.pop()
            paths += [above + b"/" + _raw_name(name) for name in self._omitted.get(tree, [])]
            stack += [
                (node.subtree, above + b"/" + _raw_name(node.shape.name))
                for node in self._nodes(tree) or ()
                if node.subtree and self._known.get(node.subtree) not in {None, node.subtree}
            ]
        return sorted(paths[:MOST_PATHS])

    def _enter(self, tree: bytes, stack: list[_Frame]) -> None:
        if tree in self._known:
            return
        self._watch.check()
        nodes = self._nodes(tree)
        self._known[tree] = None
        if nodes is not None:
            stack.append(_Frame(tree, nodes, [node.subtree for node in nodes if node.subtree]))

    def _nodes(self, tree: bytes) -> list[_Node] | None:
        try:
            raws = _tree_decoder.decode(self._contents.blob(BlobType.TREE, tree)).nodes or []
            return [_node(bytes(raw)) for raw in raws]
        except (BackupError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def _settle(self, frame: _Frame) -> None:
        """Put a tree together, now that everything below it is settled."""
        kept: list[bytes] = []
        omitted: list[str] = []
        for node in frame.nodes:
            renewed = self._renewed(node)
            if renewed is None:
                omitted.append(node.shape.name)
            else:
                kept.append(renewed)
        self._known[frame.tree] = frame.tree
        if omitted:
            self._omitted[frame.tree] = omitted
        if omitted or any(old.raw is not new for old, new in zip(frame.nodes, kept, strict=True)):
            content = b'{"nodes":[' + b",".join(kept) + b"]}\n"
            id_ = sha256(content).digest()
            self._known[frame.tree] = id_
            self._keep(id_, content)

    def _renewed(self, node: _Node) -> bytes | None:
        """Return what stands for a node; None where it cannot be had whole."""
        shape = node.shape
        if shape.type == "dir":
            there = self._known.get(node.subtree) if node.subtree else None
            if there is None:
                return None
            return node.raw if there == node.subtree else _with_subtree(node, there)
        if shape.type == "file" and not _is_whole(self._contents.index, shape):
            return None
        return node.raw


def _node(raw: bytes) -> _Node:
    shape = _shape_decoder.decode(raw)
    return _Node(raw, shape, _raw_id(shape.subtree) if shape.type == "dir" and shape.subtree else b"")


def _is_whole(index: Index, shape: _Shape) -> bool:
    return shape.content is not None and all((BlobType.DATA, _raw_id(id_)) in index for id_ in shape.content)


def _with_subtree(node: _Node, tree: bytes) -> bytes:
    """Return a node with another subtree; inside a string of JSON the quotes of the pattern would be escaped."""
    old = b'"subtree":"%s"' % (node.shape.subtree or "").encode()
    if node.raw.count(old) == 1:
        return node.raw.replace(old, b'"subtree":"%s"' % tree.hex().encode())
    fields = msgspec.json.decode(node.raw, type=dict[str, msgspec.Raw])
    return msgspec.json.encode(fields | {"subtree": tree.hex()})


def _raw_id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _raw_name(name: str) -> bytes:
    try:
        return unquote(name)
    except (ValueError, UnicodeEncodeError):
        return name.encode("utf-8", "replace")
