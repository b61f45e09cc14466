"""Writing entries into a container: each read once, a second time where it changed meanwhile and is still in hand.

The header of a member comes before its content, so a small file is read whole before that is written. A large one
streams: it keeps the size that was announced, and what changed while it was read is told.
"""

import errno
import io
import os
from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from typing import BinaryIO, cast

import msgspec

from tui_backup.errors import BackupError, Corrupted, NotFound
from tui_backup.formats.base import Tally
from tui_backup.formats.containers.base import Container, Member, MemberWriter
from tui_backup.formats.containers.paths import DEEPEST, LONGEST_PATH
from tui_backup.model.entry import Entry, EntryKind, Xattrs
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.reasons import VANISHED, reason_of
from tui_backup.stores.base import Sink

_SMALL = 4 << 20
_MOST_XATTRS = 8 << 20
"""Bytes of the extended attributes of one entry."""
_UNREADABLE = (OSError, Corrupted, NotFound)
"""What reading a content raises that concerns this content alone."""
_LOOK_EVERY = 64
_LOOK_BYTES = 256 << 10
"""Entries between two looks at whether the run is to stop; so many bytes count like another one."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the entries of an archive."""

    tally: Tally
    notes: tuple[str, ...]
    """What the container could not carry, for people."""


def write_archive(entries: Iterable[Entry], container: Container, out: Sink, level: int, watch: Watch) -> Written:
    """Write entries as a whole archive of that container, each below its path without the `/` in front.

    What cannot be read is warned about, left out, and counted as `tally.unreadable`; a large file that fails half-way
    stays in the archive, filled up with zeros, and is counted too.

    Raises:
        StoreError, OSError: `out` takes no more.
        Cancelled: the watch was asked to stop.
    """
    writer = container.writer(out, level)
    try:
        members = EntryWriter(container, writer, watch)
        for entry in entries:
            members.add(entry)
        writer.close(None)
        return Written(tally=members.tally, notes=members.notes())
    finally:
        writer.abandon()


class _First(msgspec.Struct, frozen=True):
    """The first name of a file that has several."""

    path: bytes
    size: int
    sha256: str


class EntryWriter:
    """Hands entries to a `MemberWriter`; for one thread."""

    def __init__(self, container: Container, writer: MemberWriter, watch: Watch) -> None:
        self.tally = Tally()
        self.changed = 0
        """Files that were still being written to when they were read."""
        self._container = container
        self._writer = writer
        self._watch = watch
        self._firsts: dict[tuple[int, int], _First] = {}
        self._left_out: Counter[EntryKind] = Counter()
        self._until_look = 1

    def add(self, entry: Entry) -> Member | None:
        """Write an entry; return it as it was written, None where it was left out or is not whole."""
        self._until_look -= 1 + entry.size // _LOOK_BYTES
        if self._until_look <= 0:
            self._until_look = _LOOK_EVERY
            self._watch.current = entry.path
            self._watch.check()
        if not self._container.holds(entry.kind):
            self._left_out[entry.kind] += 1
            return None
        if self._is_unfit(entry.path):
            return None
        if entry.kind is EntryKind.FILE:
            return self._add_file(entry)
        self.tally.dirs += entry.kind is EntryKind.DIR
        return self._writer.add(self._member(entry))

    def notes(self) -> tuple[str, ...]:
        """Return what the container could not carry, for people."""
        count = self._left_out.total()
        mine = ngettext(
            "{count} entry was left out that is neither a file, a directory nor a link",
            "{count} entries were left out that are neither files, directories nor links",
            count,
        )
        return (*((mine.format(count=count),) if count else ()), *self._writer.notes())

    def _add_file(self, entry: Entry) -> Member | None:
        identity = (entry.device_id, entry.inode)
        first = self._firsts.get(identity) if entry.links > 1 and entry.inode else None
        written = self._add_link(entry, first) if first else self._add_content(entry)
        if written is None:
            return None
        if entry.links > 1 and first is None:
            self._firsts[identity] = _First(written.path, written.size, written.sha256)
        self.tally.files_new += 1
        self.tally.bytes_processed += written.size
        self._watch.files_done += 1
        return written

    def _add_link(self, entry: Entry, first: _First) -> Member | None:
        if not self._container.links:
            return self._add_content(entry, first.path)
        self._watch.bytes_done += first.size
        member = self._member(entry, size=first.size, link=first.path)
        return msgspec.structs.replace(self._writer.add(member), sha256=first.sha256)

    def _add_content(self, entry: Entry, link: bytes = b"") -> Member | None:
        try:
            opened = _open_large(entry) if entry.size > _SMALL else _read_small(entry)
        except _UNREADABLE as error:
            self._tell(entry, error)
            return None
        if isinstance(opened, _Whole):
            if opened.changed:
                self._tell_changed(entry)
            self._watch.bytes_done += len(opened.content)
            member = self._member(opened.entry, size=len(opened.content), link=link)
            return self._writer.add(member, BytesIO(opened.content))
        with opened.file:
            return self._add_large(opened, link)

    def _add_large(self, opened: "_Opened", link: bytes) -> Member | None:
        entry, file = opened.entry, opened.file
        content = _Guarded(file, self._watch)
        written = self._writer.add(self._member(entry, size=entry.size, link=link), cast(BinaryIO, content))
        is_as_listed = not _has_changed(entry, file) if _is_here(entry) else content.ends_at(entry.size)
        if content.error is not None:
            self._tell(entry, content.error)
            return None
        if not is_as_listed:
            self._tell_changed(entry)
        return written

    def _member(self, entry: Entry, size: int = 0, link: bytes = b"") -> Member:
        return Member(
            path=entry.path,
            kind=entry.kind,
            mode=entry.mode,
            uid=entry.uid,
            gid=entry.gid,
            user=entry.user,
            group=entry.group,
            size=size,
            mtime_ns=entry.mtime_ns,
            device=entry.device,
            target=entry.target,
            link=link,
            xattrs=self._xattrs(entry),
        )

    def _is_unfit(self, path: bytes) -> bool:
        """Whether a path is so long or deep that no reader would take it; that is told, and the entry is unreadable."""
        if len(path) <= LONGEST_PATH and path.count(b"/") <= DEEPEST:
            return False
        self._watch.warn(path, _("its name is none that a file can have"))
        self.tally.unreadable += 1
        return True

    def _xattrs(self, entry: Entry) -> Xattrs:
        try:
            xattrs = entry.origin.xattrs(entry)
        except OSError as error:
            reason = _("extended attributes cannot be read: {reason}").format(reason=reason_of(error))
            self._watch.warn(entry.path, reason)
            return ()
        if sum(len(name) + len(value) for name, value in xattrs) > _MOST_XATTRS:
            self._watch.warn(entry.path, _("has more extended attributes than an archive can hold"))
            return ()
        return xattrs

    def _tell_changed(self, entry: Entry) -> None:
        self._watch.warn(entry.path, _("changed while it was being read; kept as it was read"))
        self.changed += 1

    def _tell(self, entry: Entry, error: OSError | BackupError) -> None:
        if isinstance(error, OSError) and error.errno in VANISHED:
            self._watch.warn(entry.path, _("vanished while it was being read"))
            return
        reason = reason_of(error) if isinstance(error, OSError) else error.message
        self._watch.warn(entry.path, _("cannot be read: {reason}").format(reason=reason))
        self.tally.unreadable += 1


class _Whole(msgspec.Struct, frozen=True):
    """A small file that was read."""

    entry: Entry
    content: bytes
    changed: bool
    """Whether it was still being written to."""


class _Opened(msgspec.Struct, frozen=True):
    """A large file about to be read."""

    entry: Entry
    file: BinaryIO


class _Guarded(io.RawIOBase):
    """A content that ends where reading it fails; counts what is read, and stops with the run."""

    def __init__(self, file: BinaryIO, watch: Watch) -> None:
        super().__init__()
        self.error: OSError | BackupError | None = None
        self._reached = 0
        self._file = file
        self._watch = watch

    def fileno(self) -> int:
        return self._file.fileno()

    def seek(self, offset: int, whence: int = 0) -> int:
        self._reached = self._file.seek(offset, whence)
        return self._reached

    def ends_at(self, size: int) -> bool:
        """Whether it was read to its end, which is there."""
        return self._reached == size and not self.read(1)

    def read(self, size: int = -1) -> bytes:
        self._watch.check()
        if self.error is not None:
            return b""
        try:
            piece = self._file.read(size)
        except _UNREADABLE as error:
            self.error = error
            return b""
        self._reached += len(piece)
        self._watch.bytes_done += len(piece)
        return piece


def _read_small(entry: Entry) -> _Whole | _Opened:
    """Read a file whole; once more where it changed meanwhile."""
    content, is_same = _read_once(entry)
    if not is_same:
        entry = _seen_again(entry)
        if entry.size > _SMALL:
            return _open_large(entry)
        content, is_same = _read_once(entry)
    return _Whole(entry, content, changed=not is_same)


def _read_once(entry: Entry) -> tuple[bytes, bool]:
    """Return what a file holds, and whether that is as it was listed."""
    if not entry.size:
        return b"", True
    with entry.origin.open(entry) as file:
        pieces = [file.read(entry.size + 1)]
        while pieces[-1] and sum(map(len, pieces)) <= _SMALL:
            pieces.append(file.read(_SMALL + 1))
        content = b"".join(pieces)
        return content, len(content) == entry.size and not _has_changed(entry, file)


def _open_large(entry: Entry) -> _Opened:
    file = entry.origin.open(entry)
    try:
        return _Opened(_seen_again(entry) if _has_changed(entry, file) else entry, file)
    except BaseException:
        file.close()
        raise


def _has_changed(entry: Entry, file: BinaryIO) -> bool:
    """Whether a file of this host was written to since it was listed."""
    return _is_here(entry) and os.fstat(file.fileno()).st_ctime_ns != entry.ctime_ns


def _is_here(entry: Entry) -> bool:
    """Whether a file is read from a file system of this host."""
    return entry.origin.local_path(entry) is not None


def _seen_again(entry: Entry) -> Entry:
    """Look at a path again; raises OSError where no file is there any more."""
    again = entry.origin.relist(entry)
    if again is None or again.kind is not EntryKind.FILE:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return again
