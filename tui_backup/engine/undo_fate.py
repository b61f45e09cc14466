"""What the undo of a restore does with one path, given what is there at present."""

import os
import stat
from enum import IntEnum

import msgspec

from tui_backup.engine.safety_places import SafetyPlaces
from tui_backup.engine.undo_journal import After, Before, Change, Record
from tui_backup.engine.undo_metadata import is_dressed
from tui_backup.primitives.descriptors import Directories, pinned, status_at
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

_COARSEST_CLOCK_NS = 2_000_000_000
_SECOND_NS = 1_000_000_000


class Fate(IntEnum):
    """What becomes of a path; a plan keeps one byte for each."""

    SKIP = 0
    """It is as it was."""
    REMOVE = 1
    MAKE = 2
    """Nothing is there, and what was comes back."""
    REPLACE = 3
    DRESS = 4
    """It gets its former metadata."""
    LEAVE = 5
    """It has changed since the restore."""


WORDS = {
    Fate.SKIP: "skip",
    Fate.REMOVE: "delete",
    Fate.MAKE: "new",
    Fate.REPLACE: "overwrite",
    Fate.DRESS: "metadata",
    Fate.LEAVE: "keep",
}
"""Fates as a plan shows them."""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """A fate, and why a path is left alone, for people."""

    fate: Fate
    reason: str = ""


_SKIP = Finding(Fate.SKIP)


def changed() -> Finding:
    """Return the finding for what is neither as it was nor as the restore made it."""
    return Finding(Fate.LEAVE, _("has changed since the restore"))


class Surveyor:
    """Looks at the target; a directory that the restore made is said to be removed without a look inside."""

    def __init__(self, directories: Directories, places: SafetyPlaces) -> None:
        self._directories, self._places = directories, places
        self._privileged = os.geteuid() == 0

    def find(self, record: Record) -> Finding:
        """Return what the undo does with the path of a record."""
        parent, _slash, name = record.path.rpartition(b"/")
        try:
            if not record.path:
                return _SKIP
            directory = self._directories.open(parent)
            return self._find(record, directory, name, status_at(directory, name))
        except FileNotFoundError:
            return self._find(record, -1, name, None)
        except OSError as error:
            return _SKIP if record.change is Change.NEW else Finding(Fate.LEAVE, reason_of(error))

    def _find(self, record: Record, directory: int, name: bytes, status: os.stat_result | None) -> Finding:
        match record.change:
            case Change.NEW:
                return self._new(record, directory, name, status)
            case Change.TOUCHED:
                return _SKIP if status is not None else _no_directory()
            case Change.DRESSED:
                return self._dressed(record, directory, name, status)
            case _:
                return self._gone(record, directory, name, status)

    def _new(self, record: Record, directory: int, name: bytes, status: os.stat_result | None) -> Finding:
        if status is None:
            return _SKIP
        assert record.after is not None
        return Finding(Fate.REMOVE) if is_made(record.after, status, directory, name) else changed()

    def _gone(self, record: Record, directory: int, name: bytes, status: os.stat_result | None) -> Finding:
        """Look at something that was replaced or deleted."""
        before = record.before
        assert before is not None
        if status is None:
            return Finding(Fate.MAKE) if self._is_kept(record, before) else _lost()
        made = record.after is not None and is_made(record.after, status, directory, name)
        if self.is_back(record, status) and not (made and self._differs(before, status, directory, name)):
            return _SKIP
        if not made:
            return changed()
        return Finding(Fate.REPLACE) if self._is_kept(record, before) else _lost()

    def _is_kept(self, record: Record, before: Before) -> bool:
        return before.place < 0 or self._places.keep_in(before.place, record.path) is not None

    def is_back(self, record: Record, status: os.stat_result | None) -> bool:
        """Whether a status is that of what was there before the restore."""
        before = record.before
        if before is None or status is None:
            return False
        if before.place >= 0:
            kept = self._places.keep_in(before.place, record.path)
            return kept is not None and (kept.st_dev, kept.st_ino) == (status.st_dev, status.st_ino)
        if before.form == stat.S_IFDIR:
            return stat.S_ISDIR(status.st_mode) and (not self._privileged or _is_alike(before, status))
        parent, _slash, name = record.path.rpartition(b"/")
        was = After(before.form, before.size, before.mtime_ns, before.target, before.rdev)
        return is_made(was, status, self._directories.open(parent), name)

    def _differs(self, before: Before, status: os.stat_result, directory: int, name: bytes) -> bool:
        """Whether what was kept in a snapshot or the journal had other metadata than what now looks like it."""
        if before.place >= 0 or before.form == stat.S_IFDIR:
            return False
        with pinned(directory, name) as path:
            return not is_dressed(before, status, path)

    def _dressed(self, record: Record, directory: int, name: bytes, status: os.stat_result | None) -> Finding:
        before = record.before
        assert before is not None
        if before.form == stat.S_IFDIR:
            if status is None:
                return Finding(Fate.MAKE)
            if not stat.S_ISDIR(status.st_mode):
                return changed()
            if self._privileged and status.st_ino != before.inode:
                return _SKIP if _is_alike(before, status) else changed()
            return self._dressed_directory(record)
        if status is None or (status.st_ino, stat.S_IFMT(status.st_mode)) != (before.inode, before.form):
            return changed()
        if before.form == stat.S_IFREG and (status.st_size, status.st_mtime_ns) != (before.size, before.mtime_ns):
            return changed()
        with pinned(directory, name) as path:
            return _SKIP if is_dressed(before, status, path) else Finding(Fate.DRESS)

    def _dressed_directory(self, record: Record) -> Finding:
        assert record.before is not None
        descriptor = self._directories.open(record.path)
        return _SKIP if is_dressed(record.before, os.fstat(descriptor), descriptor) else Finding(Fate.DRESS)


def _is_alike(before: Before, status: os.stat_result) -> bool:
    """Whether a directory may be the one that an undo made: it gets owner and permissions before its name."""
    return (before.mode, before.uid, before.gid) == (status.st_mode, status.st_uid, status.st_gid)


def is_made(after: After, status: os.stat_result, directory: int, name: bytes) -> bool:
    """Whether a status is that of what the restore made; of a file, size and time tell."""
    if stat.S_IFMT(status.st_mode) != after.form:
        return False
    if after.form == stat.S_IFREG:
        return status.st_size == after.size and _is_time(after.mtime_ns, status.st_mtime_ns)
    if after.form == stat.S_IFLNK:
        return os.readlink(name, dir_fd=directory) == after.target
    return after.form not in (stat.S_IFBLK, stat.S_IFCHR) or status.st_rdev == after.rdev


def _is_time(wanted: int, found: int) -> bool:
    """Whether a time is the one that was set; a file system that knows only seconds may have rounded it."""
    return wanted == found or (found % _SECOND_NS == 0 and abs(wanted - found) < _COARSEST_CLOCK_NS)


def _no_directory() -> Finding:
    return Finding(Fate.LEAVE, _("is gone"))


def _lost() -> Finding:
    return Finding(Fate.LEAVE, _("what was kept of it is gone"))
