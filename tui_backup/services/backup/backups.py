"""Backing up: each job in a run of its own, one after the other.

The first repository of a job that works takes the backup; one that does not is passed over, and fails on its own. Then
the others get copies (`catching_up`). After a good run the policy of the job is applied (`retaining`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import msgspec

from tui_backup.config.lockable import check_lockable
from tui_backup.config.settings import JobConfig
from tui_backup.engine.backup import BackedUp, entries_of, keep_entries
from tui_backup.errors import BackupError, Cancelled, HookFailed, SourceError
from tui_backup.formats.base import Brief, Tally
from tui_backup.model.entry import Entry
from tui_backup.model.event import Finished
from tui_backup.model.run import RunStatus, Verb
from tui_backup.model.snapshot import Snapshot, SnapshotStatus
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import in_zone, now
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.identity import identity
from tui_backup.services.backup.ahead import Ahead
from tui_backup.services.backup.catching_up import Taken, catch_up
from tui_backup.services.backup.estimate import Estimate
from tui_backup.services.backup.room_needed import warn_of_space
from tui_backup.services.programs.beside import Beside
from tui_backup.services.programs.hooks import JobHooks, variables_of
from tui_backup.services.programs.left_stopped import start_what_is_left
from tui_backup.services.programs.requirements import unmet
from tui_backup.services.programs.standstill import Standstill
from tui_backup.services.runs.run_scope import Admission, RunScope, run_scope
from tui_backup.services.storage.contacts import remember_snapshots, remember_space
from tui_backup.services.storage.safety_copies import forget_over
from tui_backup.services.storage.snapshots import Trouble
from tui_backup.services.upkeep.lock_extension import extending
from tui_backup.services.upkeep.sudden_changes import judge, suspended_words
from tui_backup.sources.base import Source, Unread

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
    admission: Admission | None = None
    """None: it begins at once."""
    retry_s: float | None = None
    """After how many seconds it is tried again where that may help (`is_worth_another`); None: it is not."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one job."""

    job: str
    finished: Finished | None = None
    """How the backup ended, in the repository that took it; None where none did."""
    troubles: tuple[Trouble, ...] = ()
    """Repositories that did not take the backup, did not get their copies, or where nothing could be forgotten."""
    error: BackupError | None = None
    """What ended the run as a whole."""
    beside: tuple[BackupError, ...] = ()
    """What failed beside a backup that is there: programs of `after`, and what could not be started again."""
    has_choice: bool = False
    """Whether the job has several repositories."""

    @property
    def errors(self) -> tuple[BackupError, ...]:
        """Everything that went wrong."""
        ending = () if self.error is None else (self.error,)
        return (*(trouble.error for trouble in self.troubles), *self.beside, *ending)


def run_jobs(workspace: "Workspace", jobs: Sequence[JobConfig], options: BackupOptions) -> list[Outcome]:
    """Back up jobs in their order; one that fails does not keep the others from their turn, a cancelled one does."""
    start_what_is_left(workspace)
    outcomes: list[Outcome] = []
    for job in jobs:
        outcomes.append(_run_job(workspace, job, options))
        if isinstance(outcomes[-1].error, Cancelled):
            break
    return outcomes


def is_worth_another(outcome: Outcome) -> bool:
    """Whether another attempt may bring what this one did not: a backup, or the copies that are missing."""
    if isinstance(outcome.error, Cancelled):
        return False
    return outcome.finished is None or any(error.transient for error in outcome.errors)


def back_up(workspace: "Workspace", job: str) -> Outcome:
    """Back up one job by hand.

    Raises:
        BackupError: what went wrong first, though the backup itself may be there.
    """
    (outcome,) = run_jobs(workspace, [workspace.job(job)], BackupOptions())
    if outcome.errors:
        raise outcome.errors[0]
    return outcome


def brief_of(workspace: "Workspace", job: JobConfig, options: BackupOptions) -> Brief:
    """Return what is known of a snapshot before its first entry."""
    return Brief(
        job=job.name,
        kind=options.kind,
        time=in_zone(now(), job.timezone or workspace.config.timezone),
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


def passed_over(job: JobConfig, name: str, error: BackupError) -> str:
    """Return the warning that a repository does not take a backup, and which one is next."""
    following = job.repositories[job.repositories.index(name) + 1]
    text = _("{repository} cannot take the backup ({reason}); it goes to {next} instead")
    return text.format(repository=name, reason=error.message, next=following)


def _run_job(workspace: "Workspace", job: JobConfig, options: BackupOptions) -> Outcome:
    run: _JobRun | None = None
    ending: BackupError | None = None
    try:
        run = _JobRun(workspace, job, options)
        run.carry_out()
    except BackupError as error:
        ending = error
    return run.outcome(ending) if run else Outcome(job=job.name, error=ending)


class _JobRun:
    """One run of a job."""

    def __init__(self, workspace: "Workspace", job: JobConfig, options: BackupOptions) -> None:
        scope = run_scope(workspace, verb=Verb.BACKUP, job=job.name, repository=job.repositories[0], kind=options.kind)
        scope.is_waiting = options.admission is not None
        self._workspace = workspace
        self._job = job
        self._options = options
        self._scope = scope
        self.troubles: list[Trouble] = []
        self.taken: Taken | None = None
        self.mishaps: list[BackupError] = []
        """What failed beside the backup."""
        variables = variables_of(workspace.config, job, options.kind, scope.run_id)
        watch = scope.watch
        beside = Beside(
            workspace.config, scope.put_out, lambda message: watch.warn(None, message), variables, watch.cancel
        )
        self._hooks = JobHooks(job, scope, beside)
        self._standstill = Standstill(workspace.state_dir, scope.run_id, job.name, job.stop, beside)

    def carry_out(self) -> None:
        """Do everything that belongs to the run; raises BackupError where that ends it as a whole."""
        scope, options = self._scope, self._options
        signals = scope.heeding_signals() if options.heeding_signals else nullcontext()
        admission = options.admission(scope) if options.admission else nullcontext()
        failing = self._hooks.telling_of_failure(self._whole_trouble)
        locks = extending(self._workspace, self._job, scope, self.troubles)
        with signals, scope, self._settling_attempts(), admission, failing, locks:
            judge(self._workspace.history, self._job.name)
            self._warn_of_what_is_missing()
            self._hooks.before()
            self._take_standing_still()
            if self.taken is not None:
                self._follow_up(self.taken)
                self._finish_off()

    def outcome(self, ending: BackupError | None) -> Outcome:
        """Return what has become of the job, given what has ended its run as a whole."""
        return Outcome(
            job=self._job.name,
            finished=self.taken.finished if self.taken else None,
            troubles=tuple(self.troubles),
            error=ending,
            beside=tuple(self.mishaps),
            has_choice=len(self._job.repositories) > 1,
        )

    @contextmanager
    def _settling_attempts(self) -> Iterator[None]:
        """Have the record say from the first failure on that another attempt follows, unless none does in the end.

        So nobody who looks in between takes for the last word what is not.
        """
        self._scope.retry_s, is_followed = self._options.retry_s, False
        try:
            yield
            is_followed = is_worth_another(self.outcome(None))
        except BackupError as error:
            is_followed = is_worth_another(self.outcome(error))
            raise
        finally:
            if not is_followed:
                self._scope.retry_s = None

    def _warn_of_what_is_missing(self) -> None:
        """Say what keeps a scheduled run from beginning: whoever has a job run by hand wants it now."""
        if (reason := unmet(self._job)) is not None:
            self._scope.watch.warn(
                None, _("{reason}; it goes on all the same, as somebody asked").format(reason=reason)
            )

    def _take_standing_still(self) -> None:
        """Take the backup; what had to stand still for it runs again afterwards, whatever happens."""
        try:
            self.taken = self._take()
        finally:
            for error in self._standstill.end():
                self._note_mishap(error)

    def _follow_up(self, taken: Taken) -> None:
        """Do with a backup what is to be done while nothing stands still any more."""
        workspace, job, scope = self._workspace, self._job, self._scope
        self._hooks.taken = taken.finished
        if (change := judge(workspace.history, job.name)) is not None:
            scope.watch.warn(None, suspended_words(change))
        forget_over(workspace, workspace.repository(taken.repository))
        catch_up(workspace, job, taken, scope, self.troubles)
        if taken.finished.status == RunStatus.OK and job.keep is not None:
            from tui_backup.services.backup.retaining import apply_keep

            apply_keep(workspace, job, scope, self.troubles, heeding_signals=self._options.heeding_signals)

    def _finish_off(self) -> None:
        """Run what is to run once all is well: not where something stands still that should not."""
        if not self.mishaps and (error := self._hooks.after()) is not None:
            self._note_mishap(error)

    def _note_mishap(self, error: BackupError) -> None:
        """Tell and record a failure that is no repository's, on a line of its own; the snapshot stays what it is."""
        self.mishaps.append(error)
        self._scope.start(None)
        self._scope.finish(
            Finished(
                run=self._scope.run_id,
                job=self._job.name,
                repository=None,
                status=RunStatus.FAILED,
                message=error.message,
            )
        )

    def _whole_trouble(self) -> str:
        """Return everything that went wrong without ending the run, in one line."""
        errors = (*(trouble.error for trouble in self.troubles), *self.mishaps)
        return "; ".join(dict.fromkeys(error.message for error in errors))

    def _take(self) -> Taken | None:
        """Back up into the first repository that works; note those that do not.

        Raises:
            SourceError, HookFailed, Cancelled: no repository can help that.
        """
        job, scope = self._job, self._scope
        for place, name in enumerate(job.repositories):
            if place:
                scope.watch.restart()
                scope.start(name)
            began = scope.elapsed
            try:
                done = self._back_up(name)
            except (Cancelled, SourceError, HookFailed):
                raise
            except BackupError as error:
                self.troubles.append(Trouble(name, error))
                if name != job.repositories[-1]:
                    scope.watch.warn(None, passed_over(job, name, error))
                scope.finish(_failed(scope, job, name, error, scope.elapsed - began))
            else:
                finished = msgspec.structs.replace(
                    _finished(scope, job, name, done), duration=round(scope.elapsed - began, 3)
                )
                scope.finish(finished)
                return Taken(name, done.snapshot, finished)
        return None

    def _back_up(self, name: str) -> BackedUp:
        workspace, job, watch = self._workspace, self._job, self._scope.watch
        check_lockable(workspace.config.repositories[name])
        if workspace.history.known_repository(name) is None:
            workspace.repository(name, make=True)
        sources = sources_of(workspace, job)
        with self._walk(sources, watch) as walk:
            repository = workspace.repository(name, make=True)
            warn_of_space(workspace, job.name, name, watch)
            try:
                with Estimate(sources, watch):
                    done = keep_entries(walk(), repository, brief_of(workspace, job, self._options), watch)
            finally:
                remember_space(workspace, name)
        remember_snapshots(workspace, repository)
        return done

    @contextmanager
    def _walk(self, sources: Sequence[Source], watch: Watch) -> Iterator[Callable[[], Iterator[Entry | Unread]]]:
        """Give what yields the entries: it has begun by then, unless something has to stand still before.

        That happens once the repository is open and locked, so that nothing stands still while that is waited for.
        """
        if self._job.stop:
            yield lambda: self._still_entries(sources, watch)
        else:
            with Ahead(entries_of(sources, watch)) as ahead:
                yield ahead.entries

    def _still_entries(self, sources: Sequence[Source], watch: Watch) -> Iterator[Entry | Unread]:
        self._standstill.begin(watch.cancel)
        yield from entries_of(sources, watch)


def _finished(scope: RunScope, job: JobConfig, name: str, done: BackedUp) -> Finished:
    snapshot, tally = done.snapshot, done.tally
    incomplete = snapshot.status is SnapshotStatus.INCOMPLETE
    return Finished(
        run=scope.run_id,
        job=job.name,
        repository=name,
        status=RunStatus.INCOMPLETE if incomplete else RunStatus.OK,
        snapshot=snapshot.id,
        files_new=tally.files_new,
        files_changed=tally.files_changed,
        files_unmodified=tally.files_unmodified,
        bytes_processed=tally.bytes_processed,
        bytes_added=tally.bytes_added,
        message=_incompleteness(snapshot, tally),
    )


def _failed(scope: RunScope, job: JobConfig, name: str, error: BackupError, duration: float) -> Finished:
    return Finished(
        run=scope.run_id,
        job=job.name,
        repository=name,
        status=RunStatus.FAILED,
        duration=round(duration, 3),
        message=error.message,
    )


def _incompleteness(snapshot: Snapshot, tally: Tally) -> str | None:
    if snapshot.status is SnapshotStatus.OK:
        return None
    if not tally.unreadable:
        return _("something is missing; the warnings name it")
    return ngettext("{count} entry could not be read", "{count} entries could not be read", tally.unreadable).format(
        count=tally.unreadable
    )
