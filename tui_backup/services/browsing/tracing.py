"""Tracing one file through all snapshots: its versions, and where each of them can be had."""

from typing import TYPE_CHECKING

import msgspec

from tui_backup.engine.versions import Version
from tui_backup.errors import BackupError, Cancelled, Corrupted
from tui_backup.model.watch import Watch
from tui_backup.services.browsing.directories import Copy
from tui_backup.services.browsing.opened import reading, versions
from tui_backup.services.storage.snapshots import Filter, Found, Reach, Trouble, distinct, reach

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class Traced(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a file, and where it can be had."""

    version: Version
    newest: Copy
    """The newest snapshot that has it."""
    oldest: Copy
    repositories: tuple[str, ...]
    """All that have it."""


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a path."""

    versions: tuple[Traced, ...]
    """The newest last."""
    troubles: tuple[Trouble, ...]
    """Repositories that could not be asked."""
    damaged: int
    """Snapshots whose version cannot be read."""


def trace(workspace: "Workspace", path: bytes, job: str | None, watch: Watch) -> Trace:
    """Find the versions of a file in the snapshots of a job, or in all; their contents are read.

    `watch` counts snapshots as files while they are asked, and bytes while contents are read.

    Raises:
        BackupError: no snapshot holds the file.
        Cancelled: nobody wants to know any more.
    """
    reached = reach(workspace)
    snapshots = distinct(reached, Filter(job=job))
    watch.files_total = len(snapshots)
    with reading(reached.shelves, watch):
        try:
            found, damaged = versions(snapshots, path, watch), 0
        except Corrupted:
            sound = [each for each in snapshots if _is_sound(each, path, watch)]
            found, damaged = versions(sound, path, watch), len(snapshots) - len(sound)
    by_id = {each.snapshot.id: each for each in snapshots}
    traced = tuple(_traced(reached, each, by_id) for each in found)
    return Trace(versions=traced, troubles=reached.troubles, damaged=damaged)


def _is_sound(found: Found, path: bytes, watch: Watch) -> bool:
    """Whether what a snapshot has of a file can be read; it may be nothing."""
    try:
        versions([found], path, watch)
    except Corrupted:
        return False
    except Cancelled:
        raise
    except BackupError:
        return True
    return True


def _traced(reached: Reach, version: Version, by_id: dict[str, Found]) -> Traced:
    kins = {by_id[id_].snapshot.kin for id_ in version.snapshots}
    holding = tuple(shelf.name for shelf in reached.shelves if any(each.kin in kins for each in shelf.snapshots))
    return Traced(
        version=version,
        newest=_copy(by_id[version.snapshots[-1]]),
        oldest=_copy(by_id[version.snapshots[0]]),
        repositories=holding,
    )


def _copy(found: Found) -> Copy:
    return Copy(snapshot=found.snapshot, repository=found.shelf.name)
