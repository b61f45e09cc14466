"""Failing upkeep: what is verified or pruned by a schedule, and did not go well the last time."""

from collections.abc import Iterator

from tui_backup.config.settings import Config
from tui_backup.history.history import History
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.trouble import Trouble, TroubleKind
from tui_backup.primitives.i18n import _

_FAILED = (RunStatus.FAILED, RunStatus.INCOMPLETE)


def failing_upkeep(config: Config, history: History) -> Iterator[Trouble]:
    """Tell of each repository of which the last verification failed, and of each scheduled prune that did.

    Only of what a schedule tries again: what failed once by hand, somebody has seen. Damage is told as such.
    """
    verified = {name: job for job in config.jobs.values() if job.timing.verify for name in job.repositories}
    for name in verified:
        run = history.last_upkeep(Verb.VERIFY, name)
        if run is not None and run.status in _FAILED and not _is_damaged(history, name):
            yield _verification(name, run)
    for job in config.jobs.values():
        for name in job.repositories if job.timing.prune else ():
            run = history.last_upkeep(Verb.PRUNE, name, job.name)
            if run is not None and run.status in _FAILED:
                yield _prune(job.name, name, run)


def run_of(trouble: Trouble, history: History) -> Run | None:
    """Return the run that led to such a trouble."""
    name = trouble.repository or ""
    match trouble.kind:
        case TroubleKind.VERIFY_FAILED:
            return history.last_upkeep(Verb.VERIFY, name)
        case TroubleKind.PRUNE_FAILED:
            return history.last_upkeep(Verb.PRUNE, name, trouble.job)
    return None


def _is_damaged(history: History, name: str) -> bool:
    return any(repository == name for repository, _job, _snapshot in history.damaged())


def _verification(repository: str, run: Run) -> Trouble:
    text = _("the last verification of {repository} failed: {reason}")
    reason = run.message or _("it found problems, though none that touches a snapshot")
    return Trouble(
        kind=TroubleKind.VERIFY_FAILED,
        repository=repository,
        message=text.format(repository=repository, reason=reason),
        hint=f"tui-backup verify -r {repository}",
    )


def _prune(job: str, repository: str, run: Run) -> Trouble:
    text = _("the last scheduled prune of {job} in {repository} failed: {reason}")
    reason = run.message or _("the history says more")
    return Trouble(
        kind=TroubleKind.PRUNE_FAILED,
        job=job,
        repository=repository,
        message=text.format(job=job, repository=repository, reason=reason),
        hint=f"tui-backup prune --job {job} -r {repository}",
    )
