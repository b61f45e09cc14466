"""Whether everything is well, and what happened: from the record alone, no network and no password."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from pathlib import Path

import msgspec

from tui_backup.config.settings import Config, JobConfig, RepositoryConfig
from tui_backup.history.history import History
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.snapshot import short
from tui_backup.model.standing import Integrity
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.identity import identity
from tui_backup.services.lock_memory import load_memory
from tui_backup.services.reaper import reap
from tui_backup.services.runs import RunningRun, list_runs

RATED_RUNS = 30
"""How many of a job's newest runs its success rate is about."""

_GRAVITY = (RunStatus.OK, RunStatus.CANCELLED, RunStatus.INCOMPLETE, RunStatus.FAILED)


class TroubleKind(StrEnum):
    """What is wrong."""

    FAILED = "failed"
    INCOMPLETE = "incomplete"
    STALE = "stale"
    COPIES = "copies"
    """A repository lacks the newest good snapshot of a job."""
    HELD = "held"
    """What a policy would forget waits for somebody to look at it."""
    UNLOCKED = "unlocked"
    """Object locks of a repository could not be extended."""
    DAMAGED = "damaged"
    LOW_SPACE = "low-space"
    HISTORY = "history"


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody should look at."""

    kind: TroubleKind
    job: str | None = None
    repository: str | None = None
    message: str
    hint: str | None = None


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
    """Between 0 and 1; runs that somebody cancelled do not count."""


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


class HistoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run against one repository, as `history` shows it."""

    run: str
    verb: Verb
    job: str | None
    repository: str | None
    kind: str | None
    status: RunStatus
    started: datetime
    duration: float | None
    snapshot: str | None
    bytes_added: int | None
    warnings: int
    message: str | None
    copies: tuple[str, ...]
    """Names of the repositories known to hold the snapshot."""
    undo_until: datetime | None = None
    """Until when a restore can be undone."""


def report(config: Config, history: History, state_dir: Path, now: datetime) -> StatusReport:
    """Return how all jobs and repositories of a configuration stand."""
    reap(state_dir, history)
    running = tuple(list_runs(state_dir))
    jobs = tuple(_job(job, history, now) for job in config.jobs.values())
    repositories = tuple(_repository(repository, history) for repository in config.repositories.values())
    problems = (
        *(trouble for job in jobs for trouble in _troubles_of_job(job, history, now)),
        *(trouble for job in config.jobs.values() for trouble in _lacking(job, history)),
        *_held(config, history),
        *_unlocked(config, state_dir),
        *_damages(history),
        *(_low_space(repository) for repository in repositories if repository.low_space),
        *(Trouble(kind=TroubleKind.HISTORY, message=message) for message in history.troubles),
    )
    return StatusReport(healthy=not problems, jobs=jobs, repositories=repositories, running=running, problems=problems)


def history_rows(
    history: History, state_dir: Path, job: str | None = None, limit: int | None = None, verb: Verb | None = None
) -> list[HistoryRow]:
    """Return runs as `history` shows them, newest first."""
    reap(state_dir, history)
    holders = history.holders()
    until = _undo_until(state_dir)
    return [
        HistoryRow(
            run=run.id,
            verb=run.verb,
            job=run.job,
            repository=run.repository,
            kind=run.kind,
            status=run.status,
            started=run.started,
            duration=run.duration,
            snapshot=run.snapshot,
            bytes_added=run.bytes_added,
            warnings=run.warnings,
            message=run.message,
            copies=holders.get(run.snapshot or "", ()),
            undo_until=until.get(run.id) if run.verb is Verb.RESTORE else None,
        )
        for run in history.runs(job, limit, verb)
    ]


def _undo_until(state_dir: Path) -> dict[str, datetime]:
    if not (state_dir / "undo").is_dir():
        return {}
    from tui_backup.services.undo_homes import undo_until

    return undo_until(state_dir)


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
    worst: dict[str, RunStatus] = {}
    for row in rows:
        worst[row.id] = max(worst.get(row.id, RunStatus.OK), row.status, key=_GRAVITY.index)
    return worst


def _job(job: JobConfig, history: History, now: datetime) -> JobStatus:
    newest = history.backups(job.name, RATED_RUNS * len(job.repositories))
    last = [run for run in newest if run.id == newest[0].id]
    success = history.last_success(job.name)
    held = history.holdings(job.name)
    since = history.first_seen(job.name, now) if success is None else success.started
    late = job.expected_every is not None and now - since > timedelta(seconds=job.expected_every)
    return JobStatus(
        job=job.name,
        last_run=last[0].started if last else None,
        last_status=max((run.status for run in last), key=_GRAVITY.index, default=None),
        last_success=success.started if success else None,
        next_run=None,
        stale=late,
        expected_every=job.expected_every,
        integrity=_integrity(history, job.name),
        snapshots=held.snapshots,
        size=held.size,
        success_rate=_success_rate(newest),
    )


def _success_rate(rows: Iterable[Run]) -> float | None:
    """Return the share of the newest runs that were `ok` in every repository."""
    newest = islice(worst_of_runs(rows).values(), RATED_RUNS)
    counted = [status for status in newest if status is not RunStatus.CANCELLED]
    return round(counted.count(RunStatus.OK) / len(counted), 4) if counted else None


def _integrity(history: History, job: str) -> Integrity | None:
    found = {history.standing(repository, snapshot).integrity for repository, snapshot in history.newest_good(job)}
    for worst in (Integrity.DAMAGED, Integrity.UNVERIFIED, Integrity.OK):
        if worst in found:
            return worst
    return None


def _repository(repository: RepositoryConfig, history: History) -> RepositoryStatus:
    contact = history.contact(repository.name)
    free = contact.free if contact else None
    limit = repository.min_free.limit(contact.total) if contact and repository.min_free else None
    asked = repository.min_free is not None
    unknown = asked and (free is None or limit is None)
    return RepositoryStatus(
        name=repository.name,
        free=free,
        low_space=None if unknown else free is not None and limit is not None and free < limit,
        last_checked=contact.checked_at if contact else None,
    )


def _troubles_of_job(job: JobStatus, history: History, now: datetime) -> Iterator[Trouble]:
    yield from _bad_endings(job, history)
    if job.stale:
        yield _stale(job, now)


def _bad_endings(job: JobStatus, history: History) -> Iterator[Trouble]:
    newest = history.last_run(job.job)
    rows = history.run(newest.id) if newest else []
    messages = {
        RunStatus.FAILED: _("the last run of job {job} failed: {reason}"),
        RunStatus.INCOMPLETE: _("the last run of job {job} was incomplete: {reason}"),
    }
    for run in rows:
        if run.status in messages:
            counted = ngettext("{count} warning", "{count} warnings", run.warnings).format(count=run.warnings)
            yield Trouble(
                kind=TroubleKind(run.status.value),
                job=job.job,
                repository=run.repository,
                message=messages[run.status].format(job=job.job, reason=run.message or counted),
                hint=f"tui-backup history --job {job.job}",
            )


def _stale(job: JobStatus, now: datetime) -> Trouble:
    from tui_backup.primitives.text import age, duration

    text = _("job {job} has never succeeded, though it is expected every {every}")
    if job.last_success:
        text = _("job {job} last succeeded {age}, though it is expected every {every}")
    message = text.format(job=job.job, age=age(job.last_success, now), every=duration(job.expected_every))
    return Trouble(kind=TroubleKind.STALE, job=job.job, message=message, hint=f"tui-backup run {job.job}")


def _lacking(job: JobConfig, history: History) -> Iterator[Trouble]:
    """Tell of repositories that lack the newest good snapshot of a job, by the record."""
    if len(job.repositories) == 1:
        return
    known = [copy for copy in history.copies(job.name, identity().hostname) if copy.repository in job.repositories]
    good = [copy for copy in known if copy.is_good]
    for name in job.repositories if good else ():
        held = {copy.identity for copy in known if copy.repository == name}
        passed = held | history.forgotten(name)
        if good[-1].identity in passed:
            continue
        since = max((copy.time for copy in known if copy.repository == name), default=None)
        lacking = {copy.identity for copy in known if since is None or copy.time > since} - passed
        yield _lacks(job.name, name, len(lacking), since)


def _lacks(job: str, repository: str, count: int, since: datetime | None) -> Trouble:
    from tui_backup.primitives.text import moment

    text = ngettext(
        "{repository} lacks {count} snapshot of {job} since {time}",
        "{repository} lacks {count} snapshots of {job} since {time}",
        count,
    )
    if since is None:
        text = _("{repository} has no copy of any snapshot of {job}")
    return Trouble(
        kind=TroubleKind.COPIES,
        job=job,
        repository=repository,
        message=text.format(repository=repository, count=count, job=job, time=moment(since)),
        hint=_("`tui-backup run {job}` copies what is missing").format(job=job),
    )


def _held(config: Config, history: History) -> Iterator[Trouble]:
    """Yield the plans that are held, as far as a policy still asks for them."""
    for held in history.holds():
        job = config.jobs.get(held.job)
        if job is None or job.keep is None or held.repository not in job.repositories:
            continue
        text = _("job {job} forgets nothing in {repository}: {reason}")
        yield Trouble(
            kind=TroubleKind.HELD,
            job=held.job,
            repository=held.repository,
            message=text.format(job=held.job, repository=held.repository, reason=held.reason),
            hint=f"tui-backup prune --job {held.job} -r {held.repository}",
        )


def _unlocked(config: Config, state_dir: Path) -> Iterator[Trouble]:
    """Yield the repositories whose object locks could not be extended when a run last tried."""
    from tui_backup.primitives.text import moment

    for name, repository in config.repositories.items():
        if repository.object_lock_days is None or not any(name in job.repositories for job in config.jobs.values()):
            continue
        memory = load_memory(state_dir, name)
        if memory.failing is not None:
            text = _("the object locks of {repository} could not be extended since {time}: {reason}")
            yield Trouble(
                kind=TroubleKind.UNLOCKED,
                repository=name,
                message=text.format(repository=name, time=moment(memory.failing), reason=memory.reason),
                hint=_("every run tries again"),
            )


def _damages(history: History) -> Iterator[Trouble]:
    found = dict[tuple[str, str | None], list[str]]()
    for repository, job, snapshot in history.damaged():
        found.setdefault((repository, job), []).append(snapshot)
    for (repository, job), snapshots in found.items():
        told = ngettext(
            "{count} snapshot in {repository} is damaged: {ids}",
            "{count} snapshots in {repository} are damaged, the newest: {ids}",
            len(snapshots),
        )
        named = ngettext(
            "{count} snapshot of {job} in {repository} is damaged: {ids}",
            "{count} snapshots of {job} in {repository} are damaged, the newest: {ids}",
            len(snapshots),
        )
        text = told if job is None else named
        ids = ", ".join(short(snapshot) for snapshot in reversed(snapshots[-3:]))
        yield Trouble(
            kind=TroubleKind.DAMAGED,
            job=job,
            repository=repository,
            message=text.format(count=len(snapshots), job=job, repository=repository, ids=ids),
            hint=f"tui-backup verify -r {repository} --read-data",
        )


def _low_space(repository: RepositoryStatus) -> Trouble:
    from tui_backup.primitives.text import size

    message = _("repository {repository} has only {free} free")
    return Trouble(
        kind=TroubleKind.LOW_SPACE,
        repository=repository.name,
        message=message.format(repository=repository.name, free=size(repository.free)),
    )
