"""Directories of snapshots, one at a time, for a face in which somebody walks about for as long as they like.

Nothing is locked between two questions: a snapshot never changes, and one that somebody removes meanwhile is said to
be gone.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tui_backup.engine.diff import Change, glance
from tui_backup.errors import BackupError, Corrupted, NotFound, SnapshotUnknown, StoreError
from tui_backup.formats.base import Repository
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.snapshot import SAFETY, Snapshot, short
from tui_backup.model.upkeep import LockInfo, LockLife
from tui_backup.primitives.i18n import _
from tui_backup.services.backup.backups import sources_of
from tui_backup.services.storage.snapshots import Found, open_shelf
from tui_backup.services.storage.unlocking import holdings
from tui_backup.sources.base import Source, Unread

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

T = TypeVar("T")


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot and the repository in which it lies, as values that outlive the workspace that found them."""

    snapshot: Snapshot
    repository: str


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot that somebody looks into."""

    copy: Copy
    previous: Copy | None
    """The one before it, of the same job and host."""
    holder: LockInfo | None
    """Who holds the repository exclusively, and may remove what is read."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How one directory differs from what it was before, or is later."""

    changes: dict[bytes, Change]
    """Path -> how it differs; nothing for what seems the same."""
    others: tuple[Entry, ...]
    """What only the other side has; they are in `changes` too."""


def open_copy(workspace: "Workspace", repository: str, snapshot: str) -> Opened:
    """Return a snapshot by its whole id.

    Raises:
        SnapshotUnknown: the repository does not have it.
        BackupError: the repository cannot be opened.
    """
    copy = Copy(snapshot=found_of(workspace, repository, snapshot).snapshot, repository=repository)
    return Opened(copy=copy, previous=_previous(workspace, copy), holder=exclusive_holder(workspace, repository))


def found_of(workspace: "Workspace", repository: str, snapshot: str) -> Found:
    """Return a snapshot by its whole id, with its repository opened; raises SnapshotUnknown, BackupError."""
    shelf = open_shelf(workspace, repository)
    for each in shelf.snapshots:
        if each.id == snapshot:
            return Found(snapshot=each, shelf=shelf)
    raise _gone(snapshot, repository)


def directory(workspace: "Workspace", copy: Copy, place: bytes | Entry) -> list[Entry]:
    """Return what a directory of a snapshot holds: directories first, each by name.

    `place` is its path, or its entry where that is at hand: then it need not be looked for.

    Raises:
        SnapshotUnknown, RepositoryMissing: it has gone since it was opened.
        BackupError: there is no such directory, or it cannot be read.
    """

    def question(repository: Repository) -> list[Entry]:
        if isinstance(place, Entry):
            return repository.children_of(copy.snapshot, place)
        return repository.children(copy.snapshot, place)

    entries = look(workspace, copy, question)
    return [each for each in entries if each.kind is EntryKind.DIR] + [
        each for each in entries if each.kind is not EntryKind.DIR
    ]


def entry_at(workspace: "Workspace", copy: Copy, path: bytes) -> Entry:
    """Return the entry of a path; raises NotFound where the snapshot has none, else as `directory`."""
    return look(workspace, copy, lambda repository: repository.entry(copy.snapshot, path))


def look(workspace: "Workspace", copy: Copy, question: Callable[[Repository], T]) -> T:
    """Ask something of a repository; where it has changed since it was opened, ask again of what it is then."""
    repository = workspace.repository(copy.repository)
    try:
        return question(repository)
    except (Corrupted, StoreError) as error:
        workspace.repositories.check(copy.repository)
        if copy.snapshot.id not in {each.id for each in repository.snapshots()}:
            raise _gone(copy.snapshot.id, copy.repository) from error
        if isinstance(error, NotFound):
            raise
        repository.renew()
    try:
        return question(repository)
    except Corrupted as error:
        raise _damaged(workspace, copy, error) from error


def compared_with_copy(workspace: "Workspace", entries: Sequence[Entry], before: Copy, path: bytes) -> Comparison:
    """Compare a directory with the same one in an earlier snapshot; one that was not there is all new."""
    try:
        former = look(workspace, before, lambda repository: repository.children(before.snapshot, path))
    except NotFound:
        former = []
    return _compared(former, entries, others_are_old=True)


def compared_with_disk(workspace: "Workspace", copy: Copy, entries: Sequence[Entry], path: bytes) -> Comparison:
    """Compare a directory with what lies there today, going by sizes and times.

    Raises:
        BackupError: nothing says where that is, or it cannot be read.
    """
    present: list[Entry] = []
    unread = set[bytes]()
    for source in live_sources(workspace, copy.snapshot):
        for each in source.children(path):
            if isinstance(each, Entry):
                present.append(each)
            elif not each.vanished:
                _refuse(each, path)
                unread.add(each.path)
    return _compared([each for each in entries if each.path not in unread], present, others_are_old=False)


def live_sources(workspace: "Workspace", snapshot: Snapshot) -> tuple[Source, ...]:
    """Return where the data of a snapshot lies on this host.

    Raises:
        BackupError: it is another host's, or its job is not in the configuration.
    """
    if snapshot.host != workspace.host:
        message = _("snapshot {id} is of {host}, and this is {here}: there is nothing here to compare it with")
        raise BackupError(message.format(id=snapshot.short_id, host=snapshot.host, here=workspace.host))
    if snapshot.job not in workspace.config.jobs:
        message = _("no job of the configuration made snapshot {id}: nothing says where its files lie today")
        raise BackupError(message.format(id=snapshot.short_id))
    return sources_of(workspace, workspace.config.jobs[snapshot.job])


def exclusive_holder(workspace: "Workspace", repository: str) -> LockInfo | None:
    """Return the exclusive lock of a repository, unless its owner is provably dead."""
    for held in holdings(workspace, repository).locks:
        if held.lock.exclusive and held.lock.life is not LockLife.DEAD:
            return held.lock
    return None


def held_by(repository: str, lock: LockInfo) -> str:
    """Return who holds a repository exclusively, in a sentence."""
    text = _("{repository} is held exclusively by {user} on {host} (pid {pid})")
    return text.format(repository=repository, user=lock.user or "-", host=lock.host or "-", pid=lock.pid or "-")


def _compared(before: Sequence[Entry], after: Sequence[Entry], *, others_are_old: bool) -> Comparison:
    old, new = {each.path: each for each in before}, {each.path: each for each in after}
    changes = {path: Change.REMOVED for path in old if path not in new}
    for path, entry in new.items():
        change = glance(old[path], entry) if path in old else Change.ADDED
        if change is not None:
            changes[path] = change
    mine, theirs = (new, old) if others_are_old else (old, new)
    return Comparison(changes=changes, others=tuple(each for path, each in theirs.items() if path not in mine))


def _previous(workspace: "Workspace", copy: Copy) -> Copy | None:
    """Return the newest of the same job and host that is older."""
    this = copy.snapshot
    for each in reversed(workspace.repository(copy.repository).snapshots()):
        if each.kind == SAFETY or (each.job, each.host) != (this.job, this.host):
            continue
        if (each.time, each.id) < (this.time, this.id) and (this.job is not None or each.paths == this.paths):
            return Copy(snapshot=each, repository=copy.repository)
    return None


def _refuse(unread: Unread, path: bytes) -> None:
    if unread.path == path:
        shown = path.decode("utf-8", "backslashreplace")
        raise BackupError(_("{path} cannot be read: {reason}").format(path=shown, reason=unread.reason))


def _gone(snapshot: str, repository: str) -> SnapshotUnknown:
    message = _("snapshot {id} is no longer in {repository}: somebody has forgotten it")
    return SnapshotUnknown(
        message.format(id=short(snapshot), repository=repository), hint=_("other snapshots may hold the same files")
    )


def _damaged(workspace: "Workspace", copy: Copy, error: Corrupted) -> BackupError:
    """Return what to say of something that cannot be read, and what to do."""
    holder = exclusive_holder(workspace, copy.repository)
    if holder is not None:
        return BackupError(error.message, hint=held_by(copy.repository, holder))
    hint = _("the other directories can still be read; `tui-backup verify {id}` tells all that is damaged")
    return Corrupted(error.message, hint=error.hint or hint.format(id=copy.snapshot.short_id))
