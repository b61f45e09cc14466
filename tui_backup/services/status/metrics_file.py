"""The metrics file: written for node_exporter's textfile collector, or whoever else reads it.

It may lie on a disk that does not answer, so nobody here touches it: another process does, and is not waited for long.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tui_backup.errors import BackupError
from tui_backup.model.trouble import TroubleKind
from tui_backup.primitives.clock import now
from tui_backup.primitives.flock import lock_until
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.written_apart import write_apart
from tui_backup.services.metrics_note import MetricsNote, load_note, save_note
from tui_backup.services.status.metrics import metrics
from tui_backup.services.status.overview import report

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

REFRESH_S: Final = 15 * 60
"""How old the file may get where nothing runs; without that nobody would see in it that a job is overdue."""

_MODE: Final = 0o644
_PATIENCE_S: Final = 2.0
"""How long a process that looks at the same time is waited for, and how long the disk."""


def write_metrics(workspace: "Workspace", present: datetime | None = None) -> BackupError | None:
    """Write the file where the configuration wants one; return why that was not possible. Never raises.

    Who reads it meanwhile sees the old one or the new one; everybody may read it. Takes a few seconds at most.
    """
    path, time_ = workspace.config.metrics_file, present or now()
    if path is None:
        return None
    note = load_note(workspace.state_dir, path)
    try:
        with _one_at_a_time(workspace.state_dir):
            _write(workspace, path, time_)
    except OSError as error:
        message = _("the metrics file {path} cannot be written: {reason}")
        reason = _("its disk does not answer") if isinstance(error, TimeoutError) else reason_of(error)
        failure = BackupError(message.format(path=path, reason=reason))
    except BackupError as error:
        failure, reason = error, error.message
    else:
        save_note(workspace.state_dir, MetricsNote(path=path, written_at=time_))
        return None
    since = note.failing_since or time_
    save_note(workspace.state_dir, msgspec.structs.replace(note, failing_since=since, reason=reason))
    return failure


def refresh_metrics(workspace: "Workspace", present: datetime | None = None) -> None:
    """Do the same if the last time is long ago, or has not come yet: cheap enough to be asked every minute.

    What goes wrong is in the log and in the status alone, so that cron has nothing to send.
    """
    path, time_ = workspace.config.metrics_file, present or now()
    if path is None:
        return
    note = load_note(workspace.state_dir, path)
    is_fresh = note.written_at is not None and timedelta() <= time_ - note.written_at < timedelta(seconds=REFRESH_S)
    if is_fresh and note.failing_since is None:
        return
    failure = write_metrics(workspace, time_)
    if failure is not None and note.failing_since is None:
        workspace.log.warning(failure.message)


def _write(workspace: "Workspace", path: str, present: datetime) -> None:
    """Write the file, unless a process is stuck at it: that has the lock for as long as it is."""
    descriptor = _opened(workspace.state_dir / "metrics.writer")
    try:
        if descriptor is not None and not lock_until(descriptor):
            raise TimeoutError
        write_apart(path, _content(workspace, present), mode=_MODE, patience_s=_PATIENCE_S, held=descriptor)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _content(workspace: "Workspace", present: datetime) -> bytes:
    """Return what is to be written; whoever reads that knows that it could be."""
    status = report(workspace.config, workspace.history, workspace.state_dir, present)
    problems = tuple(each for each in status.problems if each.kind is not TroubleKind.METRICS)
    status = msgspec.structs.replace(status, problems=problems)
    return metrics(workspace.config, workspace.history, status, present)


@contextmanager
def _one_at_a_time(state_dir: Path) -> Iterator[None]:
    """Let the process that looked last be the one that writes last, as far as that can be had.

    One that hangs is not waited for, and a state that cannot be written keeps nobody from telling so.
    """
    descriptor = _opened(state_dir / "metrics.lock")
    if descriptor is None:
        yield
        return
    try:
        lock_until(descriptor, time.monotonic() + _PATIENCE_S)
        yield
    finally:
        os.close(descriptor)


def _opened(lock: Path) -> int | None:
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
