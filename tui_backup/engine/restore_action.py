"""What a restore does with one entry, given what the target has under its name."""

import os
import stat
from enum import IntEnum

import msgspec

from tui_backup.engine.metadata import Authority
from tui_backup.engine.restore_request import Overwrite
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.primitives.descriptors import status_at
from tui_backup.primitives.i18n import _

_TYPES = {
    EntryKind.FILE: stat.S_IFREG,
    EntryKind.SYMLINK: stat.S_IFLNK,
    EntryKind.BLOCK: stat.S_IFBLK,
    EntryKind.CHAR: stat.S_IFCHR,
    EntryKind.FIFO: stat.S_IFIFO,
}
_DEVICES = (EntryKind.BLOCK, EntryKind.CHAR)


class Action(IntEnum):
    """What becomes of one entry; a plan keeps one byte for each."""

    NONE = 0
    """Not selected, or a socket."""
    NEW = 1
    OVERWRITE = 2
    METADATA = 3
    """Content is right; permissions or owner are not. Never something that has other names, which may lead anywhere, or
    that gets some."""
    SAME = 4
    """Right already."""
    NEWER = 5
    """The target's is as new or newer, and the policy says to keep it."""
    KEPT = 6
    """Differs, and the policy says never to overwrite."""
    PARENT = 7
    """Not selected, exists, leads to something selected."""
    PARENT_NEW = 8
    """Not selected, missing, leads to something selected."""
    REFUSED = 9
    MADE = 10
    """A directory that the restore has made; not part of a plan."""


WORDS = {
    Action.NEW: "new",
    Action.PARENT_NEW: "new",
    Action.OVERWRITE: "overwrite",
    Action.METADATA: "metadata",
    Action.SAME: "skip",
    Action.NEWER: "skip",
    Action.KEPT: "keep",
    Action.REFUSED: "refuse",
}
"""Actions as the plan shows them."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """An action, and what it is based on."""

    action: Action
    status: os.stat_result | None = None
    """Of what exists."""
    reason: str = ""
    """Why an entry is kept or refused, for people."""


_NEW = Verdict(Action.NEW)


class Judge:
    """Decides by the overwrite policy and by what this process may do."""

    def __init__(self, policy: Overwrite, authority: Authority) -> None:
        self.authority = authority
        self._policy = policy

    def inability(self, entry: Entry) -> str | None:
        """Return why an entry cannot be restored by anybody like us, for people."""
        if entry.kind in _DEVICES:
            if not self.authority.trusted:
                return _("devices are restored from trusted repositories only")
            if self.authority.user != 0:
                return _("only root can make devices")
        if entry.kind is EntryKind.SYMLINK and (not entry.target or b"\0" in entry.target):
            return _("a link that points nowhere")
        return None

    def judge(self, entry: Entry, directory: int, name: bytes) -> Verdict:
        """Compare an entry with what has its name in a directory of the target.

        Raises:
            OSError: that cannot be found out.
        """
        status = status_at(directory, name)
        if status is None:
            return _NEW
        if entry.kind is EntryKind.DIR:
            return self._judge_directory(entry, status)
        if stat.S_ISDIR(status.st_mode):
            return self._judge_obstacle(entry, status, directory, name)
        if not (_is_alike(entry, status) and _has_target(entry, directory, name)):
            return self._differing(entry, status)
        if self.authority.agrees(entry, status):
            return Verdict(Action.SAME, status)
        if self._policy is Overwrite.NEVER:
            return Verdict(Action.KEPT, status, _("exists with other permissions or owner"))
        if status.st_nlink > 1 or (entry.kind is EntryKind.FILE and entry.links > 1):
            return Verdict(Action.OVERWRITE, status)
        return Verdict(Action.METADATA, status)

    def _judge_directory(self, entry: Entry, status: os.stat_result) -> Verdict:
        if not stat.S_ISDIR(status.st_mode):
            return self._differing(entry, status)
        if self._policy is Overwrite.NEVER or self.authority.agrees(entry, status):
            return Verdict(Action.SAME, status)
        return Verdict(Action.METADATA, status)

    def _judge_obstacle(self, entry: Entry, status: os.stat_result, directory: int, name: bytes) -> Verdict:
        verdict = self._differing(entry, status)
        if verdict.action is Action.OVERWRITE and _is_occupied(directory, name):
            return Verdict(Action.REFUSED, status, _("a directory that is not empty is in its place"))
        return verdict

    def _differing(self, entry: Entry, status: os.stat_result) -> Verdict:
        if self._policy is Overwrite.NEVER:
            return Verdict(Action.KEPT, status, _("exists and differs"))
        if self._policy is Overwrite.IF_NEWER and entry.mtime_ns <= status.st_mtime_ns:
            return Verdict(Action.NEWER, status)
        return Verdict(Action.OVERWRITE, status)


def may_be_adjusted(entry: Entry, status: os.stat_result) -> bool:
    """Whether a status is one for which METADATA is decided, however its file came to have the name."""
    return status.st_nlink == 1 and _is_alike(entry, status)


def _is_alike(entry: Entry, status: os.stat_result) -> bool:
    if entry.kind is EntryKind.FILE:
        return is_landed(entry, status)
    if stat.S_IFMT(status.st_mode) != _TYPES.get(entry.kind):
        return False
    return entry.kind not in _DEVICES or status.st_rdev == entry.device


def _has_target(entry: Entry, directory: int, name: bytes) -> bool:
    return entry.kind is not EntryKind.SYMLINK or os.readlink(name, dir_fd=directory) == entry.target


def is_landed(entry: Entry, status: os.stat_result | None) -> bool:
    """Whether a status is that of a FILE as this entry describes it: size and mtime agree."""
    return (
        status is not None
        and status.st_size == entry.size
        and status.st_mtime_ns == entry.mtime_ns
        and stat.S_ISREG(status.st_mode)
    )


def _is_occupied(directory: int, name: bytes) -> bool:
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        with os.scandir(descriptor) as names:
            return next(names, None) is not None
    finally:
        os.close(descriptor)
