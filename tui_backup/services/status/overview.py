"""Whether everything is well: from the record alone, no network and no password."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec

from tui_backup.config.settings import Config, JobConfig, RepositoryConfig
from tui_backup.engine.retention_guard import CLOCK_TOLERANCE
from tui_backup.history.history import History
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.standing import Integrity
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.services.alerts.staleness import last_success
from tui_backup.services.alerts.troubles import found_troubles
from tui_backup.services.backup.room_needed import room_of
from tui_backup.services.log import log_of
from tui_backup.services.programs.requirements import unmet
from tui_backup.services.restore.restore_times import restore_times
from tui_backup.services.runs.current import RunningRun, list_runs
from tui_backup.services.runs.outcome import worst
from tui_backup.services.runs.reaper import reap
from tui_backup.services.schedule.due import is_backup_due, next_run

RATED_RUNS = 30
"""How many of a job's newest runs its success rate is about, and of its newest restores their duration."""


GRAVEST_FIRST = (
    TroubleKind.SUDDEN_CHANGE, TroubleKind.DAMAGED, TroubleKind.STOPPED, TroubleKind.FAILED, TroubleKind.UNLOCKED,
    TroubleKind.STALE, TroubleKind.INCOMPLETE, TroubleKind.COPIES, TroubleKind.LOW_SPACE, TroubleKind.HELD,
    TroubleKind.SCHEDULER, TroubleKind.CLOCK, TroubleKind.VERIFY_FAILED, TroubleKind.PRUNE_FAILED,
    TroubleKind.NOTIFIER, TroubleKind.HISTORY, TroubleKind.METRICS,
)  # fmt: skip


class JobStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a job stands; what is unknown is None."""

    job: str
    last_run: datetime | None
    last_status: RunStatus | None
    last_success: datetime | None
    next_run: datetime | None
    stale: bool
    expected_every: int | None
    """Seconds."""
    integrity: Integrity | None
    """Of the newest good snapshot, the worst of its copies."""
    snapshots: int
    size: int | None
    """Bytes of all files in the newest snapshot."""
    success_rate: float | None
    """Between 0 and 1, of the newest runs: several attempts are one, cancelled ones do not count."""
    restores: int
    """Those among the last runs that brought something back."""
    restore_duration: float | None
    """Seconds that such a restore took: the median."""
    restore_throughput: float | None
    """Bytes a second: the median."""
    restore_seconds: float | None
    """What a restore of the newest snapshot would take by that."""
    waiting: str | None
    """Why a backup that is due does not begin."""


class RepositoryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a repository stood at the last contact."""

    name: str
    free: int | None
    """Bytes."""
    low_space: bool | None
    last_checked: datetime | None


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `status` shows."""

    healthy: bool
    jobs: tuple[JobStatus, ...]
    repositories: tuple[RepositoryStatus, ...]
    running: tuple[RunningRun, ...]
    problems: tuple[Trouble, ...]
    """The gravest first."""


def report(config: Config, history: History, state_dir: Path, now: datetime) -> StatusReport:
    """Return how all jobs and repositories of a configuration stand."""
    reap(state_dir, history, log_of(config, state_dir))
    running = tuple(list_runs(state_dir))
    jobs = tuple(_job(job, history, now) for job in config.jobs.values())
    repositories = tuple(_repository(config, each, history) for each in config.repositories.values())
    found = found_troubles(config, history, state_dir, now)
    problems = tuple(sorted(found, key=lambda trouble: GRAVEST_FIRST.index(trouble.kind)))
    return StatusReport(healthy=not problems, jobs=jobs, repositories=repositories, running=running, problems=problems)


def motd(status: StatusReport, now: datetime) -> str:
    """Return the state of everything in one line, for the greeting of a login shell."""
    from tui_backup.primitives.text import age

    count = len(status.problems)
    if count:
        summary = ngettext(
            "tui-backup: {count} problem: {first}", "tui-backup: {count} problems, first: {first}", count
        )
        return summary.format(count=count, first=status.problems[0].message)
    successes = [job.last_success for job in status.jobs if job.last_success]
    jobs = ngettext("{count} job", "{count} jobs", len(status.jobs)).format(count=len(status.jobs))
    if not successes:
        return _("tui-backup: {jobs}, no backup yet").format(jobs=jobs)
    if len(successes) < len(status.jobs):
        lacking = len(status.jobs) - len(successes)
        return _("tui-backup: {jobs}, {count} without a backup").format(jobs=jobs, count=lacking)
    return _("tui-backup: {jobs}, all healthy, newest backup {age}").format(jobs=jobs, age=age(max(successes), now))


def worst_of_runs(rows: Iterable[Run]) -> dict[str, RunStatus]:
    """Return how runs that have ended went where they went worst, by their ids, in the order of the rows."""
    found: dict[str, RunStatus] = {}
    for row in rows:
        found[row.id] = worst((found.get(row.id, RunStatus.OK), row.status))
    return found


def _job(job: JobConfig, history: History, now: datetime) -> JobStatus:
    newest = history.last_run(job.name, now + CLOCK_TOLERANCE)
    last = history.run(newest.id) if newest else []
    success = last_success(job, history, now)
    held = history.holdings(job.name)
    restores = restore_times(history.runs(job.name, RATED_RUNS, Verb.RESTORE), held.size)
    return JobStatus(
        job=job.name,
        last_run=newest.started if newest else None,
        last_status=worst(run.status for run in last) if last else None,
        last_success=success.time,
        next_run=next_run(job, now),
        waiting=unmet(job) if job.timing.require and is_backup_due(job, history, now) else None,
        stale=success.is_stale,
        expected_every=job.expected_every,
        integrity=_integrity(history, job.name),
        snapshots=held.snapshots,
        size=held.size,
        success_rate=_success_rate(job, history, now),
        restores=restores.count,
        restore_duration=restores.duration,
        restore_throughput=restores.throughput,
        restore_seconds=restores.expected,
    )


def _success_rate(job: JobConfig, history: History, now: datetime) -> float | None:
    """Return the share of the newest runs that were `ok` in every repository, of several attempts the last one."""
    rows = history.backups(job.name, RATED_RUNS * (len(job.repositories) + 1), tried_again=False)
    rows = [row for row in rows if row.started <= now + CLOCK_TOLERANCE] or rows
    newest = islice(worst_of_runs(rows).values(), RATED_RUNS)
    counted = [status for status in newest if status is not RunStatus.CANCELLED]
    return round(counted.count(RunStatus.OK) / len(counted), 4) if counted else None


def _integrity(history: History, job: str) -> Integrity | None:
    found = {history.standing(repository, snapshot).integrity for repository, snapshot in history.newest_good(job)}
    for integrity in (Integrity.DAMAGED, Integrity.UNVERIFIED, Integrity.OK):
        if integrity in found:
            return integrity
    return None


def _repository(config: Config, repository: RepositoryConfig, history: History) -> RepositoryStatus:
    contact = history.contact(repository.name)
    room = room_of(config, history, repository)
    return RepositoryStatus(
        name=repository.name,
        free=room.free,
        low_space=room.is_low,
        last_checked=contact.checked_at if contact else None,
    )
