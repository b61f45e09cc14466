"""Where runs are noted, and who hears of them: what a run asks of the workspace that it belongs to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tui_backup.history.history import History
from tui_backup.model.run import Run
from tui_backup.primitives.cancel import CancelToken
from tui_backup.services.bus import EventBus
from tui_backup.services.log import ProgramLog


class Desk(Protocol):
    """Where runs are noted; a workspace is one."""

    @property
    def state_dir(self) -> Path:
        """The state directory of the configuration."""
        ...

    @property
    def history(self) -> History:
        """The record of what happened."""
        ...

    @property
    def bus(self) -> EventBus:
        """Who hears about it."""
        ...

    @property
    def log(self) -> ProgramLog:
        """What happened, for people and programs that watch over this one."""
        ...

    @property
    def cancel(self) -> CancelToken:
        """Set when every run that is noted here is to stop."""
        ...

    def run_began(self, run: Run) -> None:
        """Hear that a run has begun; raises nothing, and does not take long."""
        ...

    def run_ended(self, rows: Sequence[Run]) -> None:
        """Hear that a run is over, with its result in the record: a row for each repository; raises nothing."""
        ...
