"""What the first screen shows, in two questions: how everything stands, and what happened to one job.

Both are answered from the record alone, no network and no password.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec

from tui_backup.config.settings import Config, JobConfig
from tui_backup.history.history import History
from tui_backup.history.repositories import HeldSnapshot
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.standing import Integrity, Standing
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.services.status.overview import RATED_RUNS, JobStatus, report, worst_of_runs

T = TypeVar("T")

_RUNS_SEEN = 20_000
"""How many of a job's newest runs its past is put together from."""


class JobState(StrEnum):
    """How a job stands, in one word; the gravest first."""

    CHANGED = "changed"
    """Suddenly, and nobody has said yet that this was meant."""
    DAMAGED = "damaged"
    FAILED = "failed"
    STALE = "stale"
    INCOMPLETE = "incomplete"
    NEVER = "never"
    CANCELLED = "cancelled"
    OK = "ok"


class JobOverview(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen of a job at a glance."""

    job: str
    repositories: tuple[str, ...]
    """As they are configured."""
    state: JobState
    last_success: datetime | None
    next_run: datetime | None
    """When it runs by itself; None: it has no schedule."""
    waiting: str | None
    """Why a backup that is due does not begin."""
    last_run: str | None
    """Id of the newest backup that has ended."""
    outcomes: tuple[RunStatus, ...]
    """How the newest runs ended, oldest first."""
    success_rate: float | None
    """Share of these that were `ok`, between 0 and 1; those that somebody cancelled do not count."""
    restore_seconds: float | None
    """What a restore of the newest snapshot would take, by the last restores."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """How everything stands."""

    jobs: tuple[JobOverview, ...]
    """Trouble first, then by name."""
    problems: tuple[Trouble, ...]
    """The gravest first."""


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot in one repository."""

    repository: str
    snapshot: str
    """Full id."""
    standing: Standing


class PastBackup(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot and its copies, or a run that made none; unknown facts are None."""

    time: datetime
    host: str | None
    kind: str | None
    status: RunStatus
    size: int | None = None
    """Bytes of all files."""
    added: int | None = None
    """Bytes."""
    duration: float | None = None
    """Seconds."""
    files: int | None = None
    copies: tuple[Copy, ...] = ()
    """Where it lies; nowhere: no snapshot was made."""
    run: str | None = None
    warnings: int = 0
    message: str | None = None

    @property
    def key(self) -> str:
        """What tells it apart from the others of its job."""
        return self.copies[0].snapshot if self.copies else f"run {self.run}"

    @property
    def standing(self) -> Standing:
        """What is known of its integrity: damage anywhere, else the best of what is known of its copies."""
        known = [copy.standing for copy in self.copies]
        damaged = [standing for standing in known if standing.integrity is Integrity.DAMAGED]
        return next(iter(damaged), None) or max(known, key=_proof, default=Standing())

    @property
    def best_copy(self) -> Copy | None:
        """The copy to read from: the first that is not known to be damaged."""
        whole = (copy for copy in self.copies if copy.standing.integrity is not Integrity.DAMAGED)
        return next(whole, self.copies[0] if self.copies else None)


def overview(config: Config, history: History, state_dir: Path, now: datetime) -> Overview:
    """Return how everything stands."""
    status = report(config, history, state_dir, now)
    grave = {TroubleKind.SUDDEN_CHANGE: JobState.CHANGED, TroubleKind.DAMAGED: JobState.DAMAGED}
    states_of = {each.job: grave[each.kind] for each in reversed(status.problems) if each.kind in grave}
    jobs = (_job(config.jobs[job.job], job, history, states_of.get(job.job)) for job in status.jobs)
    states = list(JobState)
    return Overview(
        jobs=tuple(sorted(jobs, key=lambda job: (states.index(job.state), job.job))),
        problems=status.problems,
    )


def past_backups(history: History, job: JobConfig) -> list[PastBackup]:
    """Return what the repositories hold of a job and the runs that made nothing, newest first."""
    kin: dict[tuple[str, str], list[HeldSnapshot]] = defaultdict(list)
    for held in history.held(job.name):
        kin[held.identity, held.root].append(held)
    runs: dict[str, list[Run]] = defaultdict(list)
    for run in history.runs(job.name, _RUNS_SEEN, Verb.BACKUP):
        runs[run.id].append(run)
    made_by = {(run.repository, run.snapshot): rows for rows in runs.values() for run in rows if run.snapshot}
    past = [_held(copies, made_by, job.repositories) for copies in kin.values()]
    past += [_fruitless(rows) for rows in runs.values() if _made_nothing(rows)]
    return sorted(past, key=lambda each: each.time, reverse=True)


def _job(job: JobConfig, status: JobStatus, history: History, grave: JobState | None) -> JobOverview:
    rows = history.backups(job.name, RATED_RUNS * len(job.repositories))
    outcomes = list(islice(worst_of_runs(rows).values(), RATED_RUNS))
    return JobOverview(
        job=job.name,
        repositories=job.repositories,
        state=grave or _state(status),
        last_success=status.last_success,
        next_run=status.next_run,
        waiting=status.waiting,
        last_run=rows[0].id if rows else None,
        outcomes=tuple(reversed(outcomes)),
        success_rate=status.success_rate,
        restore_seconds=status.restore_seconds,
    )


def _state(status: JobStatus) -> JobState:
    match status:
        case JobStatus(last_status=RunStatus.FAILED):
            return JobState.FAILED
        case JobStatus(stale=True):
            return JobState.STALE
        case JobStatus(last_status=RunStatus.INCOMPLETE):
            return JobState.INCOMPLETE
        case JobStatus(last_status=None):
            return JobState.NEVER
        case JobStatus(last_status=RunStatus.CANCELLED):
            return JobState.CANCELLED
        case _:
            return JobState.OK


def _held(
    copies: Sequence[HeldSnapshot],
    made_by: Mapping[tuple[str | None, str], list[Run]],
    repositories: Sequence[str],
) -> PastBackup:
    """Return a snapshot from its copies, the first of the job's repositories first."""
    order = {name: number for number, name in enumerate(repositories)}
    copies = sorted(copies, key=lambda copy: (order.get(copy.repository, len(order)), copy.repository))
    rows = next((rows for copy in copies if (rows := made_by.get((copy.repository, copy.id)))), [])
    first = copies[0]
    return PastBackup(
        time=first.time,
        host=first.host,
        kind=first.kind,
        status=RunStatus(first.status.value),
        size=_known(copy.size for copy in copies),
        added=_known([*(copy.added for copy in copies), *(run.bytes_added for run in rows)]),
        duration=_known([*(copy.duration for copy in copies), *(run.duration for run in rows)]),
        files=_known(copy.files for copy in copies),
        copies=tuple(Copy(repository=each.repository, snapshot=each.id, standing=each.standing) for each in copies),
        run=rows[0].id if rows else None,
        warnings=sum(run.warnings for run in rows),
        message=next((run.message for run in rows if run.message and run.status is not RunStatus.OK), None),
    )


def _made_nothing(rows: Sequence[Run]) -> bool:
    return not any(run.snapshot or run.status is RunStatus.RUNNING for run in rows)


def _fruitless(rows: Sequence[Run]) -> PastBackup:
    run = rows[0]
    return PastBackup(
        time=run.started,
        host=None,
        kind=run.kind,
        status=worst_of_runs(rows)[run.id],
        duration=_known(row.duration for row in rows),
        run=run.id,
        warnings=sum(row.warnings for row in rows),
        message=next((row.message for row in rows if row.message), None),
    )


def _known(facts: Iterable[T | None]) -> T | None:
    return next((fact for fact in facts if fact is not None), None)


def _proof(standing: Standing) -> tuple[bool, datetime, datetime]:
    never = datetime.min.replace(tzinfo=UTC)
    return standing.integrity is Integrity.OK, standing.verified_at or never, standing.checked_at or never
