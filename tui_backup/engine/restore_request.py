"""What a restore is asked to do, and which entries of a snapshot it means."""

import os
import re
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from tui_backup.formats.base import Repository
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.patterns import Patterns
from tui_backup.sources.rules import Rules

_GLOB = re.compile(r"[*?\[\]!\\]")


class Overwrite(StrEnum):
    """What happens to something that exists and differs."""

    ALWAYS = "always"
    IF_CHANGED = "if-changed"
    """Replaced when size or mtime differ."""
    IF_NEWER = "if-newer"
    """Replaced when the snapshot's is newer."""
    NEVER = "never"
    """Kept and named."""


class RestoreRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore is asked to do."""

    target: bytes
    """Absolute path of the directory below which paths are recreated; `b"/"` restores in place."""
    include: tuple[str, ...] = ()
    """Absolute paths or gitignore patterns; none means everything."""
    exclude: tuple[str, ...] = ()
    overwrite: Overwrite = Overwrite.NEVER
    delete: bool = False
    """Whether to remove what the snapshot does not have, below the restored roots."""
    trusted: bool = False
    """Whether owners, suid bits, devices and privileged attributes are restored."""
    protected: tuple[bytes, ...] = ()
    """Absolute paths that are never deleted: repositories, state, configuration, keys."""
    spared: tuple[str, ...] = ()
    """Patterns of what is never deleted: the job's own excludes."""
    rules: tuple[Rules, ...] = ()
    """By which the job leaves things out: its markers, caches and largest size; what they mean is never deleted."""
    undo_keep: int | None = None
    """Seconds for which what is replaced and deleted is kept, so that it can be undone; None: it is not kept."""


class Selection:
    """Which entries of a snapshot a request means."""

    def __init__(self, snapshot: Snapshot, request: RestoreRequest) -> None:
        self._include = Patterns(request.include) if request.include else None
        self._exclude = Patterns(request.exclude) if request.exclude else None
        self.is_narrow = bool(_plain_paths(request.include))
        """Whether only named paths are restored."""
        self._roots = _roots(snapshot)
        self._parents = frozenset(parent for root in self._roots for parent in _parents(root))

    def selects(self, path: bytes, *, is_dir: bool) -> bool:
        """Whether a path is restored for its own sake; directories that only lead to roots are not."""
        if is_dir and path in self._parents:
            return False
        if self._include is not None and not self._include.selects(path, is_dir):
            return False
        return self._exclude is None or not self._exclude.selects(path, is_dir)

    def is_rooted(self, path: bytes) -> bool:
        """Whether a path is a root of the snapshot or below one: only there may anything be deleted."""
        return any(root in (b"/", path) or path.startswith(root + b"/") for root in self._roots)


def selected_entries(
    repository: Repository, snapshot: Snapshot, request: RestoreRequest, watch: Watch
) -> Iterator[Entry]:
    """Yield the entries among which the selection is made, always the same ones in the same order.

    Where all includes are plain paths, only these are visited, with the directories above them.

    Raises:
        BackupError: one of these paths is not in the snapshot.
    """
    starts = _plain_paths(request.include)
    if not starts:
        yield from repository.entries(snapshot, b"/", watch)
        return
    passed: set[bytes] = set()
    for start in starts:
        for parent in _parents(start):
            if parent not in passed:
                passed.add(parent)
                yield repository.entry(snapshot, parent)
        entry = repository.entry(snapshot, start)
        yield entry
        if entry.kind is EntryKind.DIR:
            yield from repository.entries(snapshot, start, watch)


def _plain_paths(include: tuple[str, ...]) -> list[bytes]:
    """Return the includes as raw paths, none below another; nothing when one of them is a pattern or the root."""
    paths: list[bytes] = []
    if any(not line.startswith("/") or _GLOB.search(line) for line in include):
        return []
    for path in sorted(
        (os.fsencode(line.rstrip()).rstrip(b"/") for line in include), key=lambda path: path.split(b"/")
    ):
        if not path:
            return []
        if not paths or not (path + b"/").startswith(paths[-1] + b"/"):
            paths.append(path)
    return paths


def _roots(snapshot: Snapshot) -> tuple[bytes, ...]:
    absolute = [os.fsencode(path) for path in snapshot.paths if path.startswith("/")]
    return tuple(path.rstrip(b"/") or b"/" for path in absolute)


def _parents(path: bytes) -> list[bytes]:
    """Return the directories above a path, from the top, without the root."""
    names = path.split(b"/")
    return [b"/".join(names[:depth]) for depth in range(2, len(names))]
