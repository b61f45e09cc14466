"""The due runner: what `daemon` does, for as long as somebody leaves it on, and with launches that everybody sees."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Final

from tui_backup.config.settings import Config
from tui_backup.errors import BackupError
from tui_backup.model.locking import Locking
from tui_backup.model.schedule import Trigger, What
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import ngettext
from tui_backup.services.alerts.unwatched import note_look
from tui_backup.services.launches import Launch, Launches
from tui_backup.services.programs.requirements import unmet
from tui_backup.services.schedule.due import Due, next_moments
from tui_backup.services.unattended.ended import PATIENCE_S, Ended
from tui_backup.services.unattended.lanes import Lane
from tui_backup.services.unattended.looking_after import look_after
from tui_backup.services.unattended.scheduling import Clock, Scheduler, ask_unseen, to_do
from tui_backup.services.workspace import Workspace

LOOKS_S: Final = 60.0
"""How long it sleeps at most: so late it sees that the clock was set, or that the machine was asleep."""


class DueRunner:
    """Runs what is due, once it was switched on. Its methods may be called from any thread, and wait for nobody."""

    def __init__(
        self,
        config: Callable[[], Config],
        launches: Launches,
        ended: Callable[[Launch], None],
        troubled: Callable[[str], None],
        clock: Clock = now,
    ) -> None:
        """`config` is asked before each look; `ended` hears of launches, `troubled` what keeps it from its work, once.

        Both are called on other threads. The result of a launch is what became of each thing, a list of `Ended`.
        """
        self._config = config
        self._launches = launches
        self._ended = ended
        self._troubled = troubled
        self._clock = clock
        self._lock = threading.Lock()
        self._stop: threading.Event | None = None
        self._lane = Lane()
        self._held = set[Trigger]()
        """What its launches have in hand."""
        self._is_tending = False
        self._troubles = dict[str, str]()
        """What was told last, by what it is about."""

    @property
    def is_on(self) -> bool:
        """Whether it runs what is due."""
        return self._stop is not None

    def start(self) -> None:
        """Run what is due from now on."""
        with self._lock:
            if self._stop is None:
                self._stop = threading.Event()
                threading.Thread(target=self._work, args=(self._stop,), name="due runner", daemon=True).start()

    def stop(self) -> None:
        """Begin nothing any more; what goes on is a launch, and goes on."""
        with self._lock:
            if self._stop is not None:
                self._stop.set()
                self._stop = None

    def _work(self, stop: threading.Event) -> None:
        workspace: Workspace | None = None
        try:
            while not stop.is_set():
                config = self._config()
                if workspace is None or workspace.config is not config:
                    _close(workspace)
                    workspace = Workspace(config)
                stop.wait(self._look(workspace, stop))
        finally:
            _close(workspace)

    def _look(self, workspace: Workspace, stop: threading.Event) -> float:
        """Launch what is due, and have the rest looked after; return after how many seconds to look again."""
        try:
            present = self._clock()
            note_look(workspace.history, present)
            found = to_do(workspace, present, self._held)
            ready = [each for each in found if unmet(workspace.config.jobs[each.job]) is None]
            if ready:
                self._launch(workspace.config, ready, stop)
            coming = [each for upcoming in next_moments(workspace.config, present, 1) for each in upcoming.moments]
        except Exception as error:  # noqa: BLE001 - whatever is wrong now may be right in a minute
            self._tell_once("look", workspace.told(error).message)
            return LOOKS_S
        self._tell_once("look", "")
        self._tend(workspace.config)
        return min([LOOKS_S, *((each - present).total_seconds() for each in coming)])

    def _launch(self, config: Config, found: Sequence[Due], stop: threading.Event) -> None:
        triggers = {each.trigger for each in found}
        jobs = list(dict.fromkeys(each.job for each in found))
        title = ngettext("Scheduled run of {job}", "Scheduled runs of {count} jobs", len(jobs))

        def over(launch: Launch) -> None:
            self._held -= triggers
            self._tell_once("launch", launch.error.message if launch.error else "")
            self._ended(launch)

        with self._lock:
            if not stop.is_set():
                self._held |= triggers
                title = title.format(job=jobs[0], count=len(jobs))
                self._launches.start(config, title, self._carry_out, over, is_shared=True)

    def _carry_out(self, workspace: Workspace) -> list[Ended]:
        """Do what is due and in nobody's hands, in the workspace of a launch."""
        workspace.locking = Locking(retry_s=PATIENCE_S)
        results = SimpleQueue[Ended]()
        with Scheduler(workspace, dict.fromkeys(What, self._lane), results.put, self._clock) as scheduler:
            return [results.get() for _each in range(scheduler.look().begun)]

    def _tend(self, config: Config) -> None:
        """Have a thread do what else is to be done now and then, unless one still does."""
        if not self._is_tending:
            self._is_tending = True
            threading.Thread(target=self._look_after, args=(config,), name="tend", daemon=True).start()

    def _look_after(self, config: Config) -> None:
        workspace = Workspace(config)
        try:
            ask_unseen(workspace)
            look_after(workspace)
        except Exception as error:  # noqa: BLE001 - whatever is wrong now may be right in a minute
            self._tell_once("tend", workspace.told(error).message)
        else:
            self._tell_once("tend", "")
        finally:
            self._is_tending = False
            _close(workspace)

    def _tell_once(self, about: str, trouble: str) -> None:
        """Tell of trouble that each look meets again; nothing: it is over."""
        if self._troubles.get(about, "") != trouble:
            self._troubles[about] = trouble
            if trouble:
                self._troubled(trouble)


def _close(workspace: Workspace | None) -> None:
    """Close a workspace in which nothing was run; what cannot be closed any more is of no use to anybody."""
    if workspace is not None:
        with suppress(BackupError):
            workspace.close()
