"""One run of a job at a time: a lock that the kernel releases when its holder dies."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

import msgspec

from tui_backup.errors import JobRunning
from tui_backup.primitives.i18n import _
from tui_backup.primitives.text import moment
from tui_backup.services.runs.run_directory import Header


class JobLock:
    """Holds `locks/JOB` in the state directory."""

    def __init__(self, state_dir: Path, header: Header) -> None:
        """Take the lock of the header's job.

        Raises:
            JobRunning: somebody else holds it.
            OSError: the state directory cannot be used.
        """
        assert header.job is not None
        assert "/" not in header.job
        locks = state_dir / "locks"
        locks.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(locks / header.job, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 65536, 0)
            os.close(self._descriptor)
            raise _locked(header.job, holder) from error
        except OSError:
            os.close(self._descriptor)
            raise
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, msgspec.json.encode(header), 0)

    def release(self) -> None:
        """Let others run the job."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _locked(job: str, holder: bytes) -> JobRunning:
    try:
        header = msgspec.json.decode(holder, type=Header)
    except msgspec.DecodeError:
        return JobRunning(_("job {job} is already running").format(job=job))
    message = _("job {job} is already running (pid {pid}, since {since})").format(
        job=job, pid=header.owner.pid, since=moment(header.started)
    )
    hint = _("follow it: tui-backup attach {run}; stop it: tui-backup cancel {run}").format(run=header.run)
    return JobRunning(message, hint=hint)
