"""Growth: the tree of a snapshot while it is being written, directory by directory.

A directory is encoded when it has been left and every node in it is known. One in which every node is the very one of
the parent snapshot keeps its tree: nothing is encoded, hashed or looked up.
"""

from collections.abc import Callable

import msgspec

from tui_backup.errors import BackupError
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.tree import Node, encode_tree, node_of
from tui_backup.model.entry import Entry, Xattrs

SaveTree = Callable[[bytes], str]
"""Keeps an encoded tree and returns its id in hex."""


class Directory:
    """A directory whose nodes are being gathered."""

    __slots__ = (
        "closed",
        "entry",
        "name",
        "nodes",
        "old",
        "parent",
        "path",
        "same",
        "slot",
        "waiting",
        "was",
        "xattrs",
    )

    def __init__(self, path: bytes, entry: Entry | None, parent: "Directory | None", was: Node | None) -> None:
        self.path = path
        self.name = ""
        """Quoted."""
        self.entry = entry
        self.parent = parent
        self.was = was
        """Its node in the parent snapshot."""
        self.old: dict[str, Node] = {}
        """The nodes that it has in the parent snapshot, by quoted name."""
        self.nodes: list[Node | None] = []
        self.slot = 0
        """Where its own node goes in the parent directory."""
        self.same = was is not None
        """Whether every node so far is the very one of the parent snapshot."""
        self.waiting = 0
        """Nodes that are not known yet."""
        self.closed = False
        self.xattrs: Xattrs = ()

    def reserve(self) -> int:
        """Keep a place for a node that is not known yet."""
        self.nodes.append(None)
        self.waiting += 1
        return len(self.nodes) - 1

    def append(self, node: Node) -> None:
        """Add a node that is known and not the very one of the parent snapshot."""
        self.nodes.append(node)
        self.same = False


class DirCounts(msgspec.Struct):
    """How many directories are new, changed and as they were."""

    new: int = 0
    changed: int = 0
    unmodified: int = 0


class Growth:
    """The stack of open directories, from the root down; for one thread."""

    def __init__(self, contents: Contents, parent_tree: str | None, save: SaveTree) -> None:
        self._contents = contents
        self._save = save
        self.dirs = DirCounts()
        self.root_tree: str | None = None
        """Id of the root tree once everything is known."""
        was = Node(name="", type="dir", subtree=parent_tree) if parent_tree else None
        root = Directory(b"", None, None, was)
        self._load_old(root)
        self._stack = [root]

    def directory_at(self, path: bytes) -> Directory:
        """Return the open directory of that path (the root's is empty); those that the walk has left are closed.

        Raises:
            ValueError: it was never opened.
        """
        stack = self._stack
        while stack[-1].path != path:
            if len(stack) == 1:
                raise ValueError(f"an entry comes before its directory {path!r}")
            self._close(stack.pop())
        return stack[-1]

    def open(self, above: Directory, entry: Entry, name: str, xattrs: Xattrs) -> None:
        """Go down into a directory of that quoted name."""
        was = above.old.get(name)
        directory = Directory(entry.path, entry, above, was if was is not None and was.type == "dir" else None)
        directory.name = name
        directory.slot = above.reserve()
        directory.xattrs = xattrs
        self._load_old(directory)
        self._stack.append(directory)

    def fill(self, directory: Directory, slot: int, node: Node | None) -> None:
        """Set a reserved node; None leaves it out."""
        directory.nodes[slot] = node
        directory.same = False
        directory.waiting -= 1
        self._settle(directory)

    def close(self) -> None:
        """Note that no more entries come; `root_tree` is known once all that is reserved is filled."""
        while self._stack:
            self._close(self._stack.pop())

    def _load_old(self, directory: Directory) -> None:
        was = directory.was
        if was is None or was.subtree is None:
            directory.same = False
            return
        try:
            directory.old = {node.name: node for node in self._contents.tree(was.subtree)}
        except BackupError:
            directory.same = False

    def _close(self, directory: Directory) -> None:
        directory.closed = True
        self._settle(directory)

    def _settle(self, directory: Directory | None) -> None:
        """Finish a directory if it is complete, and those above it that waited for nothing else."""
        while directory is not None and directory.closed and not directory.waiting:
            directory = self._finish(directory)

    def _finish(self, directory: Directory) -> Directory | None:
        """Encode a directory and hand its node up; return the directory above it."""
        above, entry = directory.parent, directory.entry
        tree = self._tree(directory)
        directory.nodes.clear()
        directory.old.clear()
        if above is None or entry is None:
            self.root_tree = tree
            return None
        node = node_of(entry, directory.name, directory.xattrs)
        node.subtree = tree
        was = directory.was
        if was is not None and node == was:
            self.dirs.unmodified += 1
            above.nodes[directory.slot] = was
        else:
            self.dirs.new += was is None
            self.dirs.changed += was is not None
            above.nodes[directory.slot] = node
            above.same = False
        above.waiting -= 1
        return above

    def _tree(self, directory: Directory) -> str:
        was = directory.was
        if directory.same and was is not None and was.subtree and len(directory.nodes) == len(directory.old):
            return was.subtree
        return self._save(encode_tree([node for node in directory.nodes if node is not None]))
