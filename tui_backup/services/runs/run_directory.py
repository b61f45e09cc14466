"""The directory that a run owns in the state: `runs/ID/`, 0700, its files 0600.

    heartbeat      header as JSON, locked by the owner (flock) and touched every two seconds while it lives
    events.jsonl   what the run says
    control.sock   takes `cancel`, answers `ok`
    cancel         a file that asks for the same where nobody listens yet: the run waits for its turn
    header         the heartbeat after the end

A directory appears with its heartbeat in it; it is going on as long as the lock is held and the owner is not
provably dead.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tui_backup.model.run import Verb
from tui_backup.primitives.flock import lock_until
from tui_backup.primitives.processes import Process, is_dead
from tui_backup.services.runs.event_log import EventLog

KEPT = 50
"""Ended runs whose directories are kept."""

_HEARTBEAT = "heartbeat"
_HEADER = "header"
_HALF_MADE_S = 3600


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is, and whose."""

    run: str
    verb: Verb
    job: str | None
    repository: str | None
    kind: str | None
    started: datetime
    owner: Process


class RunDirectory:
    """The directory of a run of this process."""

    def __init__(self, state_dir: Path, header: Header) -> None:
        """Make the directory; raises OSError where that is not possible."""
        runs = state_dir / "runs"
        runs.mkdir(mode=0o700, parents=True, exist_ok=True)
        half_made = runs / f".{header.run}"
        half_made.mkdir(mode=0o700)
        self._heartbeat = _begin_heartbeat(half_made / _HEARTBEAT, header)
        try:
            self.events = EventLog(half_made / "events.jsonl")
            self.path = half_made.rename(runs / header.run)
        except BaseException:
            os.close(self._heartbeat)
            raise

    def beat(self) -> None:
        """Show that the run lives; raises OSError."""
        os.utime(self._heartbeat)

    def end(self) -> None:
        """Mark the run as ended; its log stays."""
        self.events.close()
        with suppress(OSError):
            retire(self.path)
        os.close(self._heartbeat)


@contextmanager
def taking_over(path: Path) -> Iterator[bool]:
    """Say whether it is for this process to end a run that has died: nobody else does so, or has done so."""
    try:
        descriptor = os.open(path / _HEARTBEAT, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        yield _is_first(descriptor, path / _HEARTBEAT)
    finally:
        os.close(descriptor)


def _is_first(descriptor: int, heartbeat: Path) -> bool:
    try:
        return lock_until(descriptor) and os.path.samestat(os.fstat(descriptor), heartbeat.stat())
    except OSError:
        return False


def retire(path: Path) -> None:
    """Turn the directory of a run that goes on into that of one that has ended.

    Raises:
        FileNotFoundError: somebody else has done so.
    """
    os.rename(path / _HEARTBEAT, path / _HEADER)
    (path / "control.sock").unlink(missing_ok=True)


def directories(state_dir: Path) -> list[Path]:
    """Return the directories of runs, oldest first."""
    try:
        found = [Path(entry.path) for entry in os.scandir(state_dir / "runs") if not entry.name.startswith(".")]
    except OSError:
        return []
    return sorted(found)


def header(path: Path) -> Header | None:
    """Return what the run of a directory is; None where the directory does not say."""
    for name in (_HEARTBEAT, _HEADER):
        with suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode((path / name).read_bytes(), type=Header)
    return None


def last_beat(path: Path) -> datetime | None:
    """Return when the owner last showed that it lives."""
    for name in (_HEARTBEAT, _HEADER):
        with suppress(OSError):
            return datetime.fromtimestamp((path / name).stat().st_mtime, UTC)
    return None


def has_ended(path: Path) -> bool:
    """Whether the owner said so, or somebody found it dead."""
    return not (path / _HEARTBEAT).exists()


def is_alive(path: Path) -> bool:
    """Whether the run of a directory is going on."""
    try:
        descriptor = os.open(path / _HEARTBEAT, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        found = header(path)
        return found is not None and not is_dead(found.owner)
    finally:
        os.close(descriptor)
    return False


def tidy(state_dir: Path) -> None:
    """Remove the directories of runs that ended long ago, and what was left half made."""
    ended = [path for path in directories(state_dir) if has_ended(path)]
    surplus = ended[:-KEPT] + _half_made(state_dir / "runs")
    if surplus:
        import shutil

        for path in surplus:
            shutil.rmtree(path, ignore_errors=True)


def _half_made(runs: Path) -> list[Path]:
    limit = datetime.now(UTC).timestamp() - _HALF_MADE_S
    hidden = [entry for entry in os.scandir(runs) if entry.name.startswith(".")] if runs.is_dir() else []
    return [Path(entry.path) for entry in hidden if entry.stat(follow_symlinks=False).st_mtime < limit]


def _begin_heartbeat(path: Path, header: Header) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(descriptor, msgspec.json.encode(header))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
