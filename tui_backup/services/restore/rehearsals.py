"""Dry runs: what backups would store, told like backups and recorded nowhere."""

from collections.abc import Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from tui_backup.config.settings import JobConfig
from tui_backup.engine.rehearsal import rehearse
from tui_backup.errors import BackupError, RepositoryMissing
from tui_backup.formats.base import Tally
from tui_backup.model.entry import Entry
from tui_backup.model.event import Finished, Started, Warned
from tui_backup.model.run import RunStatus
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import replaced, size
from tui_backup.services.backup.backups import Outcome, passed_over, sources_of
from tui_backup.services.storage.snapshots import Trouble

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

DRY_RUN = "dry-run"
"""What stands for the id of a run that is none."""


def rehearse_jobs(workspace: "Workspace", jobs: Sequence[JobConfig]) -> list[Outcome]:
    """Walk the sources of jobs and compare them with their newest snapshots; nothing is stored."""
    return [_rehearse_job(workspace, job) for job in jobs]


def _rehearse_job(workspace: "Workspace", job: JobConfig) -> Outcome:
    troubles: list[Trouble] = []
    has_choice = len(job.repositories) > 1
    try:
        finished = _rehearse(workspace, job, troubles)
    except BackupError as error:
        return Outcome(job=job.name, error=error, has_choice=has_choice)
    return Outcome(job=job.name, finished=finished, troubles=tuple(troubles), has_choice=has_choice)


def _rehearse(workspace: "Workspace", job: JobConfig, troubles: list[Trouble]) -> Finished | None:
    """Walk the sources beside what the first repository that works holds; note those that do not."""

    def warn(path: bytes | None, message: str) -> None:
        shown = None if path is None else replaced(path)[0]
        workspace.bus.publish(Warned(run=DRY_RUN, path=shown, message=message))

    for name in job.repositories:
        begun = monotonic()
        workspace.bus.publish(Started(run=DRY_RUN, job=job.name, repository=name))
        try:
            newest = _newest(workspace, job, name)
        except BackupError as error:
            troubles.append(Trouble(name, error))
            if name != job.repositories[-1]:
                warn(None, passed_over(job, name, error))
            continue
        tally = rehearse(sources_of(workspace, job), newest, Watch(on_warning=warn))
        others = [other for other in job.repositories if other not in {name, *(each.name for each in troubles)}]
        finished = _finished(job, name, tally, round(monotonic() - begun, 3), others)
        workspace.bus.publish(finished)
        return finished
    return None


def _newest(workspace: "Workspace", job: JobConfig, name: str) -> Iterator[Entry]:
    """Yield the entries of the job's newest snapshot; none where there is no snapshot, or no repository yet."""
    try:
        repository = workspace.repository(name)
    except RepositoryMissing:
        if workspace.history.known_repository(name) is not None:
            raise
        return iter(())
    mine = [each for each in repository.snapshots() if each.job == job.name and each.host == workspace.host]
    return repository.entries(mine[-1]) if mine else iter(())


def _finished(job: JobConfig, name: str, tally: Tally, duration: float, others: Sequence[str]) -> Finished:
    message = _("dry run: {new} new, {changed} changed, {unmodified} unmodified; would store at most {size}").format(
        new=tally.files_new,
        changed=tally.files_changed,
        unmodified=tally.files_unmodified,
        size=size(tally.bytes_added),
    )
    if others:
        message = _("{message}, and copy it to {others}").format(message=message, others=", ".join(others))
    return Finished(
        run=DRY_RUN,
        job=job.name,
        repository=name,
        status=RunStatus.INCOMPLETE if tally.unreadable else RunStatus.OK,
        files_new=tally.files_new,
        files_changed=tally.files_changed,
        files_unmodified=tally.files_unmodified,
        bytes_processed=tally.bytes_processed,
        duration=duration,
        message=message,
    )
