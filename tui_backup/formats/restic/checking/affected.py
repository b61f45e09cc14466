"""Which snapshots and paths a damaged object touches: asked only when there is damage."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Protocol

import msgspec

from tui_backup.errors import BackupError
from tui_backup.formats.restic.index import Index
from tui_backup.formats.restic.names import unquote
from tui_backup.formats.restic.tree import Node
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch

_MOST_PATHS = 100
"""Paths that are kept for one damaged object."""
_DEEPEST = 4096


class _Touched:
    def __init__(self) -> None:
        self.snapshots: dict[str, None] = {}
        self.paths: dict[bytes, None] = {}

    @property
    def is_open(self) -> bool:
        """Whether more paths are wanted."""
        return len(self.paths) < _MOST_PATHS


class Trees(Protocol):
    """What reads trees."""

    def tree(self, tree: str) -> list[Node]:
        """Return the nodes of a tree by its id in hex; raises BackupError where it cannot be read."""
        ...


class Search:
    """Looks for damaged objects below snapshots; every tree is read once, and again only on the way to damage."""

    def __init__(self, contents: Trees, suspects: dict[bytes, list[str]], watch: Watch) -> None:
        """`suspects` are ids of blobs with the names of the damaged objects that they belong to."""
        self._contents = contents
        self._suspects = suspects
        self._watch = watch
        self._below: dict[str, frozenset[str]] = {}
        """By tree: the names of the damaged objects that it and what lies below it need."""
        self._seen: set[tuple[str, bytes]] = set()
        self.touched: dict[str, _Touched] = defaultdict(_Touched)

    def look_into(self, snapshot: Snapshot) -> None:
        """Note which damaged objects a snapshot needs, and for which paths."""
        self._survey(snapshot.root)
        for name in self._below[snapshot.root]:
            self.touched[name].snapshots[snapshot.id] = None
        self._find_paths(snapshot.root)

    def _survey(self, root: str) -> None:
        stack = [] if root in self._below else [self._begin(root)]
        while stack:
            tree, names, inner = stack[-1]
            while inner and inner[-1] in self._below:
                names |= self._below[inner.pop()]
            if inner:
                stack.append(self._begin(inner[-1]))
            else:
                stack.pop()
                self._below[tree] = frozenset(names)

    def _begin(self, tree: str) -> tuple[str, set[str], list[str]]:
        """Read a tree; return it with the damaged objects that it and its files need, and the trees right below it."""
        self._watch.check()
        self._below[tree] = frozenset()
        nodes = _nodes(self._contents, tree)
        needed = chain([tree], *(node.blobs() for node in nodes))
        names = {name for id_ in needed for name in self._suspects.get(_raw(id_), ())}
        return tree, names, [node.subtree for node in nodes if node.type == "dir" and node.subtree]

    def _find_paths(self, root: str) -> None:
        stack = [(root, b"")]
        while stack:
            tree, above = stack.pop()
            if (tree, above) in self._seen or above.count(b"/") > _DEEPEST:
                continue
            if any(self.touched[name].is_open for name in self._below[tree]):
                self._watch.check()
                self._seen.add((tree, above))
                stack += self._note_paths(tree, above)

    def _note_paths(self, tree: str, above: bytes) -> list[tuple[str, bytes]]:
        """Note the paths of one tree that damage touches; return the trees right below it with their paths."""
        self._note(tree, above or b"/")
        below: list[tuple[str, bytes]] = []
        for node in _nodes(self._contents, tree):
            path = above + b"/" + _name(node)
            for id_ in node.blobs():
                self._note(id_, path)
            if node.type == "dir" and node.subtree:
                below.append((node.subtree, path))
        return below

    def _note(self, id_: str, path: bytes) -> None:
        for name in self._suspects.get(_raw(id_), ()):
            if self.touched[name].is_open:
                self.touched[name].paths[path] = None


def find_affected(problems: list[Problem], snapshots: Sequence[Snapshot], search: Search) -> Iterator[Problem]:
    """Yield the problems, each with the ids of the snapshots and the paths that need its object."""
    for snapshot in snapshots:
        search.look_into(snapshot)
    for problem in problems:
        found = search.touched.get(problem.object.rpartition("/")[2])
        if found is None:
            yield problem
        else:
            yield msgspec.structs.replace(problem, snapshots=tuple(found.snapshots), paths=tuple(found.paths))


def suspects_of(problems: list[Problem], index: Index, bad_packs: set[str]) -> dict[bytes, list[str]]:
    """Return blob id -> names of the damaged objects that it belongs to."""
    suspects: dict[bytes, list[str]] = defaultdict(list)
    for problem in problems:
        if problem.kind in {ProblemKind.BLOB_DAMAGED, ProblemKind.BLOB_MISSING, ProblemKind.TREE}:
            suspects[_raw(problem.object)].append(problem.object)
    numbers = {index.number(bytes.fromhex(pack)): pack for pack in bad_packs}
    if numbers:
        for table in index.tables.values():
            for id_, pack, _offset, _length, _size in table:
                if pack in numbers and numbers[pack] not in suspects[id_]:
                    suspects[id_].append(numbers[pack])
    return {id_: names for id_, names in suspects.items() if names}


def _nodes(contents: Trees, tree: str) -> list[Node]:
    try:
        return contents.tree(tree)
    except BackupError:
        return []


def _name(node: Node) -> bytes:
    try:
        return unquote(node.name)
    except (ValueError, UnicodeEncodeError):
        return node.name.encode("utf-8", "replace")


def _raw(id_: str) -> bytes:
    try:
        return bytes.fromhex(id_)
    except ValueError:
        return b""
