"""Standstill: what a backup stops while it reads runs again afterwards, whatever happens.

What runs is first written down, durably, in `STATE/standstill/RUN.json` with its owner; then it is stopped. After the
backup each is started in reverse order and struck off, and the file goes with the last. Who dies in between leaves the
file, and the next run starts what is named in it. What did not run before is in no file, and is not started.

Several runs may stop the same thing: whoever is the last to be done starts it. So what is in any file counts as
running before, and is started only by whoever takes it out of the last file. A lock keeps looking apart from starting.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from tui_backup.errors import BackupError, HookFailed
from tui_backup.model.hook import Stoppable
from tui_backup.primitives.atomic import sync_directory, write_whole
from tui_backup.primitives.cancel import CancelToken
from tui_backup.primitives.clock import now
from tui_backup.primitives.flock import lock_until
from tui_backup.primitives.i18n import _
from tui_backup.primitives.processes import Process, is_dead, this_process
from tui_backup.primitives.reasons import reason_of
from tui_backup.services.programs import stoppables
from tui_backup.services.programs.beside import Beside
from tui_backup.services.runs.run_directory import is_alive

_DIRECTORY = "standstill"
_LOOK_S = 0.1
_AGAIN = timedelta(minutes=10)
"""After what time somebody else tries again to start what could not be started."""


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """Something that ran, and that a run stops or has stopped."""

    what: Stoppable
    is_inherited: bool = False
    """Whether another run had stopped it before."""
    tried: datetime | None = None
    """When somebody last tried to start it in vain; None: nobody has."""
    reason: str | None = None
    """Why that failed, for people."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What one run has stopped and not started again."""

    run: str
    job: str
    since: datetime
    owner: Process
    stopped: tuple[Stopped, ...]
    is_over: bool = False
    """Whether the run is done with it: what is left could not be started."""


class Standstill:
    """What stands still for one run; for one thread."""

    def __init__(self, state_dir: Path, run: str, job: str, wished: Sequence[Stoppable], beside: Beside) -> None:
        self._state_dir = state_dir
        self._beside = beside
        self._wished = wished
        self._record = Record(run=run, job=job, since=now(), owner=this_process(), stopped=())
        self._has_begun = False
        self._reached = 0

    def begin(self, cancel: CancelToken) -> None:
        """Stop what runs, in order; does nothing the second time.

        Raises:
            HookFailed: something cannot be stopped, or noted; what stands still by then is started by `end`.
            Cancelled: somebody asked for that.
        """
        if self._has_begun or not self._wished:
            return
        self._has_begun = True
        try:
            with _lock(self._state_dir, cancel):
                self._note()
        except OSError as error:
            text = _("what is to stand still cannot be noted, so nothing was stopped: {reason}")
            raise HookFailed(text.format(reason=reason_of(error))) from error
        for each in self._record.stopped:
            cancel.check()
            self._reached += 1
            self._stop(each)

    def end(self) -> list[BackupError]:
        """Start again what was stopped, last first, and return what could not be; does nothing the second time.

        That does not fail where the state cannot be used any more.
        """
        if not self._record.stopped:
            return []
        reached, rest = self._record.stopped[: self._reached], self._record.stopped[self._reached :]
        inherited = tuple(each for each in rest if each.is_inherited)
        record = msgspec.structs.replace(self._record, stopped=(*reached, *inherited))
        self._record = msgspec.structs.replace(self._record, stopped=())
        with ExitStack() as stack:
            with suppress(OSError):
                stack.enter_context(_lock(self._state_dir))
            _left, failures = _start_all(self._state_dir, record, self._beside, at=now(), doubtful=inherited)
        return failures

    def _note(self) -> None:
        """Write down what runs, or would if others had not stopped it."""
        claimed = {_key(each.what) for record in records(self._state_dir) for each in record.stopped}
        running = [
            Stopped(what=what, is_inherited=_key(what) in claimed)
            for what in self._wished
            if _key(what) in claimed or stoppables.is_running(what, self._beside)
        ]
        record = msgspec.structs.replace(self._record, stopped=tuple(running))
        if running:
            _save(self._state_dir, record)
        self._record = record

    def _stop(self, each: Stopped) -> None:
        """Stop something; what others have stopped before may refuse to be stopped again."""
        with _stopping(self._state_dir, self._record.run) as held:
            if not each.is_inherited:
                stoppables.stop(each.what, self._beside, held)
            elif not stoppables.can_be_asked(each.what):
                with suppress(HookFailed):
                    stoppables.stop(each.what, self._beside, held)
            elif stoppables.is_running(each.what, self._beside):
                stoppables.stop(each.what, self._beside, held)


def records(state_dir: Path) -> list[Record]:
    """Return what runs have stopped and not started again, oldest first."""
    found = list[Record]()
    with suppress(OSError):
        for entry in os.scandir(state_dir / _DIRECTORY):
            if entry.name.endswith(".json"):
                with suppress(OSError, msgspec.DecodeError):
                    found.append(msgspec.json.decode(Path(entry.path).read_bytes(), type=Record))
    return sorted(found, key=lambda record: (record.since, record.run))


def left_stopped(state_dir: Path) -> list[tuple[Record, Stopped]]:
    """Return what stands still though no run needs it any more."""
    found = records(state_dir)
    needed = {_key(each.what) for record in found if not _is_left(state_dir, record) for each in record.stopped}
    return [
        (record, each)
        for record in found
        if _is_left(state_dir, record)
        for each in record.stopped
        if _key(each.what) not in needed
    ]


def start_left(state_dir: Path, beside: Beside, at: datetime) -> tuple[list[Stopped], list[BackupError]]:
    """Start what dead runs have left stopped; return what that was, and what could not be started.

    What could not be started lately is not tried again. What runs by now is left alone.

    Raises:
        OSError: the state cannot be used.
    """
    started, failures = list[Stopped](), list[BackupError]()
    if not any(_is_left(state_dir, record) for record in records(state_dir)):
        return started, failures
    for record in records(state_dir):
        if not record.is_over and _is_left(state_dir, record):
            _await_stopping(state_dir, record)
    with _lock(state_dir):
        for run in [record.run for record in records(state_dir) if _is_left(state_dir, record)]:
            for record in [each for each in records(state_dir) if each.run == run]:
                left, failed = _start_all(state_dir, record, beside, at=at, doubtful=record.stopped)
                failures += failed
                kept = {_key(each.what) for each in left.stopped}
                started += [each for each in record.stopped if _key(each.what) not in kept]
    return started, failures


def give_up(state_dir: Path, job: str) -> int:
    """Forget what could not be started after runs of a job, as somebody takes care of it; return how many that was.

    Raises:
        OSError: the state cannot be written.
    """
    given_up = 0
    if not any(_is_left(state_dir, record) for record in records(state_dir)):
        return given_up
    with _lock(state_dir):
        for record in records(state_dir):
            if _is_left(state_dir, record) and record.job == job:
                kept = tuple(each for each in record.stopped if each.tried is None)
                given_up += len(record.stopped) - len(kept)
                _save(state_dir, msgspec.structs.replace(record, stopped=kept))
    return given_up


def _start_all(
    state_dir: Path, record: Record, beside: Beside, at: datetime, doubtful: Sequence[Stopped]
) -> tuple[Record, list[BackupError]]:
    """Start what nobody else needs stopped, last first; return what is left of the record, and the failures.

    What is `doubtful` may run: it is asked first, so that nothing is started twice; nor is it tried again too soon.
    """
    others = [other for other in records(state_dir) if other.run != record.run and not _is_left(state_dir, other)]
    needed = {_key(each.what) for other in others for each in other.stopped}
    failures = list[BackupError]()
    for each in reversed(record.stopped):
        failed: tuple[Stopped, ...] = ()
        if _key(each.what) not in needed:
            if each in doubtful and each.tried is not None and timedelta(0) <= at - each.tried < _AGAIN:
                continue
            try:
                if each not in doubtful or not _runs_surely(each.what, beside):
                    stoppables.start(each.what, beside)
            except HookFailed as error:
                failures.append(error)
                failed = (msgspec.structs.replace(each, tried=at, reason=error.message),)
        if not failed:
            _strike(state_dir, record.run, each.what)
        place = record.stopped.index(each)
        kept = (*record.stopped[:place], *failed, *record.stopped[place + 1 :])
        record = msgspec.structs.replace(record, stopped=kept, is_over=record.is_over or bool(failures))
        _save_if_possible(state_dir, record)
    return record, failures


def _runs_surely(what: Stoppable, beside: Beside) -> bool:
    """Whether somebody can know that something runs, and it does."""
    if not stoppables.can_be_asked(what):
        return False
    try:
        return stoppables.is_running(what, beside, is_cancellable=False)
    except HookFailed:
        return False


def _strike(state_dir: Path, but: str, what: Stoppable) -> None:
    """Take something out of what other runs have left, as somebody has cared for it."""
    for other in (each for each in records(state_dir) if each.run != but and _is_left(state_dir, each)):
        kept = tuple(each for each in other.stopped if _key(each.what) != _key(what))
        if len(kept) < len(other.stopped):
            _save_if_possible(state_dir, msgspec.structs.replace(other, stopped=kept))


def _is_left(state_dir: Path, record: Record) -> bool:
    """Whether nobody is about to start what is in a record any more: the run is done with it, or surely dead."""
    directory = state_dir / "runs" / record.run
    return record.is_over or is_dead(record.owner) or (directory.is_dir() and not is_alive(directory))


@contextmanager
def _stopping(state_dir: Path, run: str) -> Iterator[int | None]:
    """Lock the directory of a run for as long as somebody holds what this yields: the command that stops something.

    That outlives a run that is killed, and what it is about to stop still runs for whoever asks meanwhile.
    """
    try:
        descriptor = _opened(state_dir, run)
    except OSError:
        yield None
        return
    try:
        with suppress(OSError):
            lock_until(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _await_stopping(state_dir: Path, record: Record) -> None:
    """Wait until no command of a dead run stops anything any more, for no longer than such a command may take."""
    deadline = time.monotonic() + max((each.what.timeout_s for each in record.stopped), default=0)
    with suppress(OSError), ExitStack() as stack:
        descriptor = _opened(state_dir, record.run)
        stack.callback(os.close, descriptor)
        lock_until(descriptor, deadline)


def _opened(state_dir: Path, run: str) -> int:
    return os.open(state_dir / "runs" / run, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _key(what: Stoppable) -> tuple[str, str]:
    return what.kind, what.name


def _save_if_possible(state_dir: Path, record: Record) -> None:
    """Note what is left; what cannot be noted, whoever starts it next finds running."""
    with suppress(OSError):
        _save(state_dir, record)


def _save(state_dir: Path, record: Record) -> None:
    path = state_dir / _DIRECTORY / f"{record.run}.json"
    if record.stopped:
        write_whole(str(path), msgspec.json.encode(record))
    else:
        path.unlink(missing_ok=True)
        sync_directory(str(path.parent))


@contextmanager
def _lock(state_dir: Path, cancel: CancelToken | None = None) -> Iterator[None]:
    """Have nobody else look or start meanwhile; raises Cancelled where somebody asks for that while it waits."""
    directory = state_dir / _DIRECTORY
    if not directory.is_dir():
        directory.mkdir(mode=0o700, exist_ok=True)
        sync_directory(str(state_dir))
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if cancel is not None:
                    cancel.check()
                time.sleep(_LOOK_S)
        yield
    finally:
        os.close(descriptor)
