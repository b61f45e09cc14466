"""Scheduling: what is due is carried out, each thing once, whoever else looks at the same time.

A look claims everything that is due at once, so that whoever looks next, in any process, sees that it is in hand. Each
thing then has a thread that waits for its turn in a lane: backups go before verifications, these before pruning.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from queue import SimpleQueue
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from tui_backup.errors import BackupError, RepositoryMissing
from tui_backup.model.schedule import Trigger, What
from tui_backup.primitives.clock import now
from tui_backup.services.alerts.unwatched import note_look
from tui_backup.services.schedule.due import Due, due, is_due, triggers_of, unseen_repositories
from tui_backup.services.storage.snapshots import Trouble
from tui_backup.services.unattended.claims import Attempt, Claim, Stage, unfinished
from tui_backup.services.unattended.ended import Ended, StateUnusable
from tui_backup.services.unattended.lanes import Lane

if TYPE_CHECKING:
    from tui_backup.services.unattended.errands import Errand
    from tui_backup.services.workspace import Workspace

Clock = Callable[[], datetime]

_LOOKS_S = 60.0
"""How often whoever has much in hand looks what else has come due."""

_ORDER = tuple(What)
_numbers = count()


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at the clock has led to."""

    begun: int
    """How many things were taken in hand."""
    elsewhere: tuple[str, ...]
    """Names of the jobs of which something is in hand of somebody else."""


class Scheduler:
    """Carries out what is due by one configuration, in threads of its own."""

    def __init__(
        self,
        workspace: "Workspace",
        lanes: Mapping[What, Lane],
        ended: Callable[[Ended], None],
        clock: Clock = now,
        places: "Mapping[What, Workspace] | None" = None,
    ) -> None:
        """`ended` hears, on any thread, what became of each thing that a look has begun.

        `places` are workspaces of the same configuration in which things are done: whoever opens a repository keeps
        the others in the same workspace waiting. None: all of them in `workspace`.
        """
        self._workspace = workspace
        self._places = places or dict.fromkeys(What, workspace)
        self._lanes = lanes
        self._ended = ended
        self._clock = clock
        self._going = set[threading.Thread]()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for all that was begun, which is cancelled where something went wrong."""
        if error is not None:
            self._workspace.cancel.cancel()
        for thread in tuple(self._going):
            thread.join()

    def look(self, passed_over: Collection[Trigger] = ()) -> Look:
        """Take what is due in hand, but for some triggers, and return at once.

        Raises:
            StateUnusable: nothing can be run, as nobody could know of it later.
        """
        begun, elsewhere, present = 0, dict[str, None](), self._clock()
        note_look(self._workspace.history, present)
        for each in to_do(self._workspace, present, passed_over):
            try:
                claim = Claim.take(self._workspace.state_dir, _name(each.trigger))
            except OSError as error:
                raise StateUnusable.for_(self._workspace.state_dir, error) from error
            if claim is None:
                elsewhere[each.job] = None
            elif self._begin(each, claim):
                begun += 1
        return Look(begun=begun, elsewhere=tuple(elsewhere))

    def _begin(self, each: Due, claim: Claim) -> bool:
        """Start what is due; return whether that was necessary: somebody may have done it since we looked."""
        attempt, history = _attempt(each, claim.last()), self._workspace.history
        if attempt.stage is Stage.OVER or not (attempt.deaths or is_due(each, history)):
            history.note_moment(each.trigger, each.moment)
            claim.release()
            return False
        from tui_backup.services.unattended.errands import Errand

        rank = (_ORDER.index(each.what), next(_numbers))
        errand = Errand(self._places[each.what], attempt, claim, self._lanes[each.what], rank)
        thread = threading.Thread(target=self._carry_out, args=(errand, claim), name=_name(each.trigger))
        self._going.add(thread)
        thread.start()
        return True

    def _carry_out(self, errand: "Errand", claim: Claim) -> None:
        try:
            ended = errand.carry_out()
        except Exception as error:  # noqa: BLE001 - a fault of ours must be told, and not end everything else
            fault = self._workspace.unexpected(error)
            attempt = errand.attempt
            ended = Ended(trigger=attempt.trigger, moment=attempt.moment, troubles=(Trouble("", fault),))
        finally:
            claim.release()
        self._ended(ended)
        self._going.discard(threading.current_thread())


def run_due(workspace: "Workspace", told: Callable[[tuple[str, ...]], None], clock: Clock = now) -> Iterator[Ended]:
    """Carry out what is due until nothing is, and yield what became of it; `told` hears what is in hand elsewhere.

    Whoever has called goes on to the end: `workspace.cancel` is what makes that come soon.

    Raises:
        StateUnusable: nothing can be run.
    """
    results = SimpleQueue[Ended]()
    ask_unseen(workspace)
    with Scheduler(workspace, dict.fromkeys(What, Lane()), results.put, clock) as scheduler:
        look, looked_at = scheduler.look(), monotonic()
        told(look.elsewhere)
        in_hand, passed_over = look.begun, set[Trigger]()
        while in_hand:
            ended = results.get()
            in_hand -= 1
            passed_over.add(ended.trigger)
            if not ended.is_put_off:
                yield ended
            if workspace.cancel.cancelled or (in_hand and monotonic() - looked_at < _LOOKS_S):
                continue
            looked_at = monotonic()
            in_hand += scheduler.look(passed_over).begun


def to_do(workspace: "Workspace", present: datetime, passed_over: Collection[Trigger] = ()) -> list[Due]:
    """Return what is due, of each job one thing of a kind, and what somebody began who may have died over it.

    In the order in which it is done; what is in somebody's hands is among it.
    """
    configured = {trigger for job in workspace.config.jobs.values() for trigger in triggers_of(job)}
    begun = unfinished(workspace.state_dir).values()
    found = due(workspace.config, workspace.history, present)
    known = {each.trigger for each in found}
    left = [
        Due(trigger=attempt.trigger, moment=attempt.moment, missed=0)
        for attempt in begun
        if attempt.trigger in configured - known
    ]
    chosen = dict[str, Due]()
    for each in (*left, *found):
        if each.trigger not in passed_over:
            chosen.setdefault(_name(each.trigger), each)
    return sorted(chosen.values(), key=lambda each: _ORDER.index(each.what))


def ask_unseen(workspace: "Workspace") -> None:
    """Ask the repositories what was run, where the record knows nothing of it; one that cannot be asked is left out.

    May take as long as it takes to reach them, which may be for ever: while one process asks, no other does.
    """
    names = unseen_repositories(workspace.config, workspace.history)
    if not names:
        return
    try:
        claim = Claim.take(workspace.state_dir, "asking")
    except OSError:
        return
    if claim is not None:
        try:
            _ask(workspace, names)
        finally:
            claim.release()


def _ask(workspace: "Workspace", names: Sequence[str]) -> None:
    for name in names:
        try:
            workspace.history.remember_snapshots(name, workspace.repository(name).snapshots())
        except RepositoryMissing:
            workspace.history.remember_snapshots(name, ())
        except BackupError as error:
            workspace.log.info(error.message)


def _name(trigger: Trigger) -> str:
    """Return the name of the claim to what a trigger makes due: a job has one thing of a kind in hand."""
    return f"{trigger.what}.{trigger.job}"


def _attempt(each: Due, last: Attempt | None) -> Attempt:
    """Return what is to be noted of a moment as it begins, given what was noted last."""
    fresh = Attempt(trigger=each.trigger, moment=each.moment, parts=last.parts if last else {})
    if last is None or (last.trigger, last.moment) != (each.trigger, each.moment) or last.stage is Stage.WITHDRAWN:
        return fresh
    if last.stage is Stage.OVER:
        return last
    return msgspec.structs.replace(fresh, deaths=last.deaths + 1)
