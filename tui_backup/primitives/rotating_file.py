"""A file of lines that starts afresh when it is full; several processes and threads may write to one at once."""

import os
import time
from contextlib import suppress

from tui_backup.primitives.flock import lock_until

_PATIENCE_S = 0.2


def append_line(path: str, line: bytes, *, limit: int, kept: int) -> None:
    """Add a line, given without its end, to a private file (0600) of `limit` bytes at most.

    Full ones are called `PATH.1` to `PATH.{kept}`, the newest first; one more is dropped. Who writes locks the file
    (`flock`) for that moment; where somebody was stopped just then, nobody waits: the file grows, and no line is lost.
    A line that a full disk has cut short stands alone.

    Raises:
        OSError: the line could not be written.
    """
    while not _appended(path, line, limit, kept):
        pass


def _appended(path: str, line: bytes, limit: int, kept: int) -> bool:
    """Return whether the line is there; False where the name stands for another file by now."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        torn = False
        if _locked(descriptor):
            if not _is_current(path, descriptor):
                return False
            size = os.fstat(descriptor).st_size
            if size and size + len(line) >= limit and _set_aside(path, kept):
                return False
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, (b"\n" if torn else b"") + line + b"\n")
    finally:
        os.close(descriptor)
    return True


def _locked(descriptor: int) -> bool:
    try:
        return lock_until(descriptor, time.monotonic() + _PATIENCE_S)
    except OSError:
        return False


def _is_current(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _set_aside(path: str, kept: int) -> bool:
    """Return whether the full file has another name now."""
    try:
        for number in range(kept - 1, 0, -1):
            with suppress(FileNotFoundError):
                os.rename(f"{path}.{number}", f"{path}.{number + 1}")
        os.rename(path, f"{path}.1")
    except OSError:
        return False
    return True
