"""Seeing off: what the UI left going on, told as plain progress to its end."""

from collections.abc import Callable, Sequence

from tui_backup.cli.codes import OF_STATUS
from tui_backup.cli.following import EVERY_S
from tui_backup.cli.invocation import Invocation
from tui_backup.cli.progress import Progress
from tui_backup.model.event import Ending, Event, Progressed, Started
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import printable
from tui_backup.services.bus import EventBus
from tui_backup.services.launches import Launch

_NOTICED_S = 0.5
"""How soon most of what is cancelled has ended."""

SoFar = Callable[[str], Sequence[Event]]
"""Returns what was told of a run: with what it has begun, how far it is, how it has ended."""


def see_off(invocation: Invocation, launches: Sequence[Launch], bus: EventBus, so_far: SoFar) -> list[int]:
    """Tell of operations of this process until all have ended; return their exit codes."""
    party = _Party(invocation, launches)
    unsubscribe = bus.subscribe(party.hear)
    try:
        for launch in launches:
            for run in launch.runs:
                party.take_up(so_far(run))
        for launch in launches:
            party.watch(launch)
            _wait_for(invocation, launch)
            for ending in launch.endings:
                party.hear(ending)
    finally:
        unsubscribe()
        party.close()
    return [code for launch in launches for code in _codes(invocation, launch)]


def _wait_for(invocation: Invocation, launch: Launch) -> None:
    """Wait until an operation has ended; say so if that waits for it to notice that it was cancelled."""
    told = False
    while not launch.ended.wait(_NOTICED_S):
        if launch.is_cancelled and not told:
            told = True
            invocation.say(printable(_("{title}: is being cancelled").format(title=launch.title)))


class _Party:
    """Tells of several runs at once; those of one operation have the bar."""

    def __init__(self, invocation: Invocation, launches: Sequence[Launch]) -> None:
        self._invocation = invocation
        self._launches = launches
        self._each: dict[str, Progress] = {}
        self._told: list[Ending] = []
        self._watched: Launch | None = None

    def take_up(self, events: Sequence[Event]) -> None:
        """Go on with a run where the UI has left it."""
        self._told += [event for event in events if isinstance(event, Ending)]
        for event in events:
            if isinstance(event, Started | Progressed):
                self.hear(event)

    def watch(self, launch: Launch) -> None:
        """Give the bar to the runs of an operation."""
        self._watched = launch
        for run, progress in list(self._each.items()):
            self._invite(run, progress)

    def hear(self, event: Event) -> None:
        """Tell of an event, of an ending only once; called on the threads of runs. Those of others are passed over."""
        if not any(event.run in launch.runs for launch in self._launches):
            return
        if isinstance(event, Ending):
            if event in self._told:
                return
            self._told.append(event)
        if event.run not in self._each:
            verbose = self._invocation.verbose
            progress = Progress(
                quiet=self._invocation.quiet,
                all_warnings=verbose,
                outputs=verbose,
                every_s=EVERY_S if verbose else None,
            )
            self._each[event.run] = progress
            self._invite(event.run, progress)
        self._each[event.run].hear(event)

    def close(self) -> None:
        """Take the bar away."""
        self._invocation.progress = None
        for progress in self._each.values():
            progress.close()

    def _invite(self, run: str, progress: Progress) -> None:
        """Let a run have the bar if it is its turn."""
        if self._watched is not None and run in self._watched.runs:
            self._invocation.progress = progress
            progress.take_bar()
        else:
            progress.leave_bar()


def _codes(invocation: Invocation, launch: Launch) -> list[int]:
    """Return the exit codes of an operation; tell why it ended if nothing has yet."""
    codes = [OF_STATUS.get(ending.status, 1) for ending in launch.endings]
    error = launch.error
    if error is None:
        return codes
    was_told = error.hint is None and any(ending.message == error.message for ending in launch.endings)
    return [*codes, error.exit_code if was_told else invocation.fail(error, about=launch.title)]
