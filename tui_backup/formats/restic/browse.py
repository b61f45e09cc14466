"""Browsing: the entries of a snapshot, with their content opened on demand.

Trees may come from an attacker: names that must not be used and duplicates are left out and warned about.
"""

import io
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, cast

import msgspec

from tui_backup.errors import BackupError, Corrupted, NotFound
from tui_backup.formats.base import Enter
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.tree import Node, entry_of, name_of, xattrs_of
from tui_backup.formats.walking import walk_down
from tui_backup.model.entry import Entry, EntryKind, Xattrs
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.raw_file import RawFile

_DEEPEST = 4096
"""Directories below one another that are still gone into."""


class NodeOrigin(msgspec.Struct, gc=False):
    """Where an entry of a snapshot comes from: its node."""

    contents: Contents
    node: Node

    def open(self, entry: Entry) -> BinaryIO:
        """Open the content of a FILE; reading it raises Corrupted where a blob is damaged.

        Raises:
            Corrupted: the snapshot does not say what the content is.
        """
        if not self.node.has_content():
            raise Corrupted(_("a file without content"))
        return cast(BinaryIO, io.BufferedReader(BlobStream(self.contents, self.node.blobs())))

    def xattrs(self, entry: Entry) -> Xattrs:
        """Return the extended attributes."""
        return xattrs_of(self.node)

    def fingerprint(self, entry: Entry) -> bytes:
        """Return the ids of the blobs, or that of the tree of a directory."""
        return "".join(self.node.blobs()).encode() or (self.node.subtree or "").encode()

    def local_path(self, entry: Entry) -> None:
        """There is none: the content lies in a repository."""

    def relist(self, entry: Entry) -> Entry:
        """Return the entry as it is: snapshots do not change."""
        return entry


class BlobStream(RawFile):
    """The blobs of a file one behind the other, read when they are needed."""

    def __init__(self, contents: Contents, ids: list[str]) -> None:
        super().__init__()
        self._contents = contents
        self._ids = iter(ids)
        self._rest = memoryview(b"")

    def take(self, most: int) -> bytes | memoryview:
        """Return what comes next, as far as one blob goes."""
        while not self._rest:
            id_ = next(self._ids, None)
            if id_ is None:
                return b""
            self._rest = memoryview(self._contents.blob(BlobType.DATA, _bytes_of(id_)))
        piece, self._rest = self._rest[:most], self._rest[most:]
        return piece


def walk(
    contents: Contents, tree: str, above: bytes, watch: Watch | None, enter: Enter | None = None
) -> Iterator[Entry]:
    """Yield everything below a tree that lies at the path `above`; `enter` as in `walk_down`."""
    top = listing(contents, tree, above, watch)
    yield from walk_down(top, lambda entry, depth: _go_down(contents, entry, depth, watch), enter)


def _go_down(contents: Contents, entry: Entry, depth: int, watch: Watch | None) -> list[Entry]:
    origin = entry.origin
    assert isinstance(origin, NodeOrigin)
    try:
        if depth >= _DEEPEST:
            raise Corrupted(_("directories lie more than {count} deep").format(count=_DEEPEST))
        return listing(contents, origin.node.subtree or "", entry.path, watch)
    except Corrupted as error:
        if watch is None:
            raise
        watch.warn(entry.path, error.message)
        return []


def listing(contents: Contents, tree: str, above: bytes, watch: Watch | None = None) -> list[Entry]:
    """Return the entries of one tree that lies at the path `above` (empty for the root), by name.

    Raises:
        Corrupted: the tree cannot be read.
    """
    entries: list[Entry] = []
    last = b""
    in_order = True
    prefix = above.rstrip(b"/") + b"/"
    for node in contents.tree(tree):
        try:
            name = name_of(node)
            entries.append(entry_of(node, prefix + name, NodeOrigin(contents, node)))
        except Corrupted as error:
            if watch is not None:
                watch.warn(prefix + node.name.encode("utf-8", "replace"), error.message)
            continue
        in_order &= name > last
        last = name
    return entries if in_order else _in_order(entries, watch)


def _in_order(entries: list[Entry], watch: Watch | None) -> list[Entry]:
    """Sort the entries of one directory; of several with one name the first stays."""
    kept: list[Entry] = []
    for entry in sorted(entries, key=lambda entry: entry.path):
        if kept and kept[-1].path == entry.path:
            if watch is not None:
                watch.warn(entry.path, _("the name is there twice; the second is left out"))
            continue
        kept.append(entry)
    return kept


def find(contents: Contents, tree: str, path: bytes) -> Entry:
    """Return the entry of an absolute path.

    Raises:
        NotFound: the snapshot has no such path.
    """
    found: Entry | None = None
    for name in path.strip(b"/").split(b"/"):
        if found is not None:
            origin = found.origin
            assert isinstance(origin, NodeOrigin)
            tree = origin.node.subtree or "" if found.kind is EntryKind.DIR else ""
        above = found.path if found else b""
        found = None
        if tree:
            found = _named(contents, tree, above, name)
        if found is None:
            raise NotFound(_("the snapshot has no {path}").format(path=path.decode("utf-8", "backslashreplace")))
    assert found is not None
    return found


def _named(contents: Contents, tree: str, above: bytes, name: bytes) -> Entry | None:
    """Return the first entry of that name in a tree that lies at the path `above`."""
    for node in contents.tree(tree):
        with suppress(Corrupted):
            if name_of(node) == name:
                return entry_of(node, above + b"/" + name, NodeOrigin(contents, node))
    return None


def tree_at(contents: Contents, root: str, path: bytes) -> str:
    """Return the id of the tree of a directory; raises BackupError where the path is none."""
    if not path.strip(b"/"):
        return root
    return tree_of(find(contents, root, path))


def tree_of(directory: Entry) -> str:
    """Return the id of the tree of a directory; raises BackupError where an entry is none."""
    origin = directory.origin
    if directory.kind is not EntryKind.DIR or not isinstance(origin, NodeOrigin):
        path = directory.path.decode("utf-8", "backslashreplace")
        raise BackupError(_("{path} is no directory").format(path=path))
    return origin.node.subtree or ""


def _bytes_of(id_: str) -> bytes:
    try:
        return bytes.fromhex(id_)
    except ValueError as error:
        raise Corrupted(_("{id!r} is no id of a blob").format(id=id_)) from error
