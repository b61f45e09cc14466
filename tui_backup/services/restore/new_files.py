"""Files that are handed out: written beside their name, which they get once they are whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from typing import BinaryIO, Final

from tui_backup.errors import BackupError
from tui_backup.primitives.atomic import claim, sync, sync_directory
from tui_backup.primitives.descriptors import temporary_name
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.text import printable

_MOST_NAMES: Final = 1000
_LONGEST_STEM: Final = 200
_ENDINGS: Final = (b".tar.gz", b".tar.zst")
"""Endings of two parts."""


class Taken(Enum):
    """What happens where something has the name already."""

    NEXT = "next"
    """The next free name is used: `a_1.txt`."""
    REFUSE = "refuse"
    REPLACE = "replace"


@contextmanager
def new_file(directory: bytes, name: bytes, taken: Taken = Taken.NEXT) -> Iterator[tuple[BinaryIO, list[bytes]]]:
    """Give a file to write, for us alone, which gets its name at the end; the list then holds its path.

    Raises:
        BackupError: it cannot be written, or its name is taken; nothing stays.
    """
    names: list[bytes] = []
    temporary = os.path.join(directory, temporary_name(name))
    try:
        with _opened(temporary) as out:
            try:
                yield out, names
                out.flush()
                sync(out.fileno())
                names.append(_named(temporary, directory, name, taken))
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)
                raise
        sync_directory(os.fsdecode(directory))
    except OSError as error:
        shown = printable(os.path.join(directory, name))
        raise BackupError(_("cannot write {path}: {reason}").format(path=shown, reason=reason_of(error))) from error


def free_path(directory: bytes, name: bytes) -> bytes:
    """Return the first path that nothing has, of a name and those that follow it: `a.txt`, `a_1.txt`, `a_2.txt`."""
    for path in _names(directory, name):
        if not os.path.lexists(path):
            return path
    raise BackupError(_("{path} and all names like it are taken").format(path=printable(os.path.join(directory, name))))


def _opened(path: bytes) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _named(temporary: bytes, directory: bytes, name: bytes, taken: Taken) -> bytes:
    """Give a file its name, or the first that is free; return its path."""
    path = os.path.join(directory, name)
    if taken is Taken.REPLACE:
        os.rename(temporary, path)
        return path
    if taken is Taken.REFUSE:
        claim(temporary, path)
        return path
    while True:
        path = free_path(directory, name)
        with suppress(FileExistsError):
            claim(temporary, path)
            return path


def _names(directory: bytes, name: bytes) -> Iterator[bytes]:
    yield os.path.join(directory, name)
    ending = next((each for each in _ENDINGS if name.endswith(each)), os.path.splitext(name)[1])
    stem = name[: len(name) - len(ending)]
    for number in range(1, _MOST_NAMES):
        yield os.path.join(directory, b"%s_%d%s" % (stem[:_LONGEST_STEM], number, ending[-_LONGEST_STEM // 8 :]))
