"""RunScope: what every long operation runs in, so that it is seen, can be stopped, and leaves a result.

    with run_scope(workspace, verb=Verb.BACKUP, job="site", repository="local", kind="manual") as scope:
        with scope.heeding_signals():
            snapshot = back_up(..., scope.watch)
        scope.finish(Finished(run=scope.run_id, job="site", repository="local", status="ok", snapshot=snapshot.id))

Whoever runs the operation builds the event that ends it and hands it to `finish`, once for each repository. A block
that ends without one is recorded as failed, or as cancelled after Cancelled or KeyboardInterrupt; exceptions pass.
"""

import os
import signal
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Self

import msgspec

from tui_backup.history.runs import WARNINGS_KEPT
from tui_backup.model.event import (
    Ending,
    Event,
    Finished,
    Output,
    Progressed,
    Restored,
    Started,
    Tended,
    Waiting,
    Warned,
)
from tui_backup.model.run import Run, RunStatus, Verb
from tui_backup.model.snapshot import short
from tui_backup.model.watch import Watch
from tui_backup.primitives.cancel import CancelToken
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.processes import this_process
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.text import replaced
from tui_backup.services.audit import Act, Audit
from tui_backup.services.runs import outcome, run_directory
from tui_backup.services.runs.attempts import with_next_attempt
from tui_backup.services.runs.control import was_asked
from tui_backup.services.runs.job_lock import JobLock
from tui_backup.services.runs.pulse import Pulse, sampled
from tui_backup.services.runs.reaper import reap
from tui_backup.services.runs.run_desk import Desk
from tui_backup.services.runs.run_directory import Header, RunDirectory
from tui_backup.services.runs.run_notes import RunNotes
from tui_backup.services.runs.signals import heeding

_OFTEN_S = 60.0
"""How long every sample of progress is written to the log; later one a second is."""

_LOOK_S = 1.0
"""How often a run that waits looks whether somebody has cancelled it."""


def run_scope(
    desk: Desk,
    *,
    verb: Verb,
    job: str | None = None,
    repository: str | None = None,
    kind: str | None = None,
    about: str | None = None,
) -> "RunScope":
    """Return the scope of a run that begins when it is entered; `about` says in the audit what the run will do.

    Entering raises Locked if it is a backup of a job that is already running.
    """
    started = now()
    header = Header(
        run=f"{started:%Y%m%dT%H%M%SZ}-{os.urandom(4).hex()}",
        verb=verb,
        job=job,
        repository=repository,
        kind=kind,
        started=started,
        owner=this_process(),
    )
    return RunScope(desk, header, about)


class RunScope:
    """One run of this process. `finish`, `start`, `cancel` and the watch's `warn` may be called from any thread."""

    def __init__(self, desk: Desk, header: Header, about: str | None = None) -> None:
        self.run_id = header.run
        self.watch = Watch(CancelToken(), self._warned)
        """For the operation; its token is set by `cancel`, by signals, from other processes, and with the desk's."""
        self.watch.cancel.follow(desk.cancel)
        self.watch.on_wait = lambda message: self._tell(Waiting(run=self.run_id, message=outcome.sound(message)))
        self.status: RunStatus = RunStatus.RUNNING
        """How it ended; of several endings the worst."""
        self.is_waiting = False
        """Whether it begins when it is admitted; set before it is entered. See `admit`."""
        self.retry_s: float | None = None
        """After how many seconds the same is tried again if it does not end well; None: it is not."""
        self._desk = desk
        self._header = header
        self._notes = RunNotes(desk.log, self._run(header.repository))
        self._about = about
        self._audit = Audit(desk.state_dir, lambda message: self.watch.warn(None, message))
        self._act: Act | None = None
        self._verdicts = dict[str | None, str]()
        self._recorded = dict[str | None, Run]()
        self._lock = threading.RLock()
        self._job_lock: JobLock | None = None
        self._directory: RunDirectory | None = None
        self._pulse: Pulse | None = None
        self._begun = time.monotonic()
        self._shown = Progressed(run=header.run, files_done=0, bytes_done=0)
        self._logged_at = 0.0
        self._going_on = dict[str | None, Run]()
        self._unwritten = list[tuple[bytes | None, str]]()
        self._warnings = 0
        self._in_trouble = False
        self._troubles_told = 0

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._begun

    def start(self, repository: str | None) -> None:
        """Tell that work on a repository begins; one that is known on entering is told then."""
        self._record_start(repository)
        self._tell(Started(run=self.run_id, job=self._header.job, repository=repository))

    def put_out(self, program: str, line: str) -> None:
        """Tell what a program of the user's wrote beside the run."""
        self._tell(Output(run=self.run_id, program=outcome.sound(program), line=outcome.sound(line)))

    def finish(self, ending: Ending) -> None:
        """Tell and record how work on one repository ended; a duration that is None is filled in."""
        self._sample()
        self._warn_of_history()
        if isinstance(ending, Finished | Restored | Tended) and ending.duration is None:
            ending = msgspec.structs.replace(ending, duration=round(self.elapsed, 3))
        if ending.message is not None:
            ending = msgspec.structs.replace(ending, message=outcome.sound(ending.message))
        run = self._run(self._header.repository if isinstance(ending, Restored) else ending.repository or None)
        recorded = msgspec.structs.replace(outcome.recorded(run, ending), warnings=self._warnings)
        recorded = with_next_attempt(recorded, self.retry_s)
        self._going_on.pop(run.repository, None)
        self.status = outcome.worst((self.status, recorded.status))
        made = f"snapshot {short(recorded.snapshot)}" if recorded.snapshot else None
        self._verdicts[run.repository] = ": ".join(filter(None, (recorded.status, made, recorded.message)))
        self._flush_warnings()
        self._recorded[run.repository] = recorded
        self._desk.history.finish(recorded)
        self._notes.ended(recorded)
        self._tell(ending)

    def cancel(self) -> None:
        """Ask the operation to stop; safe in signal handlers."""
        if self._pulse is not None:
            self._pulse.request_cancel()

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Turn SIGINT and SIGTERM into `cancel`, and outlive the terminal (SIGHUP); main thread only.

        A second SIGINT raises KeyboardInterrupt.
        """

        def stop(number: int) -> None:
            if number == signal.SIGINT:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            self.cancel()

        with heeding(stop):
            yield

    def rest(self, seconds: float) -> None:
        """Wait before it is admitted, at most so long; raises Cancelled where somebody asks for that."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.watch.cancel.wait(min(left, _LOOK_S)):
            self.check_wish()
        self.watch.cancel.check()

    def check_wish(self) -> None:
        """Raise Cancelled where somebody asks for that; to be called often by a run that has not been admitted."""
        if self._directory is not None and was_asked(self._directory.path):
            self.watch.cancel.cancel()
        self.watch.cancel.check()

    def admit(self) -> None:
        """Begin, after a wait in which it was seen, but not recorded or told, and others might run the job.

        Raises Locked if somebody else does so now.
        """
        self._clear_away()
        self._try(self._lock_job)
        self.is_waiting = False
        self._header = msgspec.structs.replace(self._header, started=now())
        self._begun = time.monotonic()
        self._begin_work()

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException as error:
            self._end()
            self._notes.refused(error)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._finish_the_rest(error)
        finally:
            self._end()
            self._desk.run_ended(tuple(self._recorded.values()))

    def _begin(self) -> None:
        if not self.is_waiting:
            self._clear_away()
        self._try(self._lock_job)
        self._try(self._make_directory)
        if self.is_waiting:
            self._release_job()
        else:
            self._begin_work()
        if self._header.repository is not None:
            self._tell(Started(run=self.run_id, job=self._header.job, repository=self._header.repository))

    def _begin_work(self) -> None:
        """Show signs of life, and have everybody know that it has begun."""
        pulse = self._pulse = Pulse(sample=self._sample, beat=self._beat, cancel=self.watch.cancel.cancel)
        if (directory := self._directory) is not None:
            self._try(lambda: pulse.listen(directory.path))
        self._act = self._audit.begin(self._header.verb, *self._described())
        self._notes.began()
        self._desk.run_began(self._run(self._header.repository))
        if self._header.repository is not None:
            self._record_start(self._header.repository)
        pulse.start()

    def _record_start(self, repository: str | None) -> None:
        self._going_on[repository] = run = self._run(repository)
        self._desk.history.start(run)

    def _clear_away(self) -> None:
        """Record runs that have died, and remove what restores kept for an undo when that is over."""
        reap(self._desk.state_dir, self._desk.history, self._desk.log)
        if (self._desk.state_dir / "undo").is_dir():
            from tui_backup.services.runs.undo_homes import sweep

            sweep(self._desk.state_dir)

    def _end(self) -> None:
        if self._pulse is not None:
            self._pulse.stop()
        if self._act is not None:
            self._act.end(outcome.verdict(self.status, self._verdicts))
        self._flush_warnings()
        if self._directory is not None:
            self._directory.end()
        self._release_job()

    def _described(self) -> tuple[str, str]:
        """Return what the audit keeps of the run: what it is done to, and the rest."""
        header = self._header
        named = (("job", header.job), ("repository", header.repository))
        facts = [f"run {header.run}", *([f"kind {header.kind}"] if header.kind else [])]
        object_ = ", ".join(f"{word} {name}" for word, name in named if name)
        return object_, ", ".join([*facts, *([self._about] if self._about else [])])

    def _lock_job(self) -> None:
        if self._header.verb is Verb.BACKUP and self._header.job is not None:
            self._job_lock = JobLock(self._desk.state_dir, self._header)

    def _release_job(self) -> None:
        if self._job_lock is not None:
            self._job_lock.release()
            self._job_lock = None

    def _make_directory(self) -> None:
        self._directory = RunDirectory(self._desk.state_dir, self._header)
        run_directory.tidy(self._desk.state_dir)

    def _finish_the_rest(self, error: BaseException | None) -> None:
        """End what was started and has no result; a run that never said a word ends too."""
        status, message = outcome.explained(error)
        if self.is_waiting and (status is not RunStatus.CANCELLED or self._desk.cancel.cancelled):
            self.status = RunStatus.CANCELLED
            self._tell(outcome.without_result(self._run(self._header.repository), self.status, message, None))
            return
        self._settle_attempts()
        left = tuple(self._going_on.values())
        if not left and self.status is RunStatus.RUNNING:
            left = (self._run(self._header.repository),)
        for run in left:
            self.finish(outcome.without_result(run, status, message, round(self.elapsed, 3)))

    def _settle_attempts(self) -> None:
        """Have the record say of what has ended by now whether, and when, it is tried again."""
        for repository, row in self._recorded.items():
            settled = with_next_attempt(row, self.retry_s)
            if settled != row:
                self._recorded[repository] = settled
                self._desk.history.finish(settled)

    def _run(self, repository: str | None) -> Run:
        """Return the run against one repository as it begins."""
        return Run(
            id=self.run_id,
            verb=self._header.verb,
            job=self._header.job,
            repository=repository,
            kind=self._header.kind,
            status=RunStatus.RUNNING,
            started=self._header.started,
        )

    def _warned(self, path: bytes | None, message: str) -> None:
        """Called by the watch, on any thread."""
        text, whole = (None, True) if path is None else replaced(path)
        raw = None if path is None or whole else b64encode(path).decode("ascii")
        message = outcome.sound(message)
        with self._lock:
            self._warnings += 1
            self._unwritten.append((path, message))
            logged = self._warnings <= WARNINGS_KEPT
        if logged:
            self._notes.warned(message, text)
        self._tell(Warned(run=self.run_id, path=text, message=message, path_b64=raw), logged=logged)

    def _sample(self) -> None:
        """Tell how far the operation is, if that has changed, and write down the warnings since."""
        progress = sampled(self.run_id, self.watch)
        with self._lock:
            changed = progress != self._shown
            logged = self.elapsed < _OFTEN_S or self.elapsed - self._logged_at >= 1
            self._shown = progress
            if changed and logged:
                self._logged_at = self.elapsed
        if changed:
            self._tell(progress, logged=logged)
        self._flush_warnings()

    def _flush_warnings(self) -> None:
        with self._lock:
            unwritten, self._unwritten = self._unwritten, []
        if unwritten:
            self._desk.history.warn_all(self.run_id, unwritten)

    def _warn_of_history(self) -> None:
        """Pass on what went wrong with the record itself."""
        troubles = self._desk.history.troubles
        while self._troubles_told < len(troubles):
            self._troubles_told += 1
            self.watch.warn(None, troubles[self._troubles_told - 1])

    def _beat(self) -> None:
        if self._directory is not None:
            self._try(self._directory.beat)
            if was_asked(self._directory.path):
                self.watch.cancel.cancel()

    def _tell(self, event: Event, *, logged: bool = True) -> None:
        """Write an event to the log of the run and publish it."""
        if logged and self._directory is not None:
            self._try(lambda: self._log(event))
        self._desk.bus.publish(event)

    def _log(self, event: Event) -> None:
        assert self._directory is not None
        with self._lock:
            self._directory.events.append(event)

    def _try(self, act: Callable[[], None]) -> None:
        """Do something in the state directory; a run goes on without, and warns once."""
        try:
            act()
        except OSError as error:
            if not self._in_trouble:
                self._in_trouble = True
                message = _("the state directory {path} cannot be written: {reason}")
                path = self._desk.state_dir
                self.watch.warn(None, message.format(path=path, reason=reason_of(error)))


Admission = Callable[[RunScope], AbstractContextManager[None]]
"""What a run waits for once it is there to be seen, and holds as long as it works; it has to admit the run."""
