"""The daemon: what `--run-scheduled` does each time it is called, for as long as the process lives.

One thread looks at the clock, hears signals and tells systemd that it lives; it asks nobody who could keep it waiting.
Runs, and whatever else takes a while, have threads of their own.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum, auto
from queue import Empty, SimpleQueue
from typing import Final

from tui_backup.config.settings import Config
from tui_backup.errors import BackupError
from tui_backup.model.locking import Locking
from tui_backup.model.schedule import What
from tui_backup.primitives.clock import now
from tui_backup.primitives.hurry import hurry
from tui_backup.primitives.i18n import _, ngettext
from tui_backup.primitives.service_manager import ServiceManager
from tui_backup.primitives.text import moment
from tui_backup.services.bus import EventBus
from tui_backup.services.schedule.due import next_moments
from tui_backup.services.unattended.ended import PATIENCE_S, Ended
from tui_backup.services.unattended.lanes import Lane
from tui_backup.services.unattended.looking_after import look_after
from tui_backup.services.unattended.scheduling import Scheduler, ask_unseen
from tui_backup.services.workspace import Workspace

WAKES_S: Final = 60.0
"""How long it sleeps at most: so late it sees that the clock was set, or that the machine was asleep."""

_LOOKS: Final = timedelta(minutes=15)
"""How long it does not look at what is due if nothing comes due."""


class Ask(Enum):
    """What a signal asks for."""

    RELOAD = auto()
    STOP = auto()


class _Tending(Enum):
    """What is done now and then beside runs; what a thread says that has done it."""

    LOOKING_AFTER = auto()
    ASKING = auto()
    """Repositories are asked what they hold: one may never answer, and must not keep the other from being done."""


class _Desk:
    """What belongs to one configuration, and how many threads are at work there.

    Backups, upkeep and the rest have a workspace each, so that none waits for a repository that another one opens.
    """

    def __init__(self, config: Config, bus: EventBus, warned: Callable[[str], None]) -> None:
        self.workspace, backups, upkeep = (self.made(config, bus, warned) for _each in range(3))
        self.places = {What.BACKUP: backups, What.VERIFY: upkeep, What.PRUNE: upkeep}
        self.workspaces = (self.workspace, backups, upkeep)
        self.users = 0
        self.is_used = False

    def cancel(self) -> None:
        """Have everything end soon."""
        for workspace in self.workspaces:
            workspace.cancel.cancel()

    @staticmethod
    def made(config: Config, bus: EventBus, warned: Callable[[str], None]) -> Workspace:
        """Return a workspace that waits for locks, and warns."""
        workspace = Workspace(config, bus)
        workspace.locking = Locking(retry_s=PATIENCE_S)
        workspace.on_warning = warned
        return workspace


class Daemon:
    """Carries out what is due until it is asked to stop; `ask` may be called by signal handlers."""

    def __init__(
        self, load: Callable[[], Config], manager: ServiceManager, bus: EventBus, told: Callable[[Ended | str], None]
    ) -> None:
        """`told` hears, on the thread of `run`, what became of each thing, and what is worth a warning.

        Raises:
            BackupError: there is no configuration, or it cannot be worked with.
        """
        self._load = load
        self._manager = manager
        self._bus = bus
        self._told = told
        self._heard = SimpleQueue[Ask | str | tuple[_Desk, Ended | _Tending]]()
        upkeep = Lane()
        self._lanes = {What.BACKUP: Lane(), What.VERIFY: upkeep, What.PRUNE: upkeep}
        self._desk = self._opened(load())
        self._former: list[_Desk] = []
        self._in_hand = 0
        self._is_stopping = False
        self._tending = set[_Tending]()
        self._tended_at = float("-inf")
        self._next_look = datetime.min.replace(tzinfo=now().tzinfo)
        self._looked_at = now()
        self._trouble = ""

    def ask(self, wish: Ask) -> None:
        """Have the daemon do something as soon as it can."""
        self._heard.put(wish)

    def run(self) -> None:
        """Work until somebody asks for the stop, and everything that was begun has ended."""
        self._look()
        self._manager.ready(self._status())
        while not self._is_stopping:
            self._hear(self._pause_s())
            if self._must_look():
                self._look()
            if time.monotonic() - self._tended_at >= WAKES_S:
                self._tend()
        self._end()

    def _pause_s(self) -> float:
        """Return for how long there is nothing to do."""
        until_moment = (self._next_look - now()).total_seconds()
        return max(0.0, min(until_moment, WAKES_S, self._sign_s()))

    def _sign_s(self) -> float:
        """Return how often a sign of life is given, so that the watchdog misses none."""
        return (self._manager.watchdog_s or 2 * WAKES_S) / 3

    def _hear(self, timeout_s: float) -> None:
        """Sleep until somebody says something, at most so long, and do what they say."""
        self._manager.alive()
        try:
            said = self._heard.get(timeout=timeout_s)
        except Empty:
            return
        match said:
            case Ask.RELOAD:
                self._reload()
            case Ask.STOP:
                self._is_stopping = True
            case str():
                self._told(said)
            case (desk, what):
                self._left(desk, what)

    def _left(self, desk: _Desk, what: "Ended | _Tending") -> None:
        """Note that a thread has ended; a workspace in which nobody works any more is closed."""
        if isinstance(what, _Tending):
            self._tending.remove(what)
        if what is _Tending.ASKING:
            return
        desk.users -= 1
        if isinstance(what, Ended):
            self._in_hand -= 1
            again_at = now() + timedelta(seconds=WAKES_S) if what.is_put_off else now()
            self._next_look = min(self._next_look, again_at)
            self._tended_at = float("-inf")
            if not what.is_put_off:
                self._told(what)
        if not desk.users and (desk is not self._desk or desk.is_used):
            self._close(desk)

    def _must_look(self) -> bool:
        """Whether a moment has come, or the clock is not where it should be."""
        present = now()
        return not self._is_stopping and (present >= self._next_look or present < self._looked_at)

    def _look(self) -> None:
        """Take what is due in hand, and find out when the next look is."""
        desk, present = self._desk, now()
        self._looked_at = present
        self._next_look = present + timedelta(seconds=WAKES_S)
        scheduler = Scheduler(
            desk.workspace, self._lanes, lambda ended: self._heard.put((desk, ended)), places=desk.places
        )
        try:
            look = scheduler.look()
            coming = [each for upcoming in next_moments(desk.workspace.config, present, 1) for each in upcoming.moments]
        except Exception as error:  # noqa: BLE001 - whatever is wrong now may be right in a minute
            self._tell_once(desk.workspace.told(error).message)
            return
        self._trouble = ""
        desk.users += look.begun
        desk.is_used = desk.is_used or bool(look.begun)
        self._in_hand += look.begun
        if not look.elsewhere:
            self._next_look = min([present + _LOOKS, *coming])
        self._manager.status(self._status())

    def _tend(self) -> None:
        """Have threads do what else is to be done now and then, unless they still do."""
        self._tended_at = time.monotonic()
        does = {_Tending.LOOKING_AFTER: self._look_after, _Tending.ASKING: self._ask}
        for what in does.keys() - self._tending:
            self._tending.add(what)
            if what is not _Tending.ASKING:
                self._desk.users += 1
            args = (does[what], self._desk, what)
            threading.Thread(target=self._do_beside, args=args, name="tend", daemon=True).start()

    def _do_beside(self, act: Callable[[_Desk], None], desk: _Desk, what: _Tending) -> None:
        try:
            act(desk)
        except Exception as error:  # noqa: BLE001 - whatever is wrong now may be right in a minute
            self._heard.put(desk.workspace.told(error).message)
        finally:
            self._heard.put((desk, what))

    @staticmethod
    def _look_after(desk: _Desk) -> None:
        for workspace in desk.workspaces:
            look_after(workspace)

    def _ask(self, desk: _Desk) -> None:
        """Ask in a workspace of its own, whose repositories are closed afterwards."""
        with _Desk.made(desk.workspace.config, self._bus, self._heard.put) as workspace:
            ask_unseen(workspace)

    def _reload(self) -> None:
        """Read the configuration again; what goes on ends by the old one, and one that is wrong changes nothing."""
        self._manager.reloading()
        try:
            desk = self._opened(self._load())
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a new one, the former one works
            text = _("the configuration was not taken over, the former one stays: {reason}")
            self._told(text.format(reason=self._desk.workspace.told(error).message))
        else:
            self._leave(desk)
            self._look()
            self._tended_at = float("-inf")
        self._manager.ready(self._status())

    def _leave(self, desk: _Desk) -> None:
        """Go on with another desk."""
        former, self._desk = self._desk, desk
        self._former.append(former)
        if not former.users:
            self._close(former)

    def _close(self, desk: _Desk) -> None:
        """Close a workspace, so that no repository stays open for longer than it is used."""
        if desk is self._desk and not self._is_stopping:
            self._desk = _Desk(desk.workspace.config, self._bus, self._heard.put)
        elif desk in self._former:
            self._former.remove(desk)
        threading.Thread(target=self._put_away, args=(desk,), name="close").start()

    def _put_away(self, desk: _Desk) -> None:
        """Close workspaces, which may take a while: others are told how runs ended."""
        for workspace in desk.workspaces:
            try:
                workspace.close()
            except BackupError as error:
                self._heard.put(error.message)

    def _opened(self, config: Config) -> _Desk:
        """Return a desk; raises BackupError where its state cannot be used."""
        desk = _Desk(config, self._bus, self._heard.put)
        assert desk.workspace.state_dir
        return desk

    def _end(self) -> None:
        """Cancel what goes on, and wait until it has ended."""
        self._manager.stopping()
        hurry()
        for desk in (self._desk, *self._former):
            desk.cancel()
        while self._in_hand:
            self._hear(self._sign_s())
        if not self._desk.users:
            self._close(self._desk)

    def _status(self) -> str:
        """Return in a few words what goes on, for `systemctl status`."""
        if self._in_hand:
            return ngettext("{count} thing in hand", "{count} things in hand", self._in_hand).format(
                count=self._in_hand
            )
        coming = [each for upcoming in next_moments(self._desk.workspace.config, now(), 1) for each in upcoming.moments]
        if not coming:
            return _("nothing is scheduled")
        return _("next: {time}").format(time=moment(min(coming)))

    def _tell_once(self, trouble: str) -> None:
        """Tell of trouble that each look meets again."""
        if trouble != self._trouble:
            self._trouble = trouble
            self._told(trouble)
