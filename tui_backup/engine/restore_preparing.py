"""First stage of a restore: check the plan, make directories, clear the way, and say which files to write."""

import os
import stat
from collections.abc import Iterator

from tui_backup.engine.landing import open_target
from tui_backup.engine.restore_action import Action
from tui_backup.engine.restore_links import Links
from tui_backup.engine.restore_site import Site
from tui_backup.engine.restore_walk import Step
from tui_backup.errors import RestoreRefused
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.primitives.descriptors import (
    Directories,
    discard,
    is_temporary,
    names_at,
    remove,
    status_at,
)
from tui_backup.primitives.i18n import _

_FRESH = (Action.NEW, Action.PARENT_NEW)
_WRITTEN = (Action.NEW, Action.OVERWRITE)
_ALL_OF_OWNER = 0o700
_SPARE = 1 << 20
"""Free bytes beyond the next file below which a file that failed is taken for a sign of a full disk."""


def prepare(site: Site) -> Iterator[Entry]:
    """Yield the files to write, in the order of the walk; their directories exist by then.

    Raises:
        RestoreRefused: the disk is full.
        Cancelled: somebody asked.
    """
    links = Links()
    warned = site.watch.warnings
    with open_target(site.options) as directories:
        clear(directories.root)
        for step in site.walk():
            first = links.first(step.entry, site.plan.actions[step.number])
            is_written = _prepared(site, step, directories)
            if not is_written or first is not None or step.entry.kind is not EntryKind.FILE:
                if step.entry.kind is not EntryKind.FILE or site.states[step.number] == Action.METADATA:
                    site.remember(step)
                continue
            site.files_sent += 1
            site.bytes_sent += step.entry.size
            if site.watch.warnings > warned:
                warned = site.watch.warnings
                _check_space(directories.root, step.entry.size)
            yield step.entry


def _prepared(site: Site, step: Step, directories: Directories) -> bool:
    """Make an entry ready to be written; return whether it is to be."""
    action = site.plan.actions[step.number]
    try:
        directory = directories.open(step.frame.path)
        if step.below is not None:
            _prepare_directory(site, step, directories, directory)
            return False
        if action == Action.NEWER or site.has_changed(step, directory):
            return False
        if action == Action.KEPT:
            verdict = site.judge.judge(step.entry, directory, step.name)
            site.watch.warn(step.entry.path, verdict.reason)
        if action == Action.OVERWRITE:
            _remove_directory(directory, step.name)
    except OSError as error:
        site.fail(step, error)
        return False
    return action in _WRITTEN


def _prepare_directory(site: Site, step: Step, directories: Directories, directory: int) -> None:
    action = site.plan.actions[step.number]
    assert step.below is not None
    if action in (Action.KEPT, Action.NEWER):
        if action == Action.KEPT:
            site.watch.warn(step.entry.path, _("something else is in its place, and all below is left out"))
        step.below.refused = True
        return
    if action in _FRESH or action == Action.OVERWRITE:
        if action == Action.OVERWRITE:
            if site.has_changed(step, directory):
                return
            remove(directory, step.name)
        os.mkdir(step.name, _ALL_OF_OWNER, dir_fd=directory)
        site.states[step.number] = Action.MADE
        step.below.fresh = True
        return
    descriptor = directories.open(step.entry.path)
    if site.authority.user != 0:
        open_up(descriptor)
    clear(descriptor)


def open_up(descriptor: int) -> None:
    """Let ourselves write into a directory of ours; its own permissions come back in the last stage."""
    status = os.fstat(descriptor)
    if status.st_mode & _ALL_OF_OWNER != _ALL_OF_OWNER and status.st_uid == os.geteuid():
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode) | _ALL_OF_OWNER)


def clear(descriptor: int) -> None:
    """Remove what an interrupted restore left half written."""
    for name in names_at(descriptor):
        if is_temporary(name):
            status = status_at(descriptor, name)
            if status is not None and not stat.S_ISDIR(status.st_mode):
                discard(descriptor, name)


def _remove_directory(directory: int, name: bytes) -> None:
    """Remove an empty directory that is where something else goes; other things are replaced by renaming."""
    status = status_at(directory, name)
    if status is not None and stat.S_ISDIR(status.st_mode):
        os.rmdir(name, dir_fd=directory)


def _check_space(descriptor: int, size: int) -> None:
    status = os.fstatvfs(descriptor)
    if status.f_bavail * status.f_frsize < size + _SPARE or (status.f_files and not status.f_favail):
        raise RestoreRefused(_("no space left at the target"))
