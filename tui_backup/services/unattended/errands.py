"""Errands: one thing that is due, carried out by whoever has the claim to it, as often as its job asks for."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from tui_backup.errors import BackupError, Cancelled, Incomplete, JobRunning
from tui_backup.model.run import RunStatus
from tui_backup.model.schedule import SCHEDULED, What
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment
from tui_backup.services.backup.backups import BackupOptions, Outcome, is_worth_another, run_jobs
from tui_backup.services.programs.requirements import unmet
from tui_backup.services.runs.run_scope import Admission, RunScope
from tui_backup.services.storage.snapshots import Trouble
from tui_backup.services.unattended.claims import Attempt, Claim, Stage, release_all, take_all
from tui_backup.services.unattended.ended import Ended, StateUnusable
from tui_backup.services.unattended.lanes import Lane, Rank
from tui_backup.services.unattended.upkeep_turns import reclaim, verify_share

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

REPEATED: Final = 1
"""How often a moment is run again because the process that ran it has died."""

_AGAIN_S: Final = (0.1, 5.0)
"""How often somebody who waits for a repository looks whether it is free: at first, and after a while."""


class Errand:
    """One thing that is due, in hand of this process."""

    def __init__(self, workspace: "Workspace", attempt: Attempt, claim: Claim, lane: Lane, rank: Rank) -> None:
        """`attempt` says what is to be done, and what is known of those who tried before.

        The lane is kept from now on from those who are to come later.
        """
        self.attempt = attempt
        self._workspace = workspace
        self._claim = claim
        self._lane = lane
        self._rank = rank
        self._job = workspace.config.jobs[attempt.trigger.job]
        self._parts = dict(attempt.parts)
        lane.expect(rank)

    def carry_out(self) -> Ended:
        """Do what is due, and note that it is over; what was told to stop with the process stays due."""
        try:
            return self._carried_out()
        finally:
            self._lane.expect_no_more(self._rank)

    def _carried_out(self) -> Ended:
        if self.attempt.deaths > REPEATED:
            return self._over([Trouble("", _given_up(self.attempt))])
        if unmet(self._job) is not None:
            return self._ended((), is_put_off=True)
        does = {What.BACKUP: self._back_up, What.VERIFY: self._verify, What.PRUNE: self._prune}
        try:
            troubles = does[self.attempt.trigger.what]()
        except _PutOff:
            self._note(Stage.WITHDRAWN)
            return self._ended((), is_put_off=True)
        except BackupError as error:
            troubles = [Trouble("", error)]
        if any(isinstance(each.error, StateUnusable) for each in troubles):
            return self._ended(troubles)
        if self._workspace.cancel.cancelled and any(isinstance(each.error, Cancelled) for each in troubles):
            self._note(Stage.WITHDRAWN)
            return self._ended(troubles)
        return self._over(troubles)

    def _over(self, troubles: list[Trouble]) -> Ended:
        self._workspace.history.note_moment(self.attempt.trigger, self.attempt.moment)
        self._note(Stage.OVER)
        return self._ended(troubles)

    def _ended(self, troubles: list[Trouble] | tuple[()], *, is_put_off: bool = False) -> Ended:
        return Ended(
            trigger=self.attempt.trigger,
            moment=self.attempt.moment,
            troubles=tuple(troubles),
            is_put_off=is_put_off,
        )

    def _back_up(self) -> list[Trouble]:
        timing = self._job.timing
        wait_s, words = random.SystemRandom().uniform(0, timing.delay_s), _("begins at {time}")
        for left in reversed(range(timing.retry.attempts)):
            outcome = self._backed_up(wait_s, words, timing.retry.wait_s if left else None)
            if isinstance(outcome.error, JobRunning):
                raise _PutOff
            if not left or isinstance(outcome.error, StateUnusable) or not is_worth_another(outcome):
                break
            wait_s, words = timing.retry.wait_s, _("tries again at {time}")
        return _troubles_of(outcome)

    def _backed_up(self, wait_s: float, words: str, retry_s: float | None) -> Outcome:
        """Back up once; while it waits, for its time or its turn, the run is there to be seen and cancelled."""

        kind = self.attempt.trigger.label or SCHEDULED
        options = BackupOptions(kind=kind, admission=self._admission(wait_s, words), retry_s=retry_s)
        (outcome,) = run_jobs(self._workspace, [self._job], options)
        return outcome

    def _verify(self) -> list[Trouble]:
        return verify_share(self._workspace, self._job, self._parts, self._admission())

    def _prune(self) -> list[Trouble]:
        return reclaim(self._workspace, self._job, self._admission())

    def _admission(self, wait_s: float = 0, words: str = "") -> Admission:
        """Return what a run waits for, there to be seen and cancelled: its time, as `words` say, then its turn."""

        @contextmanager
        def admission(scope: RunScope) -> Iterator[None]:
            if wait_s:
                self._lane.expect_no_more(self._rank)
                _tell(scope, words.format(time=moment(now() + timedelta(seconds=wait_s))))
                scope.rest(wait_s)
            with self._turn(scope):
                scope.admit()
                yield

        return admission

    @contextmanager
    def _turn(self, scope: RunScope) -> Iterator[None]:
        """Have the lane and the repositories of the job for a run, and note that the moment has begun.

        Waits for as long as it takes: who went away might do so just as the other one looks for the last time.
        """
        again_s, told = _AGAIN_S[0], set[str]()

        def tell(message: str) -> None:
            if message not in told:
                told.add(message)
                _tell(scope, message)

        behind = _("waits for its turn: what is due is done one after the other")
        taken_by_others = _("waits until nobody else is at work in {names}").format(
            names=", ".join(self._job.repositories)
        )
        while True:
            with self._lane.turn(self._rank, scope.check_wish, lambda: tell(behind)):
                taken = self._begun()
                if taken is not None:
                    try:
                        yield
                    finally:
                        release_all(taken)
                    return
            tell(taken_by_others)
            scope.rest(again_s)
            again_s = min(2 * again_s, _AGAIN_S[1])

    def _begun(self) -> list[Claim] | None:
        """Return the claims to the repositories of the job, and note that the moment has begun; None: not yet."""
        taken: list[Claim] | None = None
        try:
            taken = take_all(self._workspace.state_dir, [f"repository.{name}" for name in self._job.repositories])
            if taken is not None:
                self._claim.note(self.attempt)
        except OSError as error:
            release_all(taken or ())
            raise StateUnusable.for_(self._workspace.state_dir, error) from error
        return taken

    def _note(self, stage: Stage) -> None:
        try:
            self._claim.note(msgspec.structs.replace(self.attempt, stage=stage, parts=self._parts))
        except OSError as error:
            self._workspace.log.warning(StateUnusable.for_(self._workspace.state_dir, error).message)


class _PutOff(Exception):
    """Somebody runs the job by hand."""


def _tell(scope: RunScope, message: str) -> None:
    if scope.watch.on_wait is not None:
        scope.watch.on_wait(message)


def _given_up(attempt: Attempt) -> BackupError:
    text = _("what was due at {time} has ended {count} times without a result, and is not tried again")
    hint = f"tui-backup history --job {attempt.trigger.job}"
    return BackupError(text.format(time=moment(attempt.moment), count=attempt.deaths), hint=hint)


def _troubles_of(outcome: Outcome) -> list[Trouble]:
    troubles = list(outcome.troubles)
    finished = outcome.finished
    if finished is not None and finished.status == RunStatus.INCOMPLETE:
        hint = f"tui-backup history --job {outcome.job}"
        message = _("incomplete: {reason}").format(reason=finished.message)
        troubles.append(Trouble(finished.repository or "", Incomplete(message, hint=hint)))
    ending = () if outcome.error is None else (outcome.error,)
    return [*troubles, *(Trouble("", error) for error in (*outcome.beside, *ending))]
