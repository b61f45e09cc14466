"""Last stages of a restore: hard links, everything that is no file, metadata of directories, deletions."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress

from tui_backup.engine.landing import open_target
from tui_backup.engine.metadata import dress
from tui_backup.engine.restore_action import Action, is_landed, may_be_adjusted
from tui_backup.engine.restore_links import Links
from tui_backup.engine.restore_site import Site
from tui_backup.engine.restore_walk import Frame, Step
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.primitives.descriptors import (
    Directories,
    link_at,
    make_beside,
    pinned,
    remove,
    status_at,
    sync_file_system,
)
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

_WRITTEN = (Action.NEW, Action.OVERWRITE)
_FINISHED = (Action.MADE, Action.METADATA, Action.SAME)
_TYPES = {EntryKind.BLOCK: stat.S_IFBLK, EntryKind.CHAR: stat.S_IFCHR}
_COARSEST_CLOCK_NS = 2_000_000_000
"""Some file systems keep times in steps of two seconds."""


def link_files(site: Site) -> Iterator[Entry]:
    """Make the further names of hard-linked files; yield those that cannot be linked and must be written."""
    links = Links()
    with open_target(site.options) as directories:
        for step in site.walk():
            first = links.first(step.entry, site.plan.actions[step.number])
            if first is None or site.states[step.number] not in _WRITTEN:
                continue
            try:
                _link(site, step, first, directories)
            except OSError:
                yield step.entry


def _link(site: Site, step: Step, first: bytes, directories: Directories) -> None:
    parent, _slash, name = first.rpartition(b"/")
    source = directories.open(parent)
    status = status_at(source, name)
    if not is_landed(step.entry, status):
        raise FileNotFoundError
    directory = directories.open(step.frame.path)
    replace = site.states[step.number] == Action.OVERWRITE
    present = status_at(directory, step.name) if replace else None
    if replace and status == present:
        return
    if not site.may_replace(step, present):
        raise FileExistsError
    link_at((source, name), directory, step.name, replace=replace)


class Finish:
    """Walks once more, when all files have landed, and counts what is there."""

    def __init__(self, site: Site, directories: Directories) -> None:
        self.written = 0
        self.bytes_written = 0
        self._site, self._directories = site, directories
        self._links = Links()
        self._places: dict[int, bytes] = {}

    def run(self) -> None:
        """Make what is no file, and set the metadata of directories, deepest first."""
        for step in self._site.walk(self._leave):
            self._finish(step)

    def run_remembered(self, steps: list[Step]) -> None:
        """Do the same with the steps that were kept, where it is known that every file has landed."""
        site = self._site
        self.written, self.bytes_written = site.files_sent, site.bytes_sent
        self._note(b"")
        for step in steps:
            site.watch.check()
            if step.entry.kind is EntryKind.DIR or site.states[step.number] in (*_WRITTEN, Action.METADATA):
                self._finish(step)
        for step in reversed(steps):
            if step.below is not None and not step.below.refused:
                self._note(step.below.path)
                self._leave(step.below)

    def _note(self, path: bytes) -> None:
        """Note the file system of a directory: it is to be on disk in the end."""
        with suppress(OSError):
            self._places.setdefault(os.fstat(self._directories.open(path)).st_dev, path)

    def _finish(self, step: Step) -> None:
        first = self._links.first(step.entry, self._site.plan.actions[step.number])
        state = self._site.states[step.number]
        try:
            if state == Action.MADE:
                self.written += 1
            elif state in _WRITTEN:
                self._write(step, linked=first is not None)
            elif state == Action.METADATA:
                self._adjust(step)
        except (OSError, OverflowError) as error:
            self._site.fail(step, error)

    def sync(self) -> None:
        """Wait until all that was written is on disk."""
        for path in self._places.values():
            try:
                sync_file_system(self._directories.open(path))
            except OSError as error:
                self._site.failures += 1
                self._site.watch.warn(path, _("not safely on disk: {reason}").format(reason=reason_of(error)))

    def _write(self, step: Step, *, linked: bool) -> None:
        entry = step.entry
        directory = self._directories.open(step.frame.path)
        if entry.kind is EntryKind.FILE:
            status = status_at(directory, step.name)
            if not _is_there(entry, status, replaced=self._site.states[step.number] == Action.OVERWRITE):
                self._miss(step)
                return
            if status is not None:
                self._places.setdefault(status.st_dev, step.frame.path)
            self.bytes_written += 0 if linked else entry.size
        elif self._site.has_changed(step, directory):
            return
        else:
            replace = self._site.states[step.number] == Action.OVERWRITE
            self._tell(entry, self._make(entry, directory, step.name, replace=replace))
        self.written += 1

    def _miss(self, step: Step) -> None:
        """Count a file that is not there; who failed to write it has named it, or else we do."""
        self._site.failures += 1
        if self._site.told:
            self._site.told -= 1
        else:
            self._site.watch.warn(step.entry.path, _("was not written"))

    def _make(self, entry: Entry, directory: int, name: bytes, *, replace: bool) -> list[str]:
        return make_beside(
            directory,
            name,
            lambda beside: _create(entry, directory, beside),
            lambda place: dress(place, entry, self._site.authority),
            replace=replace,
        )

    def _adjust(self, step: Step) -> None:
        """Set the metadata of something whose content is right; directories come when they are left."""
        if step.below is None:
            directory = self._directories.open(step.frame.path)
            if self._site.has_changed(step, directory):
                return
            with pinned(directory, step.name) as place:
                if not may_be_adjusted(step.entry, os.stat(place)):
                    self._site.fail(step, _("has changed since the restore was planned"))
                    return
                self._tell(step.entry, dress(place, step.entry, self._site.authority))
        self.written += 1

    def _leave(self, frame: Frame) -> None:
        if frame.entry is None or self._site.states[frame.number] not in _FINISHED:
            return
        try:
            troubles = dress(self._directories.open(frame.path), frame.entry, self._site.authority)
        except OSError as error:
            troubles = [reason_of(error)]
        self._tell(frame.entry, troubles)

    def _tell(self, entry: Entry, troubles: list[str]) -> None:
        if troubles:
            self._site.failures += 1
            self._site.watch.warn(entry.path, _("restored without {troubles}").format(troubles="; ".join(troubles)))


def _create(entry: Entry, directory: int, name: bytes) -> None:
    if entry.kind is EntryKind.SYMLINK:
        os.symlink(entry.target, name, dir_fd=directory)
    elif entry.kind is EntryKind.FIFO:
        os.mkfifo(name, 0o600, dir_fd=directory)
    else:
        os.mknod(name, _TYPES[entry.kind] | 0o600, entry.device, dir_fd=directory)


def _is_there(entry: Entry, status: os.stat_result | None, *, replaced: bool) -> bool:
    """Whether a file has landed; where another was before, its time tells them apart."""
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size != entry.size:
        return False
    return not replaced or abs(status.st_mtime_ns - entry.mtime_ns) < _COARSEST_CLOCK_NS


def delete(site: Site, directories: Directories) -> int:
    """Remove what the plan lists; return how many names are gone. What has changed since is left and named."""
    deleted = 0
    for deletion in site.plan.deletions:
        site.watch.check()
        parent, _slash, name = deletion.path.rpartition(b"/")
        try:
            directory = directories.open(parent)
            if deletion.path in site.unkept:
                site.failures += 1
                reason = site.unkept[deletion.path]
                site.watch.warn(deletion.path, _("cannot be kept for an undo: {reason}").format(reason=reason))
                continue
            if not deletion.still_means(status_at(directory, name)):
                site.failures += 1
                site.watch.warn(deletion.path, _("has changed since the restore was planned"))
                continue
            before = os.fstat(directory)
            directories.forget(deletion.path)
            remove(directory, name)
            os.utime(directory, ns=(before.st_atime_ns, before.st_mtime_ns))
        except OSError as error:
            site.failures += 1
            site.watch.warn(deletion.path, reason_of(error))
            continue
        deleted += 1
    return deleted
