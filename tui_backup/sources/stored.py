"""What lies today where a snapshot has something: reached by its path in the snapshot, links never followed."""

import os
import stat
from typing import BinaryIO

from tui_backup.model.entry import Entry
from tui_backup.primitives.descriptors import DIRECTORY, Directories, check_name, names_at
from tui_backup.sources.base import Unread
from tui_backup.sources.origin import LocalOrigin, unread
from tui_backup.sources.rules import Rules

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_below(real: bytes, stored: bytes, path: bytes) -> BinaryIO | None:
    """Open the regular file at a path of a snapshot, given that `real` on disk is stored as `stored`.

    None where the path lies elsewhere, or no regular file is to be read there.
    """
    if not is_below(path, stored):
        return None
    try:
        descriptor = _open(real, path.removeprefix(stored.rstrip(b"/")))
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, "rb")


def is_below(path: bytes, stored: bytes) -> bool:
    """Whether a path of a snapshot is another one, or lies below it."""
    root = stored.rstrip(b"/")
    return path == root or path.startswith(root + b"/")


def in_directory(path: bytes, origin: LocalOrigin, rules: Rules, inner: frozenset[bytes]) -> list[Entry | Unread]:
    """Return what the directory at a path of a snapshot holds, as a walk of the root of `origin` would come upon it.

    `inner` are the stored paths of configured roots inside that one; they are entered even as mount points.
    """
    stored = path.rstrip(b"/")
    try:
        with Directories(os.open(origin.real or b"/", DIRECTORY)) as directories:
            device = os.fstat(directories.root).st_dev
            descriptor = directories.open(stored[len(origin.stored) :])
            if rules.one_file_system and os.fstat(descriptor).st_dev != device and path not in inner:
                return []
            names = sorted(rules.narrow(names_at(descriptor), descriptor))
            found = [_listed(stored + b"/" + name, name, descriptor, origin, rules) for name in names]
    except OSError as error:
        return [unread(path, error)]
    return [each for each in found if each is not None]


def _listed(path: bytes, name: bytes, directory: int, origin: LocalOrigin, rules: Rules) -> Entry | Unread | None:
    """Return the entry of a name in an open directory; None where it is left out."""
    try:
        status = os.lstat(name, dir_fd=directory)
    except OSError as error:
        return unread(path, error)
    below = path[len(origin.stored) :]
    is_own = (status.st_dev, status.st_ino) in rules.protected.identities
    if is_own or rules.leave_out(below[1:], origin.real + below, stat.S_ISDIR(status.st_mode), status):
        return None
    return origin.found(path, status, name, directory)


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
