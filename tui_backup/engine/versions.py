"""The distinct versions of one file over time."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tui_backup.engine.digest import digest
from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import from_ns


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One content of a file, and the snapshots that hold it."""

    path: bytes
    size: int
    mtime: datetime | None
    sha256: str
    first: datetime
    """Time of the oldest snapshot that holds it."""
    last: datetime
    """Time of the newest one."""
    snapshots: tuple[str, ...]
    """Ids, oldest first."""


class Sighting(msgspec.Struct, frozen=True):
    """The file as one snapshot has it."""

    snapshot: Snapshot
    entry: Entry


def versions(sightings: Iterable[Sighting], watch: Watch | None = None) -> list[Version]:
    """Group the states of one file by content, in the order in which the contents first appeared.

    A content is read once, as far as fingerprints or times tell it from others; entries that are no files are left out.

    Raises:
        BackupError, OSError: a content cannot be read.
        Cancelled: the watch was asked to stop.
    """
    digests: dict[object, str] = {}
    groups: dict[str, list[Sighting]] = {}
    for sighting in sorted(sightings, key=lambda each: each.snapshot.time):
        entry = sighting.entry
        if entry.kind is not EntryKind.FILE:
            continue
        state = entry.origin.fingerprint(entry) or (entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode)
        if state not in digests:
            digests[state] = digest(entry, watch)
        groups.setdefault(digests[state], []).append(sighting)
    return [_version(sha256, group) for sha256, group in groups.items()]


def _version(sha256: str, group: list[Sighting]) -> Version:
    newest = group[-1]
    return Version(
        path=newest.entry.path,
        size=newest.entry.size,
        mtime=from_ns(newest.entry.mtime_ns),
        sha256=sha256,
        first=group[0].snapshot.time,
        last=newest.snapshot.time,
        snapshots=tuple(sighting.snapshot.id for sighting in group),
    )
