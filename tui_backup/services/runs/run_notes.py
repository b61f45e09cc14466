"""What the program's log says of a run: that it began, its warnings, and how it ended in each repository."""

from tui_backup.model.run import Run, RunStatus
from tui_backup.services.log import ProgramLog
from tui_backup.services.runs import outcome


class RunNotes:
    """Notes of one run, each with its id, job and verb."""

    def __init__(self, log: ProgramLog, run: Run) -> None:
        self._log = log
        self._repository = run.repository
        self._about = {"run": run.id, "verb": run.verb, "job": run.job, "kind": run.kind}

    def began(self) -> None:
        """Note that it began."""
        self._log.info("run began", **self._about, repository=self._repository)

    def refused(self, error: BaseException) -> None:
        """Note that it could not begin, such as a second one of the same job."""
        self._log.warning("run refused", **self._about, repository=self._repository, reason=outcome.explained(error)[1])

    def warned(self, message: str, path: str | None) -> None:
        """Note trouble that did not stop it."""
        self._log.warning(message, **self._about, path=path)

    def ended(self, run: Run) -> None:
        """Note how it ended in one repository."""
        match run.status:
            case RunStatus.OK:
                note = self._log.info
            case RunStatus.FAILED:
                note = self._log.error
            case _:
                note = self._log.warning
        note(
            "run ended",
            **self._about,
            repository=run.repository,
            result=run.status,
            reason=run.message,
            duration=run.duration,
            snapshot=run.snapshot,
            files=run.files,
            bytes_processed=run.bytes_processed,
            bytes_added=run.bytes_added,
            warnings=run.warnings,
        )
