"""Which snapshots and paths a damaged object touches: asked only when there is damage."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from tui_backup.errors import BackupError
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.index import Index
from tui_backup.formats.restic.names import unquote
from tui_backup.formats.restic.tree import Node
from tui_backup.model.problem import Problem, ProblemKind
from tui_backup.model.snapshot import Snapshot

_MOST_PATHS = 100


class _Touched:
    def __init__(self) -> None:
        self.snapshots: dict[str, None] = {}
        self.paths: dict[bytes, None] = {}

    def add(self, snapshot: str, path: bytes) -> None:
        """Note a path of a snapshot; of many paths the first hundred are kept."""
        self.snapshots[snapshot] = None
        if len(self.paths) < _MOST_PATHS:
            self.paths[path] = None


def find_affected(
    problems: list[Problem], snapshots: Sequence[Snapshot], contents: Contents, index: Index, bad_packs: set[str]
) -> Iterator[Problem]:
    """Yield the problems, each with the ids of the snapshots and the paths that need its object."""
    suspects = _suspects(problems, index, bad_packs)
    touched: dict[str, _Touched] = defaultdict(_Touched)
    for snapshot in snapshots:
        for key, path in _walk(contents, snapshot.root, suspects):
            touched[key].add(snapshot.id, path)
    for problem in problems:
        found = touched.get(problem.object.rpartition("/")[2])
        if found is None:
            yield problem
        else:
            yield msgspec.structs.replace(problem, snapshots=tuple(found.snapshots), paths=tuple(found.paths))


def _suspects(problems: list[Problem], index: Index, bad_packs: set[str]) -> dict[bytes, list[str]]:
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


def _walk(contents: Contents, root: str, suspects: dict[bytes, list[str]]) -> Iterator[tuple[str, bytes]]:
    """Yield (name of a damaged object, path that needs it) of one snapshot."""
    stack = [(root, b"")]
    seen: set[tuple[str, bytes]] = set()
    while stack:
        tree, above = stack.pop()
        if (tree, above) in seen or above.count(b"/") > 4096:
            continue
        seen.add((tree, above))
        for key in suspects.get(_raw(tree), ()):
            yield key, above or b"/"
        for node in _nodes(contents, tree):
            path = above + b"/" + _name(node)
            for id_ in node.blobs():
                for key in suspects.get(_raw(id_), ()):
                    yield key, path
            if node.type == "dir" and node.subtree:
                stack.append((node.subtree, path))


def _nodes(contents: Contents, tree: str) -> list[Node]:
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
