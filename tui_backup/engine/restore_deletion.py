"""What a restore with `delete` removes: names below the restored roots that the snapshot does not have."""

import os
import stat
from collections.abc import Iterator

import msgspec

from tui_backup.engine.restore_request import RestoreRequest, Selection
from tui_backup.errors import RestoreRefused, UsageError
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.primitives.descriptors import Directories, is_temporary, names_at, status_at
from tui_backup.primitives.i18n import _
from tui_backup.primitives.patterns import Patterns
from tui_backup.primitives.safety_directory import is_safety_directory


class Deletion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One name to remove, and how it looked when that was planned."""

    path: bytes
    """As in the snapshot, below the target."""
    is_dir: bool
    size: int
    device: int
    inode: int
    mtime_ns: int

    def still_means(self, status: os.stat_result | None) -> bool:
        """Whether the name still has what it had; a directory may have lost what was in it."""
        if status is None or (status.st_dev, status.st_ino) != (self.device, self.inode):
            return False
        return self.is_dir or (status.st_mtime_ns, status.st_size) == (self.mtime_ns, self.size)


class Sweeper:
    """Finds what to delete.

    Left alone are: what an include, an exclude, the snapshot's or the job's own excludes keep out, other file systems,
    protected paths, safety directories, and every directory that holds such a thing.

    Raises:
        RestoreRefused: nothing may be deleted with this snapshot or target.
    """

    def __init__(
        self, snapshot: Snapshot, request: RestoreRequest, selection: Selection, directories: Directories
    ) -> None:
        if snapshot.status is not SnapshotStatus.OK:
            raise RestoreRefused(_("an incomplete snapshot cannot say what to delete"))
        if request.target == b"/" and selection.is_rooted(b"") and not selection.is_narrow:
            raise RestoreRefused(_("nothing is deleted when / itself is restored"))
        self._selection = selection
        self._directories = directories
        self._spared = _spared(snapshot, request)
        self._rules = request.rules
        self._target = os.path.realpath(request.target).rstrip(b"/")
        self._protected = tuple(os.path.realpath(path) for path in request.protected)
        self._protected_files = frozenset(_identities(self._protected))

    def unknown_names(self, path: bytes, directory: int) -> set[bytes]:
        """Return the names in a restored directory; those that the snapshot has are to be taken out."""
        if not self._selection.is_rooted(path):
            return set()
        return {name for name in self._left_in(names_at(directory), directory) if not is_temporary(name)}

    def sweep(self, parent: bytes, names: set[bytes], device: int) -> list[Deletion]:
        """Return the deletions that remove `names` from a directory on a device, contents before directories."""
        found: list[Deletion] = []
        occupied: set[bytes] = set()
        pending = [parent + b"/" + name for name in sorted(names)]
        while pending:
            path = pending.pop()
            try:
                deletion = self._look(path, device)
                inside = self._inside(path) if deletion and deletion.is_dir else []
            except OSError:
                deletion = None
            if deletion is None or inside is None:
                occupied.update(_between(parent, path))
                continue
            found.append(deletion)
            pending.extend(path + b"/" + name for name in inside)
        return [deletion for deletion in reversed(found) if deletion.path not in occupied]

    def _look(self, path: bytes, device: int) -> Deletion | None:
        above, _slash, name = path.rpartition(b"/")
        directory = self._directories.open(above)
        status = status_at(directory, name)
        if status is None or status.st_dev != device or is_safety_directory(directory, name):
            return None
        is_dir = stat.S_ISDIR(status.st_mode)
        if self._is_protected(path, status) or not self._selection.selects(path, is_dir=is_dir):
            return None
        if self._is_spared(path, status, is_dir=is_dir):
            return None
        return Deletion(
            path=path,
            is_dir=is_dir,
            size=status.st_size,
            device=status.st_dev,
            inode=status.st_ino,
            mtime_ns=status.st_mtime_ns,
        )

    def _inside(self, path: bytes) -> list[bytes] | None:
        """Return the names in a directory; None where the job leaves some of them out."""
        directory = self._directories.open(path)
        names = names_at(directory)
        return names if len(self._left_in(names, directory)) == len(names) else None

    def _left_in(self, names: list[bytes], directory: int) -> list[bytes]:
        """Return the names in a directory that the job looks at."""
        for rules in self._rules:
            names = rules.narrow(names, directory)
        return names

    def _is_spared(self, path: bytes, status: os.stat_result, *, is_dir: bool) -> bool:
        return any(
            (self._spared is not None and self._spared.excludes(tail, is_dir))
            or any(rules.leave_out(tail, b"", is_dir, status) for rules in self._rules)
            for tail in _tails(path)
        )

    def _is_protected(self, path: bytes, status: os.stat_result) -> bool:
        if (status.st_dev, status.st_ino) in self._protected_files:
            return True
        real = self._target + path
        return any(real == protected or real.startswith(protected + b"/") for protected in self._protected)


def _spared(snapshot: Snapshot, request: RestoreRequest) -> Patterns | None:
    try:
        patterns = Patterns((*snapshot.excludes, *request.spared))
    except UsageError as error:
        message = _("what the backup left out is not understood, so nothing can be deleted: {reason}")
        raise RestoreRefused(message.format(reason=error.message)) from error
    return patterns or None


def _identities(paths: tuple[bytes, ...]) -> Iterator[tuple[int, int]]:
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            continue
        yield status.st_dev, status.st_ino


def _tails(path: bytes) -> Iterator[bytes]:
    """Yield a path without its first name, without its first two ..., since excludes may be anchored anywhere."""
    tail = path.lstrip(b"/")
    while tail:
        yield tail
        tail = tail.partition(b"/")[2]


def _between(parent: bytes, path: bytes) -> Iterator[bytes]:
    """Yield the directories above `path` and below `parent`."""
    path = path.rpartition(b"/")[0]
    while len(path) > len(parent):
        yield path
        path = path.rpartition(b"/")[0]
