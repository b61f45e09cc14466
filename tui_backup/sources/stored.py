"""What lies today where a snapshot has something: opened by its path in the snapshot, links never followed."""

import os
import stat
from typing import BinaryIO

from tui_backup.primitives.descriptors import DIRECTORY, Directories, check_name

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_below(real: bytes, stored: bytes, path: bytes) -> BinaryIO | None:
    """Open the regular file at a path of a snapshot, given that `real` on disk is stored as `stored`.

    None where the path lies elsewhere, or no regular file is to be read there.
    """
    root = stored.rstrip(b"/")
    below = path.removeprefix(root)
    if not path.startswith(root) or (below and not below.startswith(b"/")):
        return None
    try:
        descriptor = _open(real, below)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, "rb")


def _open(real: bytes, below: bytes) -> int:
    if not below:
        return os.open(real, _FLAGS)
    above, _slash, name = below.rpartition(b"/")
    try:
        root = os.open(real, DIRECTORY)
    except NotADirectoryError:
        if below.lstrip(b"/") != os.path.basename(real):
            raise
        return os.open(real, _FLAGS)
    with Directories(root) as directories:
        return os.open(check_name(name), _FLAGS, dir_fd=directories.open(above))
