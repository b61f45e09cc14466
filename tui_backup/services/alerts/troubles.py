"""What is wrong: every trouble that the record shows, in words and with what to do about it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from tui_backup.config.settings import Config, JobConfig
from tui_backup.engine.retention_guard import CLOCK_TOLERANCE
from tui_backup.history.history import History
from tui_backup.model.run import Run, RunStatus
from tui_backup.model.snapshot import short
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.identity import identity
from tui_backup.services.alerts.clocks import clock_troubles
from tui_backup.services.alerts.endings import awaited
from tui_backup.services.alerts.failing_upkeep import failing_upkeep
from tui_backup.services.alerts.staleness import last_success
from tui_backup.services.alerts.unwatched import unwatched
from tui_backup.services.backup.room_needed import lacking_words, room_of
from tui_backup.services.metrics_note import MetricsNote, load_note
from tui_backup.services.programs import left_stopped
from tui_backup.services.storage.lock_memory import load_memory
from tui_backup.services.upkeep.sudden_changes import suspended_words


def found_troubles(config: Config, history: History, state_dir: Path, now: datetime) -> tuple[Trouble, ...]:
    """Return everything that is wrong, from the record alone; not what is tried again before long."""
    newest = {job: newest_run(job, history, now) for job in config.jobs}
    known = [job for job in config.jobs.values() if not awaited(newest[job.name], state_dir, now)]
    return (
        *(trouble for job in known for trouble in bad_endings(job.name, newest[job.name])),
        *(trouble for job in config.jobs.values() for trouble in late(job, history, now)),
        *(trouble for job in known for trouble in lacking(job, history)),
        *unwatched(config, history, now),
        *clock_troubles(config, history, now),
        *failing_upkeep(config, history),
        *changed(config, history),
        *held(config, history),
        *unlocked(config, state_dir),
        *left_stopped.troubles(state_dir),
        *damages(config, history),
        *low_space(config, history),
        *unreached(config, history),
        *map(unrecorded, history.troubles),
        *unwritten(config, state_dir),
    )


def newest_run(job: str, history: History, now: datetime) -> Sequence[Run]:
    """Return the newest run of a job that has ended: a row for each repository."""
    newest = history.last_run(job, now + CLOCK_TOLERANCE)
    return history.run(newest.id) if newest else ()


def late(job: JobConfig, history: History, now: datetime) -> Iterator[Trouble]:
    """Tell that a job has not succeeded for too long."""
    success = last_success(job, history, now)
    if success.is_stale:
        yield stale(job, success.time, now)


def bad_endings(job: str, rows: Sequence[Run]) -> Iterator[Trouble]:
    """Tell of the newest run of a job that has ended, where that was not good; `rows` are those of the record."""
    messages = {
        RunStatus.FAILED: _("the last run of job {job} failed: {reason}"),
        RunStatus.INCOMPLETE: _("the last run of job {job} was incomplete: {reason}"),
    }
    for run in rows:
        if run.status in messages:
            counted = ngettext("{count} warning", "{count} warnings", run.warnings).format(count=run.warnings)
            yield Trouble(
                kind=TroubleKind(run.status.value),
                job=job,
                repository=run.repository,
                message=messages[run.status].format(job=job, reason=run.message or counted),
                hint=f"tui-backup history --job {job}",
            )


def stale(job: JobConfig, success: datetime | None, now: datetime) -> Trouble:
    """Tell of a job that has not succeeded for too long, by the time of its newest success."""
    from tui_backup.primitives.text import age, duration, moment

    text = _("job {job} has never succeeded, though it is expected every {every}")
    if success is not None:
        text = _("job {job} last succeeded {age}, though it is expected every {every}")
    if success is not None and success > now:
        text = _("job {job} last succeeded at {time}, which has not come yet: a clock is or was wrong")
    message = text.format(job=job.name, age=age(success, now), every=duration(job.expected_every), time=moment(success))
    return Trouble(kind=TroubleKind.STALE, job=job.name, message=message, hint=f"tui-backup run {job.name}")


def lacking(job: JobConfig, history: History) -> Iterator[Trouble]:
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
        missing = {copy.identity for copy in known if since is None or copy.time > since} - passed
        yield _lacks(job.name, name, len(missing), since)


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


def held(config: Config, history: History) -> Iterator[Trouble]:
    """Yield the plans that are held, as far as a policy still asks for them, and a sudden change does not say why."""
    changed_jobs = {job for job, change in history.sudden_changes().items() if change.acknowledged_at is None}
    for waiting in history.holds():
        job = config.jobs.get(waiting.job)
        if job is None or job.keep is None or waiting.repository not in job.repositories or job.name in changed_jobs:
            continue
        text = _("job {job} forgets nothing in {repository}: {reason}")
        yield Trouble(
            kind=TroubleKind.HELD,
            job=waiting.job,
            repository=waiting.repository,
            message=text.format(job=waiting.job, repository=waiting.repository, reason=waiting.reason),
            hint=f"tui-backup prune --job {waiting.job} -r {waiting.repository}",
        )


def unlocked(config: Config, state_dir: Path) -> Iterator[Trouble]:
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


def damages(config: Config, history: History) -> Iterator[Trouble]:
    """Tell of the snapshots that are known to be damaged, for each job and repository that is configured."""
    found = dict[tuple[str, str | None], list[str]]()
    for repository, job, snapshot in history.damaged():
        if repository in config.repositories:
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


def low_space(config: Config, history: History) -> Iterator[Trouble]:
    """Tell of the repositories that have few bytes left: of what one may need, where that is more than there is."""
    from tui_backup.primitives.text import size

    for name, repository in config.repositories.items():
        room = room_of(config, history, repository)
        if not room.is_low:
            continue
        message = _("repository {repository} has only {free} free").format(repository=name, free=size(room.free))
        if room.lacking is not None:
            message = lacking_words(name, room.free, room.lacking)
        yield Trouble(kind=TroubleKind.LOW_SPACE, repository=name, message=message, hint=f"tui-backup prune -r {name}")


def unrecorded(message: str) -> Trouble:
    """Tell what is wrong with the record itself."""
    hint = _("is the disk of the state directory full, or mounted read-only? `df` and `mount` tell")
    return Trouble(kind=TroubleKind.HISTORY, message=message, hint=hint)


def unwritten(config: Config, state_dir: Path) -> Iterator[Trouble]:
    """Tell that the metrics file could not be written when somebody last tried."""
    note = load_note(state_dir, config.metrics_file) if config.metrics_file else MetricsNote()
    if note.failing_since is not None:
        from tui_backup.primitives.text import moment

        text = _("the metrics file {path} could not be written since {time}: {reason}")
        message = text.format(path=note.path, time=moment(note.failing_since), reason=note.reason)
        yield Trouble(kind=TroubleKind.METRICS, message=message, hint=_("every run tries again"))


def changed(config: Config, history: History) -> Iterator[Trouble]:
    """Tell of the jobs whose data changed suddenly, as long as nobody has looked."""
    for job, change in history.sudden_changes().items():
        if job not in config.jobs or change.acknowledged_at is not None:
            continue
        yield Trouble(
            kind=TroubleKind.SUDDEN_CHANGE,
            job=job,
            message=suspended_words(change),
            hint=f"tui-backup acknowledge {job}",
        )


def unreached(config: Config, history: History) -> Iterator[Trouble]:
    """Tell of the notifiers that could not be reached when somebody last tried."""
    from tui_backup.primitives.text import moment

    receptions = history.receptions() if config.notifiers else {}
    for name, reception in receptions.items():
        if name not in config.notifiers:
            continue
        text = _("the notifier {name} was not reached since {time}: {reason}")
        yield Trouble(
            kind=TroubleKind.NOTIFIER,
            notifier=name,
            message=text.format(name=name, time=moment(reception.failing_since), reason=reception.reason),
            hint=f"tui-backup notify test {name}",
        )
