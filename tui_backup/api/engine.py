"""Engine: back up, list, verify, restore and delete, from Python.

from tui_backup import create_backup, get_backup_status
result = create_backup("site")
if result["status"] != "completed":
    print(result["error"])
"""

from collections.abc import Sequence

from tui_backup.api.records import (
    Backup,
    Creation,
    Deletion,
    Health,
    Restoration,
    Verification,
    backup_of,
    local,
    name_of,
    status_word,
    total_mebibytes,
)
from tui_backup.config.settings import JobConfig
from tui_backup.errors import BackupError, Cancelled, UsageError
from tui_backup.formats.base import Subset
from tui_backup.model.snapshot import SAFETY, Snapshot
from tui_backup.model.watch import Watch
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.services.backup.backups import MANUAL, BackupOptions, Outcome, run_jobs
from tui_backup.services.restore import restores
from tui_backup.services.restore.restores import Conduct, Wish
from tui_backup.services.status.overview import report
from tui_backup.services.storage.snapshots import Filter, Shelf, reach, resolve
from tui_backup.services.upkeep import forgetting
from tui_backup.services.upkeep.tagging import check_tags
from tui_backup.services.upkeep.verification import VerifyRequest, verify
from tui_backup.services.workspace import Workspace

_WORST_FIRST = ("failed", "cancelled", "incomplete", "completed")


class Engine:
    """Everything that other programs may ask for; each call opens and closes what it needs.

    What can go wrong with a backup, a restore or a verification is told in its answer. Questions raise BackupError.
    """

    def __init__(self, config_path: str | None = None) -> None:
        """Use a configuration file: the given one, or the one that the command line would find."""
        self._config_path = config_path

    def create_backup(self, kind: str = MANUAL, *, tags: Sequence[str] = ()) -> Creation:
        """Back up the job of that name; if there is none, all jobs, and call the backups of that kind."""
        try:
            with self._open() as workspace:
                chosen = workspace.config.jobs.get(kind)
                label = MANUAL if chosen else _checked_kind(kind)
                jobs = [chosen] if chosen else _all_jobs(workspace)
                outcomes = run_jobs(workspace, jobs, BackupOptions(kind=label, tags=check_tags(tags)))
        except BackupError as error:
            return _creation(Outcome(job=kind, error=error), kind)
        return _combined([_creation(outcome, label) for outcome in outcomes])

    def list_backups(self) -> list[Backup]:
        """Return all snapshots of all repositories that can be reached, oldest first; a copy is one of its own.

        Raises:
            BackupError: the configuration is wrong, or no repository can be reached.
        """
        with self._open() as workspace:
            reached = reach(workspace)
            if reached.troubles and not reached.shelves:
                raise reached.troubles[0].error
            return [_backup(workspace, *each) for each in _by_time(reached.shelves)]

    def get_backup_status(self) -> Health:
        """Return how the backups are doing, from the record alone.

        Raises:
            BackupError: the configuration is wrong.
        """
        with self._open() as workspace:
            found = report(workspace.config, workspace.history, workspace.state_dir, now())
            known = [
                (name, snapshot)
                for name in workspace.config.repositories
                for snapshot in workspace.history.snapshots(name)
            ]
            newest = max(known, key=lambda each: each[1].time, default=None)
            return Health(
                last_backup=_backup(workspace, *newest) if newest else None,
                count=len({snapshot.identity for _name, snapshot in known}),
                total_size_mb=total_mebibytes(snapshot for _name, snapshot in known),
                healthy=found.healthy,
                problems=[problem.message for problem in found.problems],
            )

    def verify_backup(self, backup_id: str) -> Verification:
        """Read and authenticate everything that a snapshot needs; the id may be cut to eight digits."""
        try:
            with self._open() as workspace:
                verdicts = verify(workspace, VerifyRequest(snapshots=(backup_id,), subset=Subset()))
        except BackupError as error:
            return Verification(success=False, problems=[], error=error.message)
        errors = [verdict.error.message for verdict in verdicts if verdict.error is not None]
        problems = [
            problem.message
            for verdict in verdicts
            if verdict.proof is not None
            for problem in verdict.proof.problems
            if not problem.hint
        ]
        return Verification(success=not errors and not problems, problems=problems, error=next(iter(errors), None))

    def restore_backup(self, backup_id: str, target: str | None = None) -> Restoration:
        """Restore a snapshot below a directory; without one, into a new directory in the current one.

        What exists and differs is kept, and is an error.
        """
        path = target
        try:
            with self._open() as workspace:
                found = resolve(reach(workspace), backup_id)
                path = target or restores.fresh_directory(found.snapshot.job, found.snapshot.time)
                plan = restores.plan(workspace, found, Wish(target=path), Watch())
                restored = restores.restore(workspace, found, plan, Conduct())
        except BackupError as error:
            return Restoration(success=False, restore_path=path, error=error.message)
        error_message = None if restored.status == "ok" else restored.message or restored.status
        return Restoration(success=restored.status == "ok", restore_path=path, error=error_message)

    def delete_backup(self, backup_id: str) -> Deletion:
        """Remove a snapshot from its repository, not its copies; pruning the repository reclaims the space.

        One that is pinned stays.
        """
        try:
            with self._open() as workspace:
                planned = forgetting.plan(reach(workspace), [backup_id], Filter())
                for result in forgetting.forget(workspace, planned):
                    if result.error is not None:
                        raise result.error
        except BackupError as error:
            return Deletion(success=False, error=error.message)
        return Deletion(success=True, error=None)

    def _open(self) -> Workspace:
        return Workspace.open(self._config_path)


def _checked_kind(kind: str) -> str:
    if not kind or "," in kind or kind == SAFETY:
        raise UsageError(_("{kind!r} cannot be a kind of backup").format(kind=kind))
    return kind


def _all_jobs(workspace: Workspace) -> list[JobConfig]:
    jobs = list(workspace.config.jobs.values())
    if not jobs:
        raise UsageError(_("the configuration has no jobs"))
    return jobs


def _creation(outcome: Outcome, kind: str) -> Creation:
    finished, message, present = outcome.finished, _trouble(outcome), now()
    if finished is None:
        status = "cancelled" if isinstance(outcome.error, Cancelled) else "failed"
        return Creation(
            id=None, name=None, job=outcome.job, status=status, size=None, timestamp=local(present), error=message,
            backups=[],
        )  # fmt: skip
    return Creation(
        id=finished.snapshot,
        name=name_of(outcome.job, present, kind),
        job=outcome.job,
        status=status_word(finished.status),
        size=finished.bytes_processed,
        timestamp=local(present),
        error=finished.message or message,
        backups=[],
    )


def _trouble(outcome: Outcome) -> str | None:
    """Return what went wrong, and in which repository where there are several."""
    if outcome.error is not None:
        return outcome.error.message
    messages = [
        f"{trouble.name}: {trouble.error.message}" if outcome.has_choice else trouble.error.message
        for trouble in outcome.troubles
    ]
    return "; ".join([*messages, *(error.message for error in outcome.beside)]) or None


def _combined(creations: list[Creation]) -> Creation:
    """Return one answer for several jobs: the worst of them, with the sizes added up."""
    if len(creations) == 1:
        return creations[0]
    worst = min(creations, key=lambda each: _WORST_FIRST.index(each["status"]))
    combined = worst.copy()
    combined["size"] = sum(each["size"] or 0 for each in creations)
    combined["backups"] = creations
    return combined


def _by_time(shelves: Sequence[Shelf]) -> list[tuple[str, Snapshot]]:
    """Return repository and snapshot, oldest first."""
    held = [(shelf.name, snapshot) for shelf in shelves for snapshot in shelf.snapshots]
    return sorted(held, key=lambda each: each[1].time)


def _backup(workspace: Workspace, name: str, snapshot: Snapshot) -> Backup:
    standing = workspace.history.standing(name, snapshot.id)
    return backup_of(snapshot, name, standing.integrity)
