"""Safekeeping: before a restore changes anything, all that it will change is kept, so that it can be undone.

Nothing is copied: what is replaced or deleted gets a further name in a safety place on its own file system, and what
only changes its metadata is described in the journal. What can be linked nowhere goes into a snapshot.
"""

import os
import stat

import msgspec

from tui_backup.engine.landing import FULL, open_target
from tui_backup.engine.restore_action import Action
from tui_backup.engine.restore_site import Site
from tui_backup.engine.restore_walk import Frame, Step
from tui_backup.engine.safety_linking import Linking
from tui_backup.engine.safety_record import JOURNAL, SafetyState, read_record, write_record
from tui_backup.engine.safety_snapshot import keep_snapshot
from tui_backup.engine.undo_journal import IN_JOURNAL, IN_SNAPSHOT, Before, Change, JournalWriter, Record, after
from tui_backup.engine.undo_metadata import attributes_of, before_of, described
from tui_backup.errors import BackupError, RestoreRefused
from tui_backup.formats.base import Brief
from tui_backup.model.entry import Entry
from tui_backup.primitives.descriptors import Directories, status_at
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

_MADE = (Action.NEW, Action.PARENT_NEW, Action.OVERWRITE)
_PASSED = (Action.KEPT, Action.NEWER)


class Safekeeping(msgspec.Struct, frozen=True, kw_only=True):
    """Where a restore keeps what it changes."""

    home: bytes
    """Absolute path of the home of its `SafetyRecord`."""
    brief: Brief
    """Of the snapshot that is made where nothing can be linked; its paths are filled in."""


def keep_all(site: Site, safekeeping: Safekeeping) -> None:
    """Keep everything that a plan changes, and have the restore replace nothing else; on disk when this returns.

    What cannot be kept is named, and is not restored.

    Raises:
        RestoreRefused: it cannot be kept; nothing has been changed.
        Cancelled: somebody asked.
    """
    try:
        with open_target(site.options) as directories:
            _Keeper(site, safekeeping, directories).run()
    except OSError as error:
        reason = _("no space is left") if error.errno in FULL else reason_of(error)
        raise RestoreRefused(
            _("what would be replaced cannot be kept for an undo: {reason}; nothing was touched").format(reason=reason),
            hint=_("restore it beside: --target DIRECTORY"),
        ) from error


class _Keeper:
    def __init__(self, site: Site, safekeeping: Safekeeping, directories: Directories) -> None:
        record = read_record(safekeeping.home)
        assert record is not None
        self._site, self._directories = site, directories
        self._home, self._brief = safekeeping.home, safekeeping.brief
        doomed = frozenset(each.path for each in site.plan.deletions if each.is_dir)
        self._linking = Linking(safekeeping.home, record, directories, target=site.options.target, doomed=doomed)
        self._elsewhere: list[bytes] = []
        self._touched: set[bytes] = set()
        self._changes = 0
        self._bytes = 0

    def run(self) -> None:
        site = self._site
        try:
            with JournalWriter(os.path.join(self._home, JOURNAL)) as journal:
                self._journal = journal
                self._walk()
                self._keep_deletions()
                made = self._snapshot()
            self._linking.sync()
            kept = self._linking.kept_places()
        finally:
            self._linking.close()
        site.options = msgspec.structs.replace(site.options, kept=kept)
        site.open_kept()
        if self._changes:
            record = msgspec.structs.replace(
                self._linking.record, state=SafetyState.KEPT, safety_snapshot=made, bytes=self._bytes
            )
            write_record(self._home, record)

    def _walk(self) -> None:
        for step in self._site.walk():
            try:
                self._keep(step)
            except OSError as error:
                if error.errno in FULL:
                    raise
                self._site.fail(step, _("cannot be kept for an undo: {reason}").format(reason=reason_of(error)))

    def _keep(self, step: Step) -> None:
        action = self._site.plan.actions[step.number]
        if step.below is not None:
            step.below.refused = action in _PASSED
            step.below.fresh = action in _MADE
        if step.frame.fresh:
            self._add_new(step)
            return
        directory = self._directories.open(step.frame.path)
        status = status_at(directory, step.name)
        if action in (Action.NEW, Action.PARENT_NEW) and status is None:
            self._add_new(step)
        elif action == Action.OVERWRITE and status is not None:
            self._replace(step, directory, status)
        elif step.below is not None and action not in (*_MADE, *_PASSED):
            self._enter(step)
        elif action == Action.METADATA:
            self._add(step.entry.path, Change.DRESSED, described(directory, step.name, IN_JOURNAL))
            self._changes += 1

    def _add_new(self, step: Step) -> None:
        self._touch(step.frame)
        self._journal.add(Record(step.entry.path, Change.NEW, None, after(step.entry)))
        self._changes += 1

    def _touch(self, frame: Frame) -> None:
        """Describe a directory that is not restored itself, before the first change in it."""
        if frame.path in self._touched or (frame.path and self._site.plan.actions[frame.number] != Action.PARENT):
            return
        self._touched.add(frame.path)
        self._add(frame.path, Change.TOUCHED, before_of(os.fstat(self._directories.open(frame.path))))

    def _add(self, path: bytes, change: Change, before: Before) -> None:
        self._journal.add(Record(path, change, before))

    def _replace(self, step: Step, directory: int, status: os.stat_result) -> None:
        self._touch(step.frame)
        path = step.entry.path
        if stat.S_ISDIR(status.st_mode):
            before = described(directory, step.name, IN_JOURNAL)
        else:
            before = self._kept(directory, path)
        self._journal.add(Record(path, Change.REPLACED, before, after(step.entry)))
        self._changes += 1

    def _enter(self, step: Step) -> None:
        """Describe a directory that stays, and that the restore dresses, or opens up for its owner."""
        assert step.below is not None
        descriptor = self._directories.open(step.entry.path)
        status = os.fstat(descriptor)
        if self._site.plan.actions[step.number] == Action.PARENT:
            if self._site.authority.user != 0 and status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
                self._touch(step.below)
            return
        before = before_of(status, xattrs=attributes_of(descriptor))
        self._add(step.entry.path, Change.DRESSED, before)
        self._changes += self._will_change(step.entry, status, before.xattrs)

    def _will_change(self, entry: Entry, status: os.stat_result, present: tuple[tuple[bytes, bytes], ...]) -> bool:
        authority = self._site.authority
        try:
            saved = tuple(sorted(pair for pair in entry.origin.xattrs(entry) if authority.may_set(pair[0])))
        except (OSError, BackupError):
            return True
        return status.st_mtime_ns != entry.mtime_ns or not authority.agrees(entry, status) or saved != present

    def _keep_deletions(self) -> None:
        for deletion in self._site.plan.deletions:
            parent, _slash, name = deletion.path.rpartition(b"/")
            try:
                directory = self._directories.open(parent)
                if not deletion.still_means(status_at(directory, name)):
                    continue
                if deletion.is_dir:
                    descriptor = self._directories.open(deletion.path)
                    before = before_of(os.fstat(descriptor), xattrs=attributes_of(descriptor))
                else:
                    before = self._kept(directory, deletion.path)
            except OSError as error:
                if error.errno in FULL:
                    raise
                self._site.unkept[deletion.path] = reason_of(error)
                continue
            if not parent:
                self._touch(Frame(parent))
            self._add(deletion.path, Change.DELETED, before)
            self._changes += 1

    def _kept(self, directory: int, path: bytes) -> Before:
        """Keep what is no directory."""
        name = path.rpartition(b"/")[2]
        place = self._linking.link(directory, path)
        if place is not None:
            status = self._linking.places.keep_in(place, path)
            if status is None:
                raise FileNotFoundError(2, os.strerror(2))
            self._bytes += status.st_size
            return before_of(status, place=place)
        before = described(directory, name, IN_JOURNAL)
        if before.form == stat.S_IFREG:
            before = msgspec.structs.replace(before, place=IN_SNAPSHOT)
            self._bytes += before.size
        self._elsewhere.append(path)
        return before

    def _snapshot(self) -> str | None:
        """Make the snapshot of what could not be linked; return its id."""
        if not self._elsewhere:
            return None
        try:
            return keep_snapshot(self._elsewhere, self._directories, self._site, self._brief, self._linking.places).id
        except BackupError as error:
            error.hint = error.hint or _("nothing was touched; restore it beside: --target DIRECTORY")
            raise
