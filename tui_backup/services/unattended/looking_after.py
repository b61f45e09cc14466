"""Looking after what is no run: done each time that somebody looks at what is due."""

from typing import TYPE_CHECKING

from tui_backup.primitives.clock import now
from tui_backup.services.alerts.clocks import heed_clock
from tui_backup.services.programs.left_stopped import start_what_is_left

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


def look_after(workspace: "Workspace") -> None:
    """Start what dead runs left stopped, keep the metrics fresh, and tell others what is wrong though nothing ran.

    Whether the clock was set is looked at before.

    Takes as long as others take to answer, within their limits.
    """
    start_what_is_left(workspace)
    heed_clock(workspace.history, now())
    if workspace.config.metrics_file is not None:
        from tui_backup.services.status.metrics_file import refresh_metrics

        refresh_metrics(workspace)
    if workspace.config.notifiers:
        from tui_backup.services.alerts.telling import tell

        tell(workspace)
