"""Runs going on now, whoever started them: listed, followed and cancelled from any process."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from tui_backup.errors import BackupError
from tui_backup.model.event import Ending, Event, Progressed
from tui_backup.model.run import Verb
from tui_backup.primitives.cancel import CancelToken
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.services.runs import reaper, run_directory
from tui_backup.services.runs.control import request_cancel
from tui_backup.services.runs.event_log import last_progress, note_going_on, read_abridged, read_events, waiting_for

_LOOK_S = 0.1


class RunningRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is going on."""

    run: str
    verb: Verb
    job: str | None
    repository: str | None
    kind: str | None
    pid: int
    started: datetime
    heartbeat: datetime | None
    """When its process last showed that it lives."""
    progress: Progressed | None
    """How far it is; None before it has said so."""
    waiting: str | None = None
    """For what it waits before it works."""


class Trail:
    """What one run says, read from its log as that grows; for one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Begin with the first event of a run's directory; raises BackupError where its log cannot be read."""
        self.is_over = False
        """Whether there is nothing more to come."""
        self.has_died = False
        """Whether its process ended without saying how the run did."""
        self._path = path
        self._at = 0
        self._ended = False
        self._left = list[str | None]()
        _events_of(path).close()

    def news(self) -> Iterator[Event]:
        """Yield what it has said since; of a run whose process died, at the end, that it failed."""
        alive = run_directory.is_alive(self._path)
        with self._log() as file:
            for event in read_events(file):
                self._note(event)
                yield event
        if not alive:
            self.is_over = True
            yield from self._deaths()

    def so_far(self, most: int) -> list[Event]:
        """Return what it has said, cut short: where it began and ended, the last `most` of the rest, its progress."""
        with self._log() as file:
            events = read_abridged(file, most)
        for event in events:
            self._note(event)
        return events

    @contextmanager
    def _log(self) -> Iterator[BinaryIO]:
        with _events_of(self._path) as file:
            file.seek(self._at)
            try:
                yield file
            finally:
                self._at = file.tell()

    def _note(self, event: Event) -> None:
        self._ended = self._ended or isinstance(event, Ending)
        note_going_on(self._left, event)

    def _deaths(self) -> list[Ending]:
        header = run_directory.header(self._path)
        if header is None or (self._ended and not self._left):
            return []
        self.has_died = True
        return reaper.deaths(reaper.run_of(header), self._left or [header.repository], self._path)


def list_runs(state_dir: Path) -> list[RunningRun]:
    """Return the runs that are going on, oldest first."""
    found = (_running(path) for path in run_directory.directories(state_dir) if run_directory.is_alive(path))
    return [run for run in found if run is not None]


def attach(state_dir: Path, run_id: str, stop: CancelToken | None = None) -> Iterator[Event]:
    """Yield everything a run says, from its beginning to its end; `stop` ends that earlier.

    The id may be cut short. The log of a run that has ended is yielded whole; one whose process died ends as failed.

    Raises:
        BackupError: no run, or several, have that id.
    """
    return _follow(directory_of(state_dir, run_id), stop or CancelToken())


def cancel(state_dir: Path, run_id: str) -> str:
    """Ask a run to stop; return its full id. It ends a moment later. The id may be cut short.

    Raises:
        BackupError: no run, or several, have that id; it has ended; or nobody answers.
    """
    path = directory_of(state_dir, run_id)
    if not run_directory.is_alive(path):
        raise BackupError(_("run {run} has already ended").format(run=path.name))
    request_cancel(path)
    return path.name


def _running(path: Path) -> RunningRun | None:
    header = run_directory.header(path)
    if header is None:
        return None
    return RunningRun(
        run=header.run,
        verb=header.verb,
        job=header.job,
        repository=header.repository,
        kind=header.kind,
        pid=header.owner.pid,
        started=header.started,
        heartbeat=run_directory.last_beat(path),
        progress=last_progress(path / "events.jsonl"),
        waiting=waiting_for(path / "events.jsonl"),
    )


def directory_of(state_dir: Path, run_id: str) -> Path:
    """Return the directory of a run; the id may be cut short.

    Raises:
        BackupError: no run, or several, have that id.
    """
    found = [path for path in run_directory.directories(state_dir) if run_id and path.name.startswith(run_id)]
    exact = [path for path in found if path.name == run_id]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        message = _("several runs begin with {id}").format(id=run_id)
        raise BackupError(message, hint=", ".join(path.name for path in found))
    hint = _("tui-backup runs lists what is going on, tui-backup history what has ended")
    raise BackupError(_("there is no run {id}").format(id=run_id), hint=hint)


def _events_of(path: Path) -> BinaryIO:
    try:
        return (path / "events.jsonl").open("rb")
    except OSError as error:
        message = _("the log of run {run} cannot be read: {reason}")
        raise BackupError(message.format(run=path.name, reason=reason_of(error))) from error


def _follow(path: Path, stop: CancelToken) -> Iterator[Event]:
    trail = Trail(path)
    while not (trail.is_over or stop.cancelled):
        yield from trail.news()
        if not trail.is_over:
            stop.wait(_LOOK_S)
