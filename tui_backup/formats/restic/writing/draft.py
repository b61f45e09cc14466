"""Draft: a snapshot being written; what has not changed is taken from the parent, the rest is read."""

import time
from collections.abc import Callable
from hashlib import sha256

import msgspec

from tui_backup.errors import BackupError
from tui_backup.formats.base import Brief
from tui_backup.formats.restic.blob import LARGEST
from tui_backup.formats.restic.contents import Contents
from tui_backup.formats.restic.index import Index
from tui_backup.formats.restic.names import quote
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.snapshot import Summary
from tui_backup.formats.restic.times import format_time
from tui_backup.formats.restic.tree import Node, is_same, is_unchanged, node_of
from tui_backup.formats.restic.writing.filereads import FileReads, Pending
from tui_backup.formats.restic.writing.growth import Directory, Growth
from tui_backup.formats.restic.writing.packlog import PackLog
from tui_backup.formats.restic.writing.sealing import Sealer, Setup
from tui_backup.model.entry import Entry, EntryKind, Xattrs
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

_LOOK_EVERY = 64
"""Entries between two looks at what the workers have said."""


class Tools(msgspec.Struct, frozen=True):
    """What a draft works with."""

    setup: Setup
    index: Index
    contents: Contents
    data: Sealer
    trees: Sealer
    packs: PackLog


class Record(msgspec.Struct, frozen=True):
    """What a finished draft says of itself."""

    brief: Brief
    tree: str
    """Id of the root tree."""
    parent: Snapshot | None
    summary: Summary
    status: SnapshotStatus


class ResticDraft:
    """A snapshot being written; for one thread."""

    def __init__(
        self, brief: Brief, parent: Snapshot | None, tools: Tools, watch: Watch, keep: Callable[[Record], Snapshot]
    ) -> None:
        self._brief = brief
        self._parent = parent
        self._tools = tools
        self._watch = watch
        self._keep = keep
        self._incomplete = False
        self._began = time.time_ns()
        self._known = tools.index.tables[BlobType.DATA]
        self._until_look = _LOOK_EVERY
        self._trees = 0
        self._growth = Growth(tools.contents, parent.root if parent else None, self._save_tree)
        self._reads = FileReads(tools.setup, tools.data, tools.index, tools.packs, self._growth, watch)
        self.tally = self._reads.tally
        if parent is None:
            self._reads.intake.start()

    def add(self, entry: Entry) -> None:
        """Take an entry; directories come before what they hold, siblings in byte order of their names."""
        path, kind = entry.path, entry.kind
        slash = path.rfind(b"/")
        directory = self._growth.directory_at(path[:slash])
        name = quote(path[slash + 1 :])
        if kind is EntryKind.FILE:
            self._add_file(directory, entry, name)
        elif kind is EntryKind.DIR:
            self._growth.open(directory, entry, name, self._xattrs(entry))
            self.tally.dirs += 1
        else:
            directory.append(node_of(entry, name, self._xattrs(entry)))
        self._until_look -= 1
        if not self._until_look:
            self._until_look = _LOOK_EVERY
            self._watch.current = path
            self._watch.check()
            self._reads.intake.pump()

    def mark_incomplete(self) -> None:
        """Note that something which should be in the snapshot is not."""
        self._incomplete = True

    def commit(self) -> Snapshot:
        """Wait until every byte is stored, then record the snapshot."""
        self._reads.intake.settle(self._watch)
        self._growth.close()
        self._tools.trees.finish()
        self._reads.intake.flush(self._watch)
        self._watch.check()
        self._tools.packs.save()
        self.tally.bytes_added = self._tools.packs.bytes_added
        if self.tally.unreadable or (self._brief.strict and self._reads.changed):
            self._incomplete = True
        status = SnapshotStatus.INCOMPLETE if self._incomplete else SnapshotStatus.OK
        assert self._growth.root_tree is not None
        return self._keep(Record(self._brief, self._growth.root_tree, self._parent, self._summary(), status))

    def close(self) -> None:
        """End the workers."""
        self._reads.intake.close()

    def _add_file(self, directory: Directory, entry: Entry, name: str) -> None:
        old = directory.old.get(name)
        if old is None or not is_unchanged(old, entry) or not self._is_held(old):
            self._reads.read(Pending(entry, name, directory, was=old is not None and old.type == "file"))
            return
        tally, watch, size = self.tally, self._watch, entry.size
        tally.files_unmodified += 1
        tally.bytes_processed += size
        watch.files_done += 1
        watch.bytes_done += size
        if is_same(old, entry):
            directory.nodes.append(old)
            return
        node = node_of(entry, name, self._xattrs(entry))
        node.content = old.content
        directory.append(node)

    def _is_held(self, node: Node) -> bool:
        """Whether every blob of a file of the parent snapshot is in the index."""
        content = node.content
        if not isinstance(content, list) or (node.size and not content):
            return False
        known = self._known
        try:
            if len(content) == 1:
                return bytes.fromhex(content[0]) in known
            return all(bytes.fromhex(id_) in known for id_ in content)
        except ValueError:
            return False

    def _xattrs(self, entry: Entry) -> Xattrs:
        try:
            return entry.origin.xattrs(entry)
        except OSError as error:
            reason = _("extended attributes cannot be read: {reason}").format(reason=reason_of(error))
            self._watch.warn(entry.path, reason)
            return ()

    def _save_tree(self, plaintext: bytes) -> str:
        if len(plaintext) > LARGEST:
            raise BackupError(
                _("a directory has too many entries to be stored: its tree has {size} bytes").format(
                    size=len(plaintext)
                )
            )
        id_ = sha256(plaintext).digest()
        if self._tools.index.claim(BlobType.TREE, id_):
            self._trees += 1
            self._tools.packs.add_all(self._tools.trees.keep(id_, plaintext))
        return id_.hex()

    def _summary(self) -> Summary:
        tally, dirs, packs = self.tally, self._growth.dirs, self._tools.packs
        return Summary(
            backup_start=format_time(self._began),
            backup_end=format_time(time.time_ns()),
            files_new=tally.files_new,
            files_changed=tally.files_changed,
            files_unmodified=tally.files_unmodified,
            dirs_new=dirs.new,
            dirs_changed=dirs.changed,
            dirs_unmodified=dirs.unmodified,
            data_blobs=packs.blobs - self._trees,
            tree_blobs=self._trees,
            data_added=packs.content_added,
            data_added_packed=packs.bytes_added,
            total_files_processed=tally.files_new + tally.files_changed + tally.files_unmodified,
            total_bytes_processed=tally.bytes_processed,
        )
