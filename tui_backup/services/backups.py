"""Backing up: each job in a run of its own, one after the other."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from tui_backup.config.settings import JobConfig
from tui_backup.engine.backup import entries_of, keep_entries
from tui_backup.errors import BackupError, Cancelled, UsageError
from tui_backup.formats.base import Brief, Repository, Tally
from tui_backup.model.event import Finished
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.identity import identity
from tui_backup.services.ahead import Ahead
from tui_backup.services.estimate import Estimate
from tui_backup.services.run_scope import RunScope, run_scope
from tui_backup.sources.base import Source

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

MANUAL = "manual"
PRE_OPERATION = "pre-operation"


class BackupOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How jobs are backed up."""

    kind: str = MANUAL
    tags: tuple[str, ...] = ()
    """Tags of the snapshots, beside the program's own."""
    heeding_signals: bool = False
    """Whether SIGINT and SIGTERM cancel cleanly; only in the main thread of a program that is ours."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one job; of both, exactly one is given unless the run ended with a result and an error."""

    job: str
    finished: Finished | None = None
    error: BackupError | None = None


def run_jobs(workspace: "Workspace", jobs: Sequence[JobConfig], options: BackupOptions) -> list[Outcome]:
    """Back up jobs in their order; one that fails does not keep the others from their turn, a cancelled one does."""
    outcomes: list[Outcome] = []
    for job in jobs:
        outcomes.append(_run_job(workspace, job, options))
        if isinstance(outcomes[-1].error, Cancelled):
            break
    return outcomes


def check_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return tags as they are kept.

    Raises:
        UsageError: one is empty, holds a comma, or is a mark that only the program itself sets.
    """
    for tag in tags:
        if not tag.strip() or "," in tag:
            raise UsageError(
                _("{tag!r} cannot be a tag").format(tag=tag), hint=_("a tag has no comma and is not empty")
            )
        if tag in {"tui-backup", "incomplete"} or tag.startswith(("job=", "kind=")):
            raise UsageError(_("the tag {tag!r} is set by the program only").format(tag=tag))
    return tuple(tags)


def brief_of(workspace: "Workspace", job: JobConfig, options: BackupOptions) -> Brief:
    """Return what is known of a snapshot before its first entry."""
    return Brief(
        job=job.name,
        kind=options.kind,
        time=local_time(now(), job.timezone or workspace.config.timezone),
        host=identity().hostname,
        paths=tuple(path for source in job.sources for path in source.roots()),
        tags=options.tags,
        excludes=tuple(pattern for source in job.sources for pattern in source.patterns()),
        strict=job.on_change == "incomplete",
    )


def sources_of(workspace: "Workspace", job: JobConfig) -> tuple[Source, ...]:
    """Return the sources of a job without what belongs to the backup itself."""
    places = workspace.own_places()
    return tuple(source.without(places) for source in job.sources)


def local_time(time: datetime, zone: str | None) -> datetime:
    """Return a time in a zone; None: the zone of the machine."""
    return time.astimezone(ZoneInfo(zone) if zone else None)


def _run_job(workspace: "Workspace", job: JobConfig, options: BackupOptions) -> Outcome:
    try:
        name = job.repositories[0]
        scope = run_scope(workspace, verb=Verb.BACKUP, job=job.name, repository=name, kind=options.kind)
        with scope.heeding_signals() if options.heeding_signals else nullcontext(), scope:
            finished = _back_up(workspace, job, options, scope)
            scope.finish(finished)
    except BackupError as error:
        return Outcome(job=job.name, error=error)
    return Outcome(job=job.name, finished=finished)


def _back_up(workspace: "Workspace", job: JobConfig, options: BackupOptions, scope: RunScope) -> Finished:
    name, watch = job.repositories[0], scope.watch
    if workspace.history.known_repository(name) is None:
        workspace.repository(name, make=True)
    sources = sources_of(workspace, job)
    with Ahead(entries_of(sources, watch)) as ahead:
        repository = workspace.repository(name, make=True)
        try:
            with Estimate(sources, watch):
                done = keep_entries(ahead.entries(), repository, brief_of(workspace, job, options), watch)
        finally:
            _remember_space(workspace, name)
    snapshot, tally = done.snapshot, done.tally
    _remember(workspace, repository)
    incomplete = snapshot.status is SnapshotStatus.INCOMPLETE
    return Finished(
        run=scope.run_id,
        job=job.name,
        repository=repository.name,
        status=RunStatus.INCOMPLETE if incomplete else RunStatus.OK,
        snapshot=snapshot.id,
        files_new=tally.files_new,
        files_changed=tally.files_changed,
        files_unmodified=tally.files_unmodified,
        bytes_processed=tally.bytes_processed,
        bytes_added=tally.bytes_added,
        message=_incompleteness(snapshot, tally),
    )


def _incompleteness(snapshot: Snapshot, tally: Tally) -> str | None:
    if snapshot.status is SnapshotStatus.OK:
        return None
    if not tally.unreadable:
        return _("something is missing; the warnings name it")
    return ngettext("{count} entry could not be read", "{count} entries could not be read", tally.unreadable).format(
        count=tally.unreadable
    )


def _remember(workspace: "Workspace", repository: Repository) -> None:
    """Note what the repository holds, so that the status needs no contact with it; the backup stands without."""
    try:
        workspace.history.remember_snapshots(repository.name, repository.snapshots())
    except BackupError as error:
        workspace.log.warning(error.message)


def _remember_space(workspace: "Workspace", name: str) -> None:
    """Note how much room the repository's store has left, also where that was why a backup failed."""
    try:
        space = workspace.config.repositories[name].store.space()
        free, total = (space.free, space.total) if space else (None, None)
        workspace.history.record_space(name, free, total)
    except BackupError as error:
        workspace.log.warning(error.message)
