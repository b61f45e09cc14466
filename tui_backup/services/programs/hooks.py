"""Hooks: what the user has run before a backup, after it, and once it has failed. `docs/hooks.md` is for users.

    with hooks.telling_of_failure(why):
        hooks.before()
        ...
        hooks.after()

They run inside the run, so that what they write is in its log, and that whoever cancels it ends them.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tui_backup.config.settings import Config, JobConfig
from tui_backup.errors import BackupError, HookFailed
from tui_backup.model.event import Finished
from tui_backup.model.hook import Hook
from tui_backup.model.run import RunStatus
from tui_backup.primitives.i18n import _
from tui_backup.services.programs.beside import Beside
from tui_backup.services.runs import outcome

if TYPE_CHECKING:
    from tui_backup.services.runs.run_scope import RunScope

LAST_WORD_S = 60
"""How long a program of `on_failure` may take where somebody has cancelled the run."""

_ENDED_BADLY = (RunStatus.FAILED, RunStatus.CANCELLED)


def variables_of(config: Config, job: JobConfig, kind: str, run: str) -> dict[str, str]:
    """Return what every program beside a run gets to know."""
    known = {
        "TUI_BACKUP_JOB": job.name,
        "TUI_BACKUP_RUN": run,
        "TUI_BACKUP_KIND": kind,
        "TUI_BACKUP_REPOSITORY": job.repositories[0],
    }
    return known if config.is_from_variables else {**known, "TUI_BACKUP_CONFIG": config.path}


class JobHooks:
    """The hooks of one run of a job."""

    def __init__(self, job: JobConfig, scope: "RunScope", beside: Beside) -> None:
        self._hooks = job.hooks
        self._job = job
        self._scope = scope
        self._beside = beside
        self.taken: Finished | None = None
        """How the backup ended in the repository that took it; None: there is none yet."""

    def before(self) -> None:
        """Run what comes before anything is stopped or read, in order.

        Raises:
            HookFailed: a program failed; those behind it are not run.
            Cancelled: somebody cancelled the run.
        """
        for hook in self._hooks.before:
            self._scope.watch.check()
            self._run("before", hook, {})

    def after(self) -> HookFailed | None:
        """Run what comes after a backup; return what the first that failed has to say. Those behind it run too.

        Raises:
            Cancelled: somebody cancelled the run.
        """
        failures = list[HookFailed]()
        for hook in self._hooks.after:
            self._scope.watch.check()
            try:
                self._run("after", hook, self._result())
            except HookFailed as error:
                failures.append(error)
                if len(failures) > 1:
                    self._scope.watch.warn(None, error.message)
        return failures[0] if failures else None

    @contextmanager
    def telling_of_failure(self, why: Callable[[], str]) -> Iterator[None]:
        """Run what comes after a failure where the block fails, or the run has by its end; that never fails itself.

        `why` says what has failed where the block does not.
        """
        try:
            yield
        except BaseException as error:
            status, message = outcome.explained(error)
            self._on_failure(status, message)
            raise
        if self._scope.status in _ENDED_BADLY:
            self._on_failure(self._scope.status, why())

    def _on_failure(self, status: RunStatus, message: str) -> None:
        result = {**self._result(), "TUI_BACKUP_STATUS": status.value, "TUI_BACKUP_MESSAGE": message}
        for hook in self._hooks.on_failure:
            try:
                self._run("on-failure", hook, result, is_last_word=True)
            except BackupError as error:
                self._scope.watch.warn(None, error.message)

    def _run(self, stage: str, hook: Hook, variables: dict[str, str], *, is_last_word: bool = False) -> None:
        watch, argv = self._scope.watch, hook.argv
        timeout = min(hook.timeout_s, LAST_WORD_S) if watch.cancel.cancelled else hook.timeout_s
        watch.current = os.fsencode(self._beside.name_of(argv))
        try:
            ended = self._beside.carry_out(
                argv, timeout, {**variables, "TUI_BACKUP_HOOK": stage}, is_cancellable=not is_last_word
            )
        finally:
            watch.current = None
        if not ended.went_well:
            text = _("the program {program} of {stage} {verdict}")
            key = stage.replace("-", "_")
            message = text.format(program=self._beside.name_of(argv), stage=key, verdict=ended.verdict)
            raise HookFailed(message, hint=_("its output: tui-backup attach {run}").format(run=self._scope.run_id))

    def _result(self) -> dict[str, str]:
        """Return what is known of a backup once it is there."""
        taken = self.taken
        if taken is None:
            return {}
        facts = {
            "TUI_BACKUP_REPOSITORY": taken.repository,
            "TUI_BACKUP_STATUS": taken.status,
            "TUI_BACKUP_SNAPSHOT": taken.snapshot,
            "TUI_BACKUP_SIZE": taken.bytes_processed,
            "TUI_BACKUP_ADDED": taken.bytes_added,
            "TUI_BACKUP_MESSAGE": taken.message,
        }
        return {name: "" if value is None else str(value) for name, value in facts.items()}
