"""Plan of a restore: what becomes of every entry of a snapshot, decided before the first byte is written."""

import os
import stat
from collections.abc import Iterator

import msgspec

from tui_backup.engine.metadata import Authority
from tui_backup.engine.restore_action import WORDS, Action, Judge, Verdict
from tui_backup.engine.restore_deletion import Deletion, Sweeper
from tui_backup.engine.restore_links import Links
from tui_backup.engine.restore_request import RestoreRequest, Selection, selected_entries
from tui_backup.engine.restore_walk import Frame, Step, mark_of, walk
from tui_backup.engine.room import Room
from tui_backup.formats.base import Repository
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.descriptors import Directories, open_root
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.safety_directory import is_safety_directory

_MOST_WARNINGS = 1000
_BLOCKING = (Action.KEPT, Action.NEWER, Action.REFUSED)


class PlanWarning(msgspec.Struct, frozen=True):
    """Trouble that is known before anything is written."""

    path: bytes | None
    message: str


class PlanItem(msgspec.Struct, frozen=True):
    """What becomes of one path, for showing."""

    path: bytes
    """As in the snapshot, below the target."""
    action: str
    """new, overwrite, metadata, skip (right already, or newer), keep (differs), refuse or delete."""
    size: int


class RestorePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of every entry; the walk that made it can be repeated, so one byte each is kept."""

    snapshot: Snapshot
    request: RestoreRequest
    actions: bytes
    """An `Action` for each entry, in the order of `selected_entries`."""
    marks: bytes = b""
    """The `mark_of` each path: whether a later walk meets the same entries."""
    new: int = 0
    overwrite: int = 0
    """Names that are replaced or get other permissions or owners."""
    skip: int = 0
    """Names left as they are: right already, or kept by the policy."""
    kept: int = 0
    """Of these, the names that differ and are never overwritten."""
    refused: int = 0
    files: int = 0
    """Files to be written."""
    links: int = 0
    """Further names of hard-linked files to be made."""
    bytes_to_write: int = 0
    free: int = 0
    """Free bytes at the target."""
    shortage: str | None = None
    """What does not fit, for people."""
    warnings: tuple[PlanWarning, ...] = ()
    """At most a thousand; `refused` counts all."""
    newer: int = 0
    """Files of the target that are newer than what replaces them."""
    newer_files: tuple[PlanWarning, ...] = ()
    """These, at most a thousand."""
    deletions: tuple[Deletion, ...] = ()
    """Contents before their directories."""
    kept_bytes: int = 0
    """Size of the files that are replaced or deleted, and kept for an undo."""

    @property
    def target(self) -> bytes:
        """Directory below which paths are recreated."""
        return self.request.target

    @property
    def delete(self) -> int:
        """How many names are deleted."""
        return len(self.deletions)

    @property
    def fits(self) -> bool:
        """Whether space and inodes suffice."""
        return self.shortage is None

    def items(self, repository: Repository) -> Iterator[PlanItem]:
        """Walk the snapshot once more and yield what becomes of each path."""
        entries = selected_entries(repository, self.snapshot, self.request, Watch())
        for entry, action in zip(entries, self.actions, strict=True):
            word = WORDS.get(Action(action))
            if word is not None:
                yield PlanItem(entry.path, word, entry.size)
        for deletion in self.deletions:
            yield PlanItem(deletion.path, "delete", deletion.size)


def plan_restore(repository: Repository, snapshot: Snapshot, request: RestoreRequest, watch: Watch) -> RestorePlan:
    """Compare a snapshot with the target and decide for each entry; writes nothing.

    Raises:
        RestoreRefused: the request cannot be carried out with this snapshot or target.
        BackupError: a path to include is not in the snapshot, or the snapshot cannot be read.
        OSError: the target cannot be read.
    """
    root, missing = _existing(request.target)
    with Directories(open_root(root)) as directories:
        return _Planner(snapshot, request, watch, directories, missing=missing).plan(repository)


class _Planner:
    def __init__(
        self, snapshot: Snapshot, request: RestoreRequest, watch: Watch, directories: Directories, *, missing: bool
    ) -> None:
        self._snapshot, self._request, self._watch, self._directories = snapshot, request, watch, directories
        self._selection = Selection(snapshot, request)
        self._judge = Judge(request.overwrite, Authority.of_this_process(trusted=request.trusted))
        self._links = Links()
        self._room = Room()
        self._actions = bytearray()
        self._marks = bytearray()
        self._warnings: list[PlanWarning] = []
        self._newer_files: list[PlanWarning] = []
        self._deletions: list[Deletion] = []
        self._new = self._overwrite = self._newer = self._skip = self._kept = self._refused = 0
        self._files = self._linked = self._bytes = self._kept_bytes = 0
        self._sweeper = Sweeper(snapshot, request, self._selection, directories) if request.delete else None
        self._root = Frame(b"", fresh=missing, device=os.fstat(directories.root).st_dev)
        self._room.know(self._root.device, directories.root)

    def plan(self, repository: Repository) -> RestorePlan:
        listening = Watch(self._watch.cancel, self._hear)
        if self._sweeper is not None and not self._root.fresh:
            self._root.unknown = self._sweeper.unknown_names(b"", self._directories.root)
        entries = selected_entries(repository, self._snapshot, self._request, listening)
        for step in walk(entries, self._root, self._leave):
            self._watch.check()
            self._watch.current = step.entry.path
            self._watch.files_done += 1
            self._visit(step)
        self._leave(self._root)
        return RestorePlan(
            snapshot=self._snapshot,
            request=self._request,
            actions=bytes(self._actions),
            marks=bytes(self._marks),
            new=self._new,
            overwrite=self._overwrite,
            skip=self._skip,
            kept=self._kept,
            refused=self._refused,
            files=self._files,
            links=self._linked,
            bytes_to_write=self._bytes,
            free=self._room.free(self._root.device),
            shortage=self._room.shortage(),
            warnings=tuple(self._warnings),
            newer=self._newer,
            newer_files=tuple(self._newer_files),
            deletions=tuple(self._deletions),
            kept_bytes=self._kept_bytes + sum(each.size for each in self._deletions if not each.is_dir),
        )

    def _visit(self, step: Step) -> None:
        entry = step.entry
        if step.frame.unknown:
            step.frame.unknown.discard(step.name)
        self._actions.append(Action.NONE)
        self._marks.append(mark_of(entry.path))
        if step.refusal is not None:
            self._refuse(step, step.refusal)
            return
        verdict = self._verdict(step)
        selected = self._selection.selects(entry.path, is_dir=step.below is not None)
        if step.below is not None:
            verdict = self._enter(step.below, verdict, selected=selected)
        if not selected:
            return
        if self._is_reachable(step.frame):
            self._actions[step.number] = verdict.action
            self._count(step, verdict)
        else:
            self._refuse(step, "")

    def _verdict(self, step: Step) -> Verdict:
        entry = step.entry
        if entry.kind is EntryKind.SOCKET or step.frame.blocked:
            return Verdict(Action.NONE)
        reason = self._judge.inability(entry)
        if reason is not None:
            return Verdict(Action.REFUSED, None, reason)
        if step.frame.fresh:
            return Verdict(Action.NEW)
        try:
            directory = self._directories.open(step.frame.path)
            if is_safety_directory(directory, step.name):
                return Verdict(Action.REFUSED, None, _("what an earlier restore has replaced is kept there"))
            return self._judge.judge(entry, directory, step.name)
        except OSError as error:
            return Verdict(Action.REFUSED, None, reason_of(error))

    def _enter(self, below: Frame, verdict: Verdict, *, selected: bool) -> Verdict:
        """Note what the target has for a directory; return the verdict, or a refusal where it cannot be read."""
        below.fresh = verdict.action in (Action.NEW, Action.OVERWRITE)
        if verdict.action in _BLOCKING or (verdict.action is Action.OVERWRITE and not selected):
            below.blocked = verdict.reason or _("something else is in its place")
        elif verdict.action is Action.NONE:
            below.blocked = _("the directory above it cannot be restored")
        elif not below.fresh and verdict.status is not None:
            below.device = verdict.status.st_dev
            try:
                self._read(below, selected=selected)
            except OSError as error:
                below.blocked = reason_of(error)
                return Verdict(Action.REFUSED, None, below.blocked)
        return verdict

    def _read(self, below: Frame, *, selected: bool) -> None:
        descriptor = self._directories.open(below.path)
        self._room.know(below.device, descriptor)
        if self._sweeper is not None and selected:
            below.unknown = self._sweeper.unknown_names(below.path, descriptor)

    def _is_reachable(self, frame: Frame) -> bool:
        """Whether the way to a frame can be made; unselected directories on it become parents."""
        way: list[Frame] = []
        above: Frame | None = frame
        while above is not None and above.number >= 0 and self._actions[above.number] == Action.NONE:
            way.append(above)
            above = above.above
        named = above is not None and bool(above.blocked)
        for parent in reversed(way):
            if parent.blocked:
                self._actions[parent.number] = Action.REFUSED
                if not named:
                    self._warn(parent.path, parent.blocked)
                named = True
            elif parent.fresh:
                self._actions[parent.number] = Action.PARENT_NEW
                self._new += 1
                self._room.need(parent.device, 0)
            else:
                self._actions[parent.number] = Action.PARENT
        return not frame.blocked

    def _count(self, step: Step, verdict: Verdict) -> None:
        entry, action = step.entry, verdict.action
        if action in (Action.NEW, Action.OVERWRITE):
            self._new += action is Action.NEW
            self._overwrite += action is Action.OVERWRITE
            if verdict.status is not None and stat.S_ISREG(verdict.status.st_mode):
                self._replace(entry, verdict.status)
            if self._links.first(entry, action) is not None:
                self._linked += 1
                return
            freed = verdict.status if self._request.undo_keep is None else None
            self._room.need(step.frame.device, entry.size, freed)
            if entry.kind is EntryKind.FILE:
                self._files += 1
                self._bytes += entry.size
        elif action is Action.REFUSED:
            self._refuse(step, verdict.reason)
        elif action is not Action.NONE:
            self._links.first(entry, action)
            self._overwrite += action is Action.METADATA
            self._skip += action is not Action.METADATA
            self._kept += action is Action.KEPT

    def _replace(self, entry: Entry, status: os.stat_result) -> None:
        """Note a file that has to make way."""
        self._kept_bytes += status.st_size
        if status.st_mtime_ns > entry.mtime_ns:
            self._newer += 1
            if self._newer <= _MOST_WARNINGS:
                self._newer_files.append(PlanWarning(entry.path, _("is newer than what replaces it")))

    def _refuse(self, step: Step, reason: str) -> None:
        """Note a refused entry; the reason is empty where its directory was named already."""
        self._actions[step.number] = Action.REFUSED
        self._refused += 1
        if reason:
            self._warn(step.entry.path, reason)

    def _hear(self, path: bytes | None, message: str) -> None:
        self._refused += 1
        self._warn(path, message)

    def _warn(self, path: bytes | None, message: str) -> None:
        if len(self._warnings) < _MOST_WARNINGS:
            self._warnings.append(PlanWarning(path, message))

    def _leave(self, frame: Frame) -> None:
        if self._sweeper is not None and frame.unknown:
            self._deletions += self._sweeper.sweep(frame.path, frame.unknown, frame.device)
            frame.unknown = None


def _existing(target: bytes) -> tuple[bytes, bool]:
    """Return the target, or the nearest directory above it that exists, and whether the target is missing."""
    path = os.path.abspath(target)
    while not os.path.isdir(path):
        if os.path.lexists(path):
            raise NotADirectoryError(20, os.strerror(20), path)
        path = os.path.dirname(path)
    return path, path != os.path.abspath(target)
