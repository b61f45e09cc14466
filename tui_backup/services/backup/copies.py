"""Copies that somebody asks for: snapshots from the repositories that hold them into another."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import msgspec

from tui_backup.config.lockable import check_lockable
from tui_backup.engine.copying import EntryCopier
from tui_backup.errors import BackupError, Cancelled, Corrupted, SnapshotUnknown, UsageError
from tui_backup.formats.base import Repository
from tui_backup.formats.upkeep import Copier
from tui_backup.model.event import Tended
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.snapshot import Snapshot
from tui_backup.model.upkeep import Copied, CopyResult
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.text import size
from tui_backup.services.runs.run_scope import run_scope
from tui_backup.services.storage.contacts import remember_snapshots, remember_space
from tui_backup.services.storage.snapshots import Filter, Found, Reach, Shelf, resolve

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the snapshots of one source."""

    source: str
    """Name of the repository."""
    copied: tuple[Copied, ...] = ()
    read_bytes: int = 0
    added_bytes: int = 0
    error: BackupError | None = None
    """Why the others were not copied."""


def choose(reached: Reach, names: Sequence[str], to: str, only: Filter) -> list[Found]:
    """Return the snapshots of these names, each once, as they lie in other repositories than `to`.

    Raises:
        SnapshotUnknown: there is none of a name, or there are several.
        UsageError: one lies in `to` only.
    """
    elsewhere = Reach(tuple(shelf for shelf in reached.shelves if shelf.name != to), reached.troubles, reached.orders)
    chosen: dict[str, Found] = {}
    for name in names:
        try:
            found = resolve(elsewhere, name, only)
        except SnapshotUnknown:
            _check_elsewhere(reached, name, to, only)
            raise
        chosen[found.snapshot.id] = found
    return list(chosen.values())


def copy(workspace: "Workspace", chosen: Sequence[Found], to: str, *, heeding_signals: bool = False) -> list[Part]:
    """Copy snapshots into a repository, in a run of its own; a source that fails keeps no other from its turn.

    Raises:
        BackupError: `to` cannot be opened.
    """
    check_lockable(workspace.config.repositories[to])
    target = workspace.repository(to)
    about = ", ".join(f"snapshot {found.snapshot.short_id} of {found.shelf.name}" for found in chosen)
    job = _job_of(workspace, chosen)
    scope = run_scope(workspace, verb=Verb.COPY, job=job, repository=to, about=about)
    with scope.heeding_signals() if heeding_signals else nullcontext(), scope:
        try:
            parts = _copy_each(target, chosen, scope.watch)
        finally:
            remember_snapshots(workspace, target)
            remember_space(workspace, to)
        there = [copied.source.identity for part in parts for copied in part.copied]
        workspace.history.note_wanted(to, there)
        scope.finish(_told(scope.run_id, job, to, parts))
    return parts


def rehearse(workspace: "Workspace", chosen: Sequence[Found], to: str, watch: Watch) -> list[Part]:
    """Find out what a copy would take; nothing is stored or recorded."""
    return _copy_each(workspace.repository(to), chosen, watch, rehearsing=True)


def copier_of(target: Repository, source: Repository) -> Copier:
    """Return what copies snapshots of one repository into another: the format's own way, or entry by entry."""
    upkeep = target.upkeep
    return upkeep.copies if upkeep and upkeep.copies.accepts(source) else EntryCopier(target)


def summary(parts: Iterable[Part]) -> str:
    """Return what was copied, how much was read and how much was added."""
    parts = tuple(parts)
    count = sum(copied.is_new for part in parts for copied in part.copied)
    return _("{snapshots}, {read} read, {added} added").format(
        snapshots=ngettext("{count} snapshot copied", "{count} snapshots copied", count).format(count=count),
        read=size(sum(part.read_bytes for part in parts)),
        added=size(sum(part.added_bytes for part in parts)),
    )


def _copy_each(target: Repository, chosen: Sequence[Found], watch: Watch, *, rehearsing: bool = False) -> list[Part]:
    """Copy the snapshots of each source in turn; stop where somebody asks for it."""
    parts: list[Part] = []
    for shelf in {found.shelf.name: found.shelf for found in chosen}.values():
        watch.restart()
        snapshots = [found.snapshot for found in chosen if found.shelf.name == shelf.name]
        try:
            watch.check()
            copier = copier_of(target, shelf.repository)
            result = copier.copy(shelf.repository, snapshots, watch, rehearse=rehearsing)
        except BackupError as error:
            parts.append(Part(source=shelf.name, copied=_copied_all_the_same(target, snapshots, error), error=error))
            if isinstance(error, Cancelled):
                break
        else:
            parts.append(_part(shelf, result))
    return parts


def _part(shelf: Shelf, result: CopyResult) -> Part:
    return Part(source=shelf.name, copied=result.copied, read_bytes=result.read_bytes, added_bytes=result.added_bytes)


def _copied_all_the_same(target: Repository, wanted: Sequence[Snapshot], error: BackupError) -> tuple[Copied, ...]:
    """Return which snapshots are there although others are damaged; before such an error the good ones are copied."""
    if not isinstance(error, Corrupted):
        return ()
    there = {each.kin: each for each in target.snapshots()}
    found = [(each, there.get(each.kin)) for each in wanted]
    return tuple(Copied(source=each, snapshot=held, is_new=True) for each, held in found if held is not None)


def _check_elsewhere(reached: Reach, name: str, to: str, only: Filter) -> None:
    """Say plainly where a snapshot is meant that lies in `to`."""
    there = Reach(tuple(shelf for shelf in reached.shelves if shelf.name == to), ())
    try:
        found = resolve(there, name, only)
    except SnapshotUnknown:
        return
    message = _("snapshot {id} lies in {repository} itself").format(id=found.snapshot.short_id, repository=to)
    raise UsageError(message, hint=_("--to names another repository"))


def _job_of(workspace: "Workspace", chosen: Sequence[Found]) -> str | None:
    """Return the job that the snapshots belong to; None where there are several, or none of this configuration."""
    jobs = {found.snapshot.job for found in chosen}
    (job, *others) = jobs or {None}
    return job if not others and job in workspace.config.jobs else None


def _told(run: str, job: str | None, to: str, parts: Sequence[Part]) -> Tended:
    errors = [part.error for part in parts if part.error is not None]
    status = RunStatus.FAILED if errors else RunStatus.OK
    if any(isinstance(error, Cancelled) for error in errors):
        status = RunStatus.CANCELLED
    return Tended(
        run=run,
        verb=Verb.COPY,
        job=job,
        repository=to,
        status=status,
        snapshots=sum(copied.is_new for part in parts for copied in part.copied),
        bytes_added=sum(part.added_bytes for part in parts),
        message="; ".join([summary(parts), *(error.message for error in errors)]),
    )
