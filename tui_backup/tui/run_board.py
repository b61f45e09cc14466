"""The run board: what is known of every run that goes on, whoever started it, and of those that ended lately."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic

from tui_backup.model.event import (
    Ending,
    Event,
    Finished,
    Output,
    Progressed,
    Restored,
    Started,
    Tended,
    Verified,
    Waiting,
    Warned,
)
from tui_backup.services.runs.pace import Pace

LINES = 500
"""Events of one run that are at hand; its full log lies in the state."""

REMEMBERED = 20
"""Runs that have ended and are still known."""


@dataclass
class RunView:
    """One run, as far as it has told of itself."""

    run: str
    job: str | None = None
    repository: str | None = None
    progress: Progressed | None = None
    warnings: int = 0
    endings: list[Ending] = field(default_factory=list)
    """One for each repository that is done with."""
    going_on: set[str | None] = field(default_factory=set)
    """Repositories that it works on."""
    said: deque[Event] = field(default_factory=lambda: deque(maxlen=LINES))
    """What it said, but for its progress."""
    pace: Pace = field(default_factory=Pace)
    moved_at: float = 0.0
    """When it last said how far it is, by the clock of the board."""

    @property
    def is_going_on(self) -> bool:
        """Whether there is more to come."""
        return bool(self.going_on)


class RunBoard:
    """Keeps account of events; for the thread of the UI."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """`clock` gives seconds that only go forward."""
        self._clock = clock
        self._runs: dict[str, RunView] = {}

    @property
    def going_on(self) -> list[RunView]:
        """The runs that go on, oldest first."""
        return [view for view in self._runs.values() if view.is_going_on]

    @property
    def known(self) -> list[RunView]:
        """All that is still known of, oldest first."""
        return list(self._runs.values())

    def of_job(self, job: str) -> RunView | None:
        """Return the newest run of a job that goes on."""
        return next((view for view in reversed(self.going_on) if view.job == job), None)

    def run(self, run: str) -> RunView | None:
        """Return a run by its id."""
        return self._runs.get(run)

    def silence_s(self, view: RunView) -> float:
        """Return for how many seconds a run has not said how far it is; it does so as often as that changes."""
        return self._clock() - view.moved_at

    def so_far(self, run: str) -> list[Event]:
        """Return what somebody has to hear who takes a run up from here: with what it began last, and how far it is.

        How it has ended in other repositories comes first.
        """
        view = self._runs.get(run)
        if view is None:
            return []
        last = [] if view.progress is None else [view.progress]
        return [*view.endings, Started(run=run, job=view.job, repository=view.repository), *last]

    def hear(self, event: Event) -> RunView:
        """Take in what a run said; return what is known of it now."""
        view = self._runs.setdefault(event.run, RunView(event.run))
        match event:
            case Started():
                view.job, view.repository = event.job, event.repository
                view.going_on.add(event.repository)
                view.progress = None
                view.pace.clear()
            case Progressed():
                view.progress = event
                view.moved_at = self._clock()
                view.pace.add(event, view.moved_at)
                return view
            case Finished() | Verified() | Tended():
                view.endings.append(event)
                view.going_on.discard(event.repository)
            case Restored():
                view.endings.append(event)
                view.going_on.clear()
            case Warned():
                view.warnings += 1
            case Waiting() | Output():
                pass
        view.said.append(event)
        self._forget()
        return view

    def _forget(self) -> None:
        for run in list(self._superfluous()):
            del self._runs[run]

    def _superfluous(self) -> Iterator[str]:
        over = [view.run for view in self._runs.values() if not view.is_going_on]
        yield from over[:-REMEMBERED]
