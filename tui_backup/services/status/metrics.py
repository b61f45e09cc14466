"""Metrics: how everything stands, for Prometheus. From the record alone, no network and no password.

Every sample names the configuration, since node_exporter takes no file at all that holds a series of another one. What
Prometheus itself calls `job` is another thing, and it would rename such a label: ours is `backup_job`. The words are
data, the same in every language; `docs/metrics.md` lists them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, NamedTuple, TypeVar

from tui_backup import __version__
from tui_backup.config.settings import Config
from tui_backup.history.history import History
from tui_backup.history.repositories import Contact
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.standing import Integrity
from tui_backup.model.trouble import TroubleKind
from tui_backup.primitives.exposition import Gauges, Sample, exposition
from tui_backup.primitives.text import printable
from tui_backup.services.status.overview import JobStatus, RepositoryStatus, StatusReport

T = TypeVar("T")

_PREFIX: Final = "tui_backup_"
_ENDED: Final = tuple(status for status in RunStatus if status is not RunStatus.RUNNING)

_Value = float | datetime | None


class _Measure(NamedTuple, Generic[T]):
    """A gauge with one sample for each of several things."""

    name: str
    help: str
    of: Callable[[T], _Value]


class _States(NamedTuple, Generic[T]):
    """A gauge for each state that a thing can be in: 1 for the one that it is in, 0 for the others."""

    name: str
    help: str
    label: str
    states: Iterable[StrEnum]
    of: Callable[[T], StrEnum | None]


class _JobFacts(NamedTuple):
    status: JobStatus
    rows: Sequence[Run]
    """Of the newest backup that has ended: one for each repository."""
    proven: datetime | None


class _RepositoryFacts(NamedTuple):
    status: RepositoryStatus
    contact: Contact | None


_JOB_MEASURES: Final[Sequence[_Measure[_JobFacts]]] = (
    _Measure(
        "job_last_run_timestamp_seconds",
        "When the newest backup that has ended began.",
        lambda job: job.status.last_run,
    ),
    _Measure(
        "job_last_success_timestamp_seconds",
        "When the newest backup that was ok began.",
        lambda job: job.status.last_success,
    ),
    _Measure(
        "job_last_run_duration_seconds",
        "What the newest backup took, its copies to further repositories included.",
        lambda job: _sum(run.duration for run in job.rows),
    ),
    _Measure(
        "job_last_run_processed_bytes",
        "What the newest backup looked at.",
        lambda job: _sum(run.bytes_processed for run in job.rows),
    ),
    _Measure(
        "job_last_run_added_bytes",
        "What the newest backup added to all repositories.",
        lambda job: _sum(run.bytes_added for run in job.rows),
    ),
    _Measure("job_last_run_files", "Files in the newest backup.", lambda job: _sum(run.files for run in job.rows)),
    _Measure(
        "job_last_run_warnings",
        "Warnings of the newest backup.",
        lambda job: max((run.warnings for run in job.rows), default=None),
    ),
    _Measure(
        "job_snapshots",
        "Snapshots at the last contact; a copy does not count again.",
        lambda job: job.status.snapshots,
    ),
    _Measure("job_size_bytes", "All files in the newest snapshot.", lambda job: job.status.size),
    _Measure(
        "job_last_proof_timestamp_seconds",
        "When every byte of the newest good snapshot had last been read and found good; none: never.",
        lambda job: job.proven,
    ),
    _Measure("job_stale", "1 if the job is overdue, by its expected_every.", lambda job: job.status.stale),
    _Measure(
        "job_expected_every_seconds",
        "After how long without a success the job is stale.",
        lambda job: job.status.expected_every,
    ),
    _Measure(
        "job_next_run_timestamp_seconds", "When the job runs next by its schedules.", lambda job: job.status.next_run
    ),
    _Measure(
        "job_success_ratio",
        "Share of the last 30 backups that were ok, between 0 and 1.",
        lambda job: job.status.success_rate,
    ),
    _Measure(
        "job_restore_seconds",
        "What a restore of the newest snapshot would take, by the last restores.",
        lambda job: job.status.restore_seconds,
    ),
)

_JOB_STATES: Final[Sequence[_States[_JobFacts]]] = (
    _States(
        "job_last_status",
        "How the newest backup ended: 1 for that status, 0 for the others.",
        "status",
        _ENDED,
        lambda job: job.status.last_status,
    ),
    _States(
        "job_integrity",
        "What is known of the newest good snapshot, the worst of its copies: 1 for that, 0 for the others.",
        "integrity",
        Integrity,
        lambda job: job.status.integrity,
    ),
)

_REPOSITORY_MEASURES: Final[Sequence[_Measure[_RepositoryFacts]]] = (
    _Measure("repository_free_bytes", "Free space at the last contact.", lambda each: each.status.free),
    _Measure(
        "repository_size_bytes",
        "All space, free or not, at the last contact.",
        lambda each: each.contact.total if each.contact else None,
    ),
    _Measure(
        "repository_low_space",
        "1 if less is free than min_free asks for, or than the last backups took.",
        lambda each: each.status.low_space,
    ),
    _Measure(
        "repository_last_contact_timestamp_seconds",
        "When the repository last answered.",
        lambda each: _last_contact(each.contact),
    ),
    _Measure(
        "repository_last_check_timestamp_seconds",
        "When a verification last looked at the repository.",
        lambda each: each.status.last_checked,
    ),
)

_INFO = "info", "The version of the program that wrote this."
_WRITTEN = "metrics_timestamp_seconds", "When this was written."
_RUNNING = "running_runs", "Runs going on, by what they do."
_PROBLEMS = "problems", "What somebody should look at, by kind."


def families() -> Mapping[str, str]:
    """Return the name of every metric with what it says."""
    of_jobs = [*((each.name, each.help) for each in _JOB_MEASURES), *((each.name, each.help) for each in _JOB_STATES)]
    of_repositories = [(each.name, each.help) for each in _REPOSITORY_MEASURES]
    known = (_INFO, _WRITTEN, _RUNNING, _PROBLEMS, *of_jobs, *of_repositories)
    return {_PREFIX + name: help_ for name, help_ in known}


def metrics(config: Config, history: History, status: StatusReport, present: datetime) -> bytes:
    """Return how all jobs and repositories of a configuration stand, in the text format of Prometheus."""
    place = {"config": printable(config.path)}
    singles = (
        (_INFO, [Sample({"version": __version__}, 1)]),
        (_WRITTEN, [Sample({}, round(present.timestamp(), 3))]),
        (_RUNNING, _counted("verb", Verb, (run.verb for run in status.running))),
        (_PROBLEMS, _counted("kind", TroubleKind, (problem.kind for problem in status.problems))),
    )
    gauges = [Gauges(name, help_, samples) for (name, help_), samples in singles]
    gauges += _of_jobs([_job_facts(job, history) for job in status.jobs])
    gauges += _of_repositories([_RepositoryFacts(each, history.contact(each.name)) for each in status.repositories])
    return exposition(_placed(each, place) for each in gauges)


def _placed(gauges: Gauges, place: Mapping[str, str]) -> Gauges:
    """Return a family under its full name, with samples that say whose they are."""
    samples = [Sample({**sample.labels, **place}, sample.value) for sample in gauges.samples]
    return Gauges(_PREFIX + gauges.name, gauges.help, samples)


def _job_facts(job: JobStatus, history: History) -> _JobFacts:
    newest = history.last_run(job.job)
    known = [history.standing(repository, snapshot) for repository, snapshot in history.newest_good(job.job)]
    proofs = [each.verified_at for each in known if each.integrity is Integrity.OK and each.verified_at is not None]
    return _JobFacts(job, history.run(newest.id) if newest else (), max(proofs, default=None))


def _of_jobs(jobs: Sequence[_JobFacts]) -> Iterator[Gauges]:
    for measure in _JOB_MEASURES:
        yield _measured(measure, [({"backup_job": job.status.job}, job) for job in jobs])
    for states in _JOB_STATES:
        samples = [
            Sample({"backup_job": job.status.job, states.label: state}, int(states.of(job) is state))
            for job in jobs
            for state in states.states
        ]
        yield Gauges(states.name, states.help, samples)


def _of_repositories(repositories: Sequence[_RepositoryFacts]) -> Iterator[Gauges]:
    for measure in _REPOSITORY_MEASURES:
        yield _measured(measure, [({"repository": each.status.name}, each) for each in repositories])


def _measured(measure: _Measure[T], things: Sequence[tuple[Mapping[str, str], T]]) -> Gauges:
    """Return a family of what is known; what is unknown has no sample."""
    values = ((labels, measure.of(thing)) for labels, thing in things)
    return Gauges(
        measure.name, measure.help, [Sample(labels, _number(value)) for labels, value in values if value is not None]
    )


def _counted(label: str, words: Iterable[StrEnum], found: Iterable[StrEnum]) -> list[Sample]:
    """Return how often each word was found; one that was not is 0, so that what is over can be seen."""
    counts = Counter(found)
    return [Sample({label: word}, counts[word]) for word in words]


def _number(value: float | datetime) -> float:
    return round(value.timestamp(), 3) if isinstance(value, datetime) else value


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 3) if known else None


def _last_contact(contact: Contact | None) -> datetime | None:
    times = (contact.space_at, contact.checked_at, contact.listed_at) if contact else ()
    return max((time for time in times if time is not None), default=None)
