"""The metrics file: written for node_exporter's textfile collector, or whoever else reads it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui_backup.errors import BackupError
from tui_backup.primitives.atomic import write_whole
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.services.status.metrics import metrics
from tui_backup.services.status.overview import report

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

REFRESH_S: Final = 15 * 60
"""How old the file may get where nothing runs; without that nobody would see in it that a job is overdue."""

_MODE: Final = 0o644
_PATIENCE_S: Final = 2.0
_LOOK_S: Final = 0.02


def write_metrics(workspace: "Workspace", present: datetime | None = None) -> BackupError | None:
    """Write the file where the configuration wants one; return why that was not possible. Never raises.

    Who reads it meanwhile sees the old one or the new one; everybody may read it.
    """
    path = workspace.config.metrics_file
    if path is None:
        return None
    try:
        with _one_at_a_time(workspace.state_dir):
            write_whole(path, _content(workspace, present or now()), mode=_MODE)
    except OSError as error:
        message = _("the metrics file {path} cannot be written: {reason}")
        return BackupError(message.format(path=path, reason=reason_of(error)))
    except BackupError as error:
        return error
    return None


def refresh_metrics(workspace: "Workspace", present: datetime | None = None) -> None:
    """Do the same if the file is missing, old, or of the future: cheap enough to be asked every minute.

    What goes wrong is in the log alone, so that cron has nothing to send.
    """
    path, time_ = workspace.config.metrics_file, present or now()
    if path is None:
        return
    with suppress(OSError):
        if 0 <= time_.timestamp() - os.stat(path).st_mtime < REFRESH_S:
            return
    failure = write_metrics(workspace, time_)
    if failure is not None:
        workspace.log.warning(failure.message)


def _content(workspace: "Workspace", present: datetime) -> bytes:
    status = report(workspace.config, workspace.history, workspace.state_dir, present)
    return metrics(workspace.config, workspace.history, status, present)


@contextmanager
def _one_at_a_time(state_dir: Path) -> Iterator[None]:
    """Let the process that looked last be the one that writes last, as far as that can be had.

    One that hangs is not waited for, and a state that cannot be written keeps nobody from telling so.
    """
    try:
        descriptor = os.open(state_dir / "metrics.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    try:
        until = time.monotonic() + _PATIENCE_S
        while not _taken(descriptor) and time.monotonic() < until:
            time.sleep(_LOOK_S)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
