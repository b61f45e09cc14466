"""When others were last told, where the state directory cannot be written: lest they are told once a minute.

All that is kept is the time of an empty file in the directory for temporary files, by the name of the state.
"""

import hashlib
import os
import stat
import tempfile
from datetime import datetime, timedelta
from pathlib import Path


def was_told_lately(state_dir: Path, present: datetime, within: timedelta) -> bool:
    """Return whether somebody was told so recently; not where that is not known."""
    try:
        mark = os.lstat(_mark(state_dir))
    except OSError:
        return False
    if not stat.S_ISREG(mark.st_mode) or mark.st_uid != os.getuid():
        return False
    return abs(present.timestamp() - mark.st_mtime) < within.total_seconds()


def note_told(state_dir: Path, present: datetime) -> None:
    """Note that somebody was told; raises OSError where not even that can be written."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(_mark(state_dir), flags, 0o600)
    try:
        if os.fstat(descriptor).st_uid == os.getuid():
            os.utime(descriptor, (present.timestamp(), present.timestamp()))
    finally:
        os.close(descriptor)


def _mark(state_dir: Path) -> Path:
    name = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"tui-backup-{os.getuid()}-{name}.told"
