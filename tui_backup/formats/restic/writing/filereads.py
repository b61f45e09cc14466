"""File reads: the files of a draft that have to be read, from the first piece asked for to the finished node.

A file that changes or moves while it is read is looked at and read once more. What is still in motion then is kept as
read, with a warning; what is gone is left out with a warning; what cannot be read makes the snapshot incomplete.
"""

import errno
from hashlib import sha256
from itertools import pairwise

from tui_backup.formats.base import Tally
from tui_backup.formats.restic.index import Index
from tui_backup.formats.restic.pack import BlobType
from tui_backup.formats.restic.tree import node_of
from tui_backup.formats.restic.writing.chunker import make_chunker
from tui_backup.formats.restic.writing.growth import Directory, Growth
from tui_backup.formats.restic.writing.intake import Intake, Listener
from tui_backup.formats.restic.writing.packlog import PackLog
from tui_backup.formats.restic.writing.reading import Piece, Reading, segments, stream_chunks
from tui_backup.formats.restic.writing.sealing import Sealer, Setup
from tui_backup.model.entry import Entry, EntryKind, Xattrs
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import VANISHED, reason_of_code


class Pending:
    """A file that is being read, perhaps in several segments."""

    __slots__ = (
        "again",
        "changed",
        "directory",
        "entry",
        "errno",
        "first",
        "left",
        "name",
        "parts",
        "size",
        "slot",
        "spans",
        "was",
        "xattrs",
    )

    def __init__(self, entry: Entry, name: str, directory: Directory, *, was: bool) -> None:
        self.entry = entry
        self.name = name
        """Quoted."""
        self.directory = directory
        self.slot = directory.reserve()
        self.was = was
        """Whether the parent snapshot has a file of this name."""
        self.again = False
        """Whether this is the second reading."""
        self.expect(0, 0)

    def expect(self, first: int, count: int) -> None:
        """Begin anew, with `count` segments to come, numbered from `first` on."""
        self.first = first
        self.left = count
        self.parts = [b""] * count
        """Ids of the blobs of each segment."""
        self.spans: list[tuple[int, int]] | None = None if count < 2 else [(0, 0)] * count
        """Where each segment began, and how far it has come."""
        self.size = 0
        self.changed = False
        self.errno = 0
        self.xattrs: Xattrs = ()

    def take(self, reading: Reading) -> bool:
        """Take in what was read of a segment; return whether the file is read to its end."""
        part = reading.number - self.first
        if self.spans is not None:
            began, reached = self.spans[part] if self.parts[part] else (reading.start, reading.start)
            self.spans[part] = began, reached + reading.size
        self.parts[part] += reading.ids
        self.size += reading.size
        if not reading.last:
            return False
        self.left -= 1
        self.xattrs = reading.xattrs
        self.changed |= reading.changed
        self.errno = self.errno or reading.errno
        if self.left:
            return False
        self.changed |= self.spans is not None and not _is_seamless(self.spans)
        return True


def _is_seamless(spans: list[tuple[int, int]]) -> bool:
    """Whether every segment begins where the one before it ended."""
    return all(before[1] == after[0] for before, after in pairwise(spans))


class FileReads:
    """Reads files through an intake and puts their nodes into the growing tree; for one thread."""

    def __init__(
        self, setup: Setup, sealer: Sealer, index: Index, packs: PackLog, growth: Growth, watch: Watch
    ) -> None:
        self.intake = Intake(setup, sealer, index, Listener(self._on_reading, packs.add))
        self.tally = Tally()
        self.changed = 0
        """Files that were still being written to when they were read again."""
        self._sealer = sealer
        self._index = index
        self._packs = packs
        self._growth = growth
        self._watch = watch
        self._polynomial = setup.polynomial
        self._reading: dict[int, Pending] = {}
        self._numbers = 0

    def read(self, pending: Pending) -> None:
        """Ask for a file's content."""
        entry = pending.entry
        if not entry.size:
            self._complete_empty(pending)
            return
        path = entry.origin.local_path(entry)
        if path is None:
            self._stream(pending)
            return
        first = self._numbers + 1
        whole = Piece(first, path, entry.device_id, entry.inode, 0, entry.size, entry.size, entry.ctime_ns)
        pieces = [whole] if pending.again else segments(whole)
        pending.expect(first, len(pieces))
        for number, piece in enumerate(pieces, first):
            piece.number = number
            self._reading[number] = pending
        self._numbers += len(pieces)
        for piece in pieces:
            self.intake.submit(piece, self._watch)

    def _on_reading(self, reading: Reading) -> None:
        pending = self._reading[reading.number]
        self._watch.bytes_done += reading.size
        self._watch.current = pending.entry.path
        is_whole = pending.take(reading)
        if reading.last:
            del self._reading[reading.number]
        if not is_whole:
            return
        if (pending.errno or pending.changed) and not pending.again:
            self._read_again(pending)
        elif pending.errno:
            self._leave_out(pending, pending.errno)
        else:
            self._complete(pending)

    def _read_again(self, pending: Pending) -> None:
        pending.again = True
        try:
            entry = pending.entry.origin.relist(pending.entry)
        except OSError as error:
            self._leave_out(pending, error.errno or errno.EIO)
            return
        if entry is None or entry.kind is not EntryKind.FILE:
            self._leave_out(pending, errno.ENOENT)
            return
        self._watch.bytes_done -= pending.size
        pending.entry = entry
        self.read(pending)

    def _leave_out(self, pending: Pending, code: int) -> None:
        path = pending.entry.path
        if code in VANISHED:
            self._watch.warn(path, _("vanished while it was being read"))
        else:
            self._watch.warn(path, _("cannot be read: {reason}").format(reason=reason_of_code(code)))
            self.tally.unreadable += 1
        self._growth.fill(pending.directory, pending.slot, None)

    def _complete_empty(self, pending: Pending) -> None:
        pending.expect(0, 0)
        try:
            pending.xattrs = pending.entry.origin.xattrs(pending.entry)
        except OSError as error:
            self._leave_out(pending, error.errno or errno.EIO)
            return
        self._complete(pending)

    def _complete(self, pending: Pending) -> None:
        if pending.changed:
            self._watch.warn(pending.entry.path, _("changed while it was being read; kept as it was read"))
            self.changed += 1
        ids = b"".join(pending.parts)
        node = node_of(pending.entry, pending.name, pending.xattrs)
        node.content = [ids[at : at + 32].hex() for at in range(0, len(ids), 32)]
        node.size = pending.size
        self._growth.fill(pending.directory, pending.slot, node)
        self.tally.files_changed += pending.was
        self.tally.files_new += not pending.was
        self.tally.bytes_processed += pending.size
        self._watch.files_done += 1

    def _stream(self, pending: Pending) -> None:
        entry = pending.entry
        pending.expect(0, 1)
        try:
            pending.xattrs = entry.origin.xattrs(entry)
            with entry.origin.open(entry) as stream:
                for chunk in stream_chunks(make_chunker(self._polynomial), stream):
                    pending.parts[0] += self._keep(chunk)
                    pending.size += len(chunk)
                    self._watch.bytes_done += len(chunk)
                    self._watch.check()
        except OSError as error:
            self._leave_out(pending, error.errno or errno.EIO)
            return
        self._complete(pending)

    def _keep(self, content: memoryview) -> bytes:
        id_ = sha256(content).digest()
        if self._index.claim(BlobType.DATA, id_):
            self._packs.add_all(self._sealer.keep(id_, content))
        return id_
