"""Reasons: why the system refused something, in the language of whoever reads."""

import errno
import os

from tui_backup.primitives.i18n import N_, _

KNOWN = (
    N_("No such file or directory"),
    N_("Permission denied"),
    N_("Operation not permitted"),
    N_("No space left on device"),
    N_("Disk quota exceeded"),
    N_("Input/output error"),
    N_("Read-only file system"),
    N_("File exists"),
    N_("Not a directory"),
    N_("Is a directory"),
    N_("Directory not empty"),
    N_("Device or resource busy"),
    N_("No such device"),
    N_("No such device or address"),
    N_("File name too long"),
    N_("File too large"),
    N_("Too many levels of symbolic links"),
    N_("Too many links"),
    N_("Too many open files"),
    N_("Too many open files in system"),
    N_("Invalid cross-device link"),
    N_("Invalid argument"),
    N_("Operation not supported"),
    N_("Text file busy"),
    N_("Stale file handle"),
    N_("Broken pipe"),
    N_("Cannot allocate memory"),
    N_("Exec format error"),
    N_("No such process"),
    N_("Resource temporarily unavailable"),
    N_("Connection refused"),
    N_("Connection reset by peer"),
    N_("Connection timed out"),
    N_("Host is down"),
    N_("No route to host"),
    N_("Network is unreachable"),
    N_("Transport endpoint is not connected"),
)
"""What the C library says of the errors that a backup meets, as it says them where no locale is set."""

VANISHED = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.ELOOP})
"""Errors of a path that was there a moment ago and has gone, or given way to something else."""


def reason_of(error: OSError) -> str:
    """Return what the system says of an error: `No such file or directory`."""
    return _(error.strerror) if error.strerror else str(error)


def reason_of_code(code: int | None) -> str:
    """Return what the system says of the number of an error."""
    return _(os.strerror(code or 0))
