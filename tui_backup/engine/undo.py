"""Undo: brings back what a restore has replaced, changed and deleted, and removes what it has made.

Carried out again after an interruption it finishes; what is right already is left alone.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from tui_backup.engine.landing import DirectoryLanding, LandingOptions
from tui_backup.engine.metadata import Authority
from tui_backup.engine.restore import RestoreResult
from tui_backup.engine.restore_preparing import clear, open_up
from tui_backup.engine.safety_places import SafetyPlaces, key_of
from tui_backup.engine.undo_fate import Fate, Surveyor
from tui_backup.engine.undo_journal import IN_SNAPSHOT, Before, Change, Record
from tui_backup.engine.undo_metadata import close, put_on
from tui_backup.engine.undo_plan import UndoPlan, by_depth, open_places
from tui_backup.errors import BackupError, RestoreRefused
from tui_backup.formats.base import Repository
from tui_backup.model.entry import Entry
from tui_backup.model.run import RunStatus
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.descriptors import (
    DIRECTORY,
    Directories,
    is_temporary,
    link_at,
    make_beside,
    names_at,
    open_root,
    pinned,
    remove,
    rename_at,
    status_at,
    sync_file_system,
    temporary_name,
)
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of


class Lender(NamedTuple):
    """A repository, and the snapshot in it that holds what could not be kept otherwise."""

    repository: Repository
    snapshot: Snapshot


def execute_undo(plan: UndoPlan, lender: Lender | None, watch: Watch) -> RestoreResult:
    """Carry out the plan of an undo; what cannot be done is warned about, and the rest goes on.

    `lender` is needed where the record names a snapshot.

    Raises:
        RestoreRefused: the plan does not fit.
        Cancelled: somebody asked; the same undo may be made again.
        OSError: the target cannot be opened.
    """
    if not plan.fits:
        raise RestoreRefused(_("not enough space at the target"))
    with Directories(open_root(plan.record.target)) as directories:
        places = open_places(plan.home, plan.record)
        try:
            undoing = _Undoing(plan, directories, places, watch)
            undoing.run(lender)
        finally:
            places.close()
    incomplete = undoing.failures or plan.left
    return RestoreResult(
        status=RunStatus.INCOMPLETE if incomplete else RunStatus.OK,
        written=undoing.written,
        skipped=plan.skip,
        deleted=undoing.deleted,
        bytes_written=undoing.bytes_written,
    )


class _Undoing:
    def __init__(self, plan: UndoPlan, directories: Directories, places: SafetyPlaces, watch: Watch) -> None:
        self.written = self.deleted = self.bytes_written = self.failures = 0
        self._plan, self._directories, self._places, self._watch = plan, directories, places, watch
        self._surveyor = Surveyor(directories, places)
        self._fates = bytearray(plan.fates)
        self._order = by_depth(plan.records)
        self._made: dict[int, int] = {}
        """Inodes of the directories made so far, by the number of their record."""

    def run(self, lender: Lender | None) -> None:
        for warning in self._plan.warnings:
            self._watch.warn(warning.path, warning.message)
        self._watch.files_total = self._plan.new + self._plan.overwrite + self._plan.delete
        self._each(self._order, self._enter)
        self._each(reversed(self._order), self._remove)
        self._each(self._order, self._bring_back)
        if lender is not None:
            self._extract(lender)
        self._each(reversed(self._order), self._dress)
        self._sync()

    def _each(self, numbers: Iterable[int], act: Callable[[int, Record], None]) -> None:
        for number in numbers:
            self._watch.check()
            if self._fates[number] != Fate.LEAVE:
                record = self._plan.records[number]
                try:
                    act(number, record)
                except OSError as error:
                    self._fail(number, reason_of(error))

    def _fail(self, number: int, reason: str) -> None:
        self._fates[number] = Fate.LEAVE
        self.failures += 1
        self._watch.warn(self._plan.records[number].path, reason)

    def _holds(self, number: int, record: Record, *also: Fate) -> bool:
        """Whether the plan still holds for a path; it is named otherwise."""
        if self._surveyor.find(record).fate in (self._fates[number], *also):
            return True
        self._fail(number, _("has changed since the undo was planned"))
        return False

    def _enter(self, number: int, record: Record) -> None:
        """Make a directory ready for changes, and remove what was left half made."""
        forms = {each.form for each in (record.before, record.after) if each is not None}
        if stat.S_IFDIR not in forms:
            return
        try:
            descriptor = self._directories.open(record.path)
        except OSError:
            return
        if os.geteuid() != 0:
            open_up(descriptor)
        clear(descriptor)
        for temporary in filter(is_temporary, names_at(descriptor)):
            with suppress(OSError):
                os.rmdir(temporary, dir_fd=descriptor)

    def _remove(self, number: int, record: Record) -> None:
        fate = self._fates[number]
        if fate not in (Fate.REMOVE, Fate.REPLACE):
            return
        is_file = record.after is not None and record.after.form != stat.S_IFDIR
        if fate == Fate.REPLACE and is_file and record.before is not None and record.before.form != stat.S_IFDIR:
            return
        if not self._holds(number, record):
            return
        parent, _slash, name = record.path.rpartition(b"/")
        self._directories.forget(record.path)
        remove(self._directories.open(parent), name)
        if fate == Fate.REMOVE:
            self.deleted += 1
            self._watch.files_done += 1
        else:
            self._fates[number] = Fate.MAKE

    def _bring_back(self, number: int, record: Record) -> None:
        before = record.before
        if self._fates[number] not in (Fate.MAKE, Fate.REPLACE) or before is None or before.place == IN_SNAPSHOT:
            return
        if not self._holds(number, record):
            return
        parent, _slash, name = record.path.rpartition(b"/")
        directory = self._directories.open(parent)
        if before.place >= 0:
            kept = self._places.descriptor(before.place)
            link_at((kept, key_of(record.path)), directory, name, replace=self._fates[number] == Fate.REPLACE)
        elif before.form == stat.S_IFDIR:
            self._made[number] = self._make_directory(before, directory, name)
        else:
            self._tell(record, self._create(before, directory, name, replace=self._fates[number] == Fate.REPLACE))
        self._count(before)
        self._watch.files_done += 1

    def _make_directory(self, before: Before, directory: int, name: bytes) -> int:
        """Make a directory and return its inode; as root, it has its owner and permissions before it gets its name."""
        beside = temporary_name(name)
        os.mkdir(beside, 0o700, dir_fd=directory)
        try:
            descriptor = os.open(beside, DIRECTORY, dir_fd=directory)
            try:
                if os.geteuid() == 0:
                    put_on(descriptor, before)
                inode = os.fstat(descriptor).st_ino
            finally:
                os.close(descriptor)
            rename_at(directory, beside, name, replace=False)
        except BaseException:
            with suppress(OSError):
                os.rmdir(beside, dir_fd=directory)
            raise
        return inode

    def _create(self, before: Before, directory: int, name: bytes, *, replace: bool) -> list[str]:
        """Make anew what is neither a file nor a directory; return what of its metadata could not be set."""

        def create(beside: bytes) -> None:
            if before.form == stat.S_IFLNK:
                os.symlink(before.target, beside, dir_fd=directory)
            else:
                os.mknod(beside, before.form | 0o600, before.rdev, dir_fd=directory)

        def finish(place: bytes) -> list[str]:
            _require(os.stat(place), before)
            return put_on(place, before)

        return make_beside(directory, name, create, finish, replace=replace)

    def _count(self, before: Before) -> None:
        self.written += 1
        if before.form == stat.S_IFREG:
            self.bytes_written += before.size

    def _extract(self, lender: Lender) -> None:
        """Write the files that were kept in a snapshot; names that were one file become one again.

        The record has the id of the snapshot, which is a hash of all that is in it: nobody else can have made it.
        """
        groups: dict[tuple[int, int], list[int]] = {}
        for number in self._order:
            before = self._plan.records[number].before
            if before is not None and before.place == IN_SNAPSHOT and self._fates[number] != Fate.LEAVE:
                groups.setdefault((before.device, before.inode), []).append(number)
        status = os.fstat(self._directories.root)
        options = LandingOptions(
            target=os.path.realpath(self._plan.record.target),
            device=status.st_dev,
            inode=status.st_ino,
            authority=Authority.of_this_process(trusted=True),
            replace=True,
        )
        landing = DirectoryLanding(options)
        try:
            files = self._files(groups, lender)
            lender.repository.extract(lender.snapshot, files, landing, self._watch)
        finally:
            landing.close()
        for group in groups.values():
            self._each(group, self._landed)
            self._each(group[1:], partial(self._join, group[0]))

    def _files(self, groups: dict[tuple[int, int], list[int]], lender: Lender) -> Iterator[Entry]:
        for numbers in groups.values():
            for number in numbers:
                record = self._plan.records[number]
                if self._fates[number] in (Fate.MAKE, Fate.REPLACE) and self._holds(number, record):
                    try:
                        yield lender.repository.entry(lender.snapshot, record.path)
                    except BackupError as error:
                        self._fail(number, error.message)

    def _landed(self, number: int, record: Record) -> None:
        if self._fates[number] == Fate.SKIP or record.before is None:
            return
        parent, _slash, name = record.path.rpartition(b"/")
        status = status_at(self._directories.open(parent), name)
        if status is not None and self._surveyor.is_back(record, status):
            self._tell(record, _missing(record.before, status))
            self._count(record.before)
        else:
            self._fates[number] = Fate.LEAVE
            self.failures += 1

    def _join(self, first: int, _number: int, record: Record) -> None:
        if self._fates[first] == Fate.LEAVE:
            return
        above, _slash, source = self._plan.records[first].path.rpartition(b"/")
        parent, _slash, name = record.path.rpartition(b"/")
        link_at((self._directories.open(above), source), self._directories.open(parent), name, replace=True)

    def _dress(self, number: int, record: Record) -> None:
        """Put former metadata on directories, and on what has only got other metadata."""
        before = record.before
        if before is None:
            return
        if record.change is Change.TOUCHED:
            close(self._directories.open(record.path), before)
        elif before.form == stat.S_IFDIR:
            self._dress_directory(number, record, before)
        elif record.change is Change.DRESSED and self._fates[number] == Fate.DRESS and self._holds(number, record):
            parent, _slash, name = record.path.rpartition(b"/")
            with pinned(self._directories.open(parent), name) as place:
                _require(os.stat(place), before, inode=before.inode)
                self._dressed(number, record, put_on(place, before))

    def _dress_directory(self, number: int, record: Record, before: Before) -> None:
        """Put former metadata on a directory; as root, the times alone where another may have taken its place."""
        descriptor = self._directories.open(record.path)
        inode = before.inode if record.change is Change.DRESSED else 0
        if os.geteuid() == 0 and os.fstat(descriptor).st_ino != self._made.get(number, inode):
            os.utime(descriptor, ns=(before.atime_ns, before.mtime_ns))
            return
        self._dressed(number, record, put_on(descriptor, before))

    def _dressed(self, number: int, record: Record, troubles: list[str]) -> None:
        self._tell(record, troubles)
        if not troubles and self._fates[number] == Fate.DRESS:
            self.written += 1
            self._watch.files_done += 1

    def _tell(self, record: Record, troubles: list[str]) -> None:
        if troubles:
            self.failures += 1
            self._watch.warn(record.path, _("restored without {troubles}").format(troubles="; ".join(troubles)))

    def _sync(self) -> None:
        """Wait until everything is on disk, on every file system that something came back to."""
        devices: dict[int, bytes] = {}
        for number in self._order:
            path = self._plan.records[number].path
            if self._fates[number] != Fate.LEAVE:
                try:
                    parent = self._directories.open(path.rpartition(b"/")[0])
                except OSError:
                    continue
                devices.setdefault(os.fstat(parent).st_dev, path.rpartition(b"/")[0])
        for path in devices.values():
            sync_file_system(self._directories.open(path))


def _missing(before: Before, status: os.stat_result) -> list[str]:
    """Return what of the owner and the permissions of a file could not be put back, for people."""
    missing = []
    if (status.st_uid, status.st_gid) != (before.uid, before.gid):
        missing.append(_("owner"))
    if status.st_mode != before.mode:
        missing.append(_("permissions"))
    return missing


def _require(status: os.stat_result, before: Before, inode: int | None = None) -> None:
    """Raise OSError unless a status is of what may be given away: of its kind, with one name, and of that inode."""
    if stat.S_IFMT(status.st_mode) != before.form or status.st_nlink != 1 or inode not in {None, status.st_ino}:
        raise OSError(errno.ESTALE, _("has changed since the undo was planned"))
