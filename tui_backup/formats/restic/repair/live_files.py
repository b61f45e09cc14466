"""Lost blobs out of the files that they came from, as far as these still hold the same bytes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from typing import BinaryIO

import msgspec

from tui_backup.errors import BackupError, Corrupted
from tui_backup.formats.restic.blob import LARGEST
from tui_backup.formats.restic.checking.affected import Trees
from tui_backup.formats.restic.tree import Node, name_of
from tui_backup.formats.restic.writing.chunker import SMALLEST, make_chunker
from tui_backup.formats.restic.writing.reading import stream_chunks
from tui_backup.formats.upkeep import OpenLive
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch


class LiveBlob(msgspec.Struct, frozen=True):
    """Where a blob lies in a file today."""

    snapshot: Snapshot
    path: bytes
    """In the snapshot."""
    offset: int
    length: int


class LiveFiles:
    """Looks for blobs below the paths of snapshots; for one thread."""

    def __init__(self, trees: Trees, open_live: OpenLive, polynomial: int, watch: Watch) -> None:
        self._trees = trees
        self._open = open_live
        self._polynomial = polynomial
        self._watch = watch

    def find(
        self, snapshots: Iterable[Snapshot], lost: Iterable[bytes], size_of: Callable[[bytes], int | None]
    ) -> dict[bytes, LiveBlob]:
        """Return where some of the lost data blobs lie; `size_of` tells what is known of the length of a blob."""
        hunt = _Hunt(set(lost), size_of)
        for snapshot in sorted(snapshots, key=lambda each: each.time, reverse=True):
            for path, node in self._files(snapshot, hunt):
                self._try_file(snapshot, path, node, hunt)
        return hunt.found

    def read(self, id_: bytes, place: LiveBlob) -> bytes | None:
        """Return the content of a blob that was found; None where it is not there any more."""
        stream = self._open(place.snapshot, place.path)
        if stream is None:
            return None
        with closing(stream):
            return _read(stream, id_, place.offset, place.length)

    def _files(self, snapshot: Snapshot, hunt: "_Hunt") -> Iterator[tuple[bytes, Node]]:
        """Yield the files of a snapshot that hold what is sought; equal trees at equal paths are looked at once."""
        stack = [(snapshot.root, b"")]
        while stack and hunt.sought:
            tree, above = stack.pop()
            mark = hash((tree, above, snapshot.host, snapshot.job))
            if mark in hunt.seen:
                continue
            hunt.seen.add(mark)
            self._watch.check()
            for path, node in self._nodes(tree, above):
                if node.type == "dir" and node.subtree:
                    stack.append((node.subtree, path))
                elif node.type == "file" and not hunt.sought.isdisjoint(_content(node)):
                    yield path, node

    def _nodes(self, tree: str, above: bytes) -> Iterator[tuple[bytes, Node]]:
        try:
            nodes = self._trees.tree(tree)
        except BackupError:
            return
        for node in nodes:
            try:
                yield above + b"/" + name_of(node), node
            except Corrupted:
                continue

    def _try_file(self, snapshot: Snapshot, path: bytes, node: Node, hunt: "_Hunt") -> None:
        self._watch.current = path
        stream = self._open(snapshot, path)
        if stream is None:
            return
        with closing(stream):
            for id_, offset, length in _places(node, hunt):
                if id_ in hunt.sought and _read(stream, id_, offset, length) is not None:
                    hunt.take(id_, LiveBlob(snapshot, path, offset, length))
            if node.size > SMALLEST and path not in hunt.cut and not hunt.sought.isdisjoint(_content(node)):
                hunt.cut.add(path)
                self._cut(stream, snapshot, path, hunt)

    def _cut(self, stream: BinaryIO, snapshot: Snapshot, path: bytes, hunt: "_Hunt") -> None:
        """Cut a file as a backup would: bytes may have been put in before those that are sought."""
        offset = 0
        try:
            stream.seek(0)
            for chunk in stream_chunks(make_chunker(self._polynomial), stream):
                self._watch.check()
                id_ = sha256(chunk).digest()
                if id_ in hunt.sought:
                    hunt.take(id_, LiveBlob(snapshot, path, offset, len(chunk)))
                offset += len(chunk)
        except OSError:
            return


class _Hunt:
    """What is still sought, and what was looked at."""

    def __init__(self, sought: set[bytes], size_of: Callable[[bytes], int | None]) -> None:
        self.sought = sought
        self.size_of = size_of
        self.found: dict[bytes, LiveBlob] = {}
        self.seen: set[int] = set()
        self.cut: set[bytes] = set()

    def take(self, id_: bytes, place: LiveBlob) -> None:
        """Note where a blob was found."""
        self.found[id_] = place
        self.sought.discard(id_)


def _places(node: Node, hunt: _Hunt) -> Iterator[tuple[bytes, int, int]]:
    """Yield id, offset and length of the blobs of a file that are sought, as far as they can be concluded.

    An offset is the sum of what lies before, or what is left of the size when all that lies behind is known.
    """
    content = _content(node)
    sizes = [hunt.size_of(id_) for id_ in content]
    starts = _sums(sizes)
    behind = _sums(sizes[::-1])[::-1]
    for id_, size, start, rest in zip(content, sizes, starts, behind, strict=True):
        if id_ in hunt.sought:
            place = _concluded(size, start, None if rest is None else node.size - rest)
            if place is not None:
                yield id_, *place


def _concluded(size: int | None, start: int | None, end: int | None) -> tuple[int, int] | None:
    """Return offset and length of a blob of which two of the three are known."""
    if start is None and size is not None and end is not None:
        start = end - size
    if size is None and start is not None and end is not None:
        size = end - start
    if start is None or size is None or start < 0 or not 0 < size <= LARGEST:
        return None
    return start, size


def _sums(sizes: Sequence[int | None]) -> list[int | None]:
    """Return for each blob the bytes of all before it, None where one of them is not known."""
    sums: list[int | None] = []
    total: int | None = 0
    for size in sizes:
        sums.append(total)
        total = None if total is None or size is None else total + size
    return sums


def _read(stream: BinaryIO, id_: bytes, offset: int, length: int) -> bytes | None:
    try:
        stream.seek(offset)
        content = stream.read(length)
    except OSError:
        return None
    return content if len(content) == length and sha256(content).digest() == id_ else None


def _content(node: Node) -> list[bytes]:
    try:
        return [bytes.fromhex(id_) for id_ in node.blobs()]
    except ValueError:
        return []
