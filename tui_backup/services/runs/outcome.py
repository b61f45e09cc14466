"""How a run ended: from what it said to what the history keeps, and what is said for a run that could not."""

from collections.abc import Iterable, Mapping

import msgspec

from tui_backup.errors import BackupError, Cancelled
from tui_backup.model.event import Ending, Finished, Restored, Tended, Verified
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _

_WORSE = (RunStatus.RUNNING, RunStatus.OK, RunStatus.INCOMPLETE, RunStatus.CANCELLED, RunStatus.FAILED)


def recorded(run: Run, ending: Ending) -> Run:
    """Return `run` as the history keeps it once it has ended."""
    run = msgspec.structs.replace(run, status=_status(ending.status), message=ending.message)
    match ending:
        case Finished():
            return msgspec.structs.replace(
                run,
                repository=ending.repository,
                duration=ending.duration,
                snapshot=ending.snapshot,
                bytes_added=ending.bytes_added,
                bytes_processed=ending.bytes_processed,
                files=_sum(ending.files_new, ending.files_changed, ending.files_unmodified),
                files_new=ending.files_new,
                files_changed=ending.files_changed,
                files_unmodified=ending.files_unmodified,
            )
        case Restored():
            return msgspec.structs.replace(
                run,
                duration=ending.duration,
                bytes_processed=ending.bytes,
                files=ending.written,
            )
        case Verified():
            return msgspec.structs.replace(
                run,
                repository=ending.repository or None,
                duration=(ending.time - run.started).total_seconds(),
                bytes_processed=ending.bytes,
            )
        case Tended():
            return msgspec.structs.replace(
                run,
                repository=ending.repository,
                duration=ending.duration,
                bytes_added=ending.bytes_added,
            )


def without_result(run: Run, status: RunStatus, message: str | None, duration: float | None) -> Ending:
    """Return the ending of a run that has not told one itself."""
    match run.verb:
        case Verb.BACKUP:
            return Finished(
                run=run.id, job=run.job, repository=run.repository, status=status, duration=duration, message=message
            )
        case Verb.RESTORE | Verb.UNDO:
            return Restored(run=run.id, restore=run.id, status=status, duration=duration, message=message)
        case Verb.VERIFY:
            return Verified(
                run=run.id,
                repository=run.repository or "",
                status=status,
                snapshots=0,
                packs=0,
                bytes=0,
                problems=0,
                time=now(),
                message=message,
            )
        case Verb.PRUNE | Verb.COPY | Verb.EXPORT | Verb.REPAIR:
            return Tended(
                run=run.id,
                verb=run.verb,
                job=run.job,
                repository=run.repository,
                status=status,
                duration=duration,
                message=message,
            )


def retold(run: Run) -> Ending:
    """Return the ending of a run as far as the history keeps it."""
    ending = without_result(run, run.status, run.message, run.duration)
    if not isinstance(ending, Finished):
        return ending
    return msgspec.structs.replace(
        ending,
        snapshot=run.snapshot,
        files_new=run.files if run.files_new is None else run.files_new,
        files_changed=run.files_changed,
        files_unmodified=run.files_unmodified,
        bytes_processed=run.bytes_processed,
        bytes_added=run.bytes_added,
    )


def verdict(status: RunStatus, verdicts: Mapping[str | None, str]) -> str:
    """Return what the audit keeps of how a run ended, in each repository where there were several."""
    if len(verdicts) == 1:
        return next(iter(verdicts.values()))
    return "; ".join([status, *(f"{name or '-'} {each}" for name, each in verdicts.items())])


def worst(statuses: Iterable[str]) -> RunStatus:
    """Return the status that stands for several ends of one run; RUNNING for none."""
    return max(map(_status, statuses), key=_WORSE.index, default=RunStatus.RUNNING)


def explained(error: BaseException | None) -> tuple[RunStatus, str]:
    """Return status and message of a run that ended with `error`, or with nothing at all."""
    match error:
        case None:
            return RunStatus.FAILED, _("the run ended without a result")
        case Cancelled() | KeyboardInterrupt():
            return RunStatus.CANCELLED, _("cancelled")
        case BackupError():
            return RunStatus.FAILED, error.message
        case _:
            return RunStatus.FAILED, str(error) or type(error).__name__


def sound(text: str) -> str:
    """Return text that can be encoded: what stands for bytes that are not UTF-8 becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _status(text: str) -> RunStatus:
    try:
        return RunStatus(text)
    except ValueError:
        return RunStatus.FAILED


def _sum(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
