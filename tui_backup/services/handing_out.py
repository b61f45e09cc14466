"""What people take out of a snapshot without a restore: the beginning of a file, a file, or some paths as tar.

All of it is authenticated, and the audit has who got it. Files are written beside their name and never over another.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from tui_backup.errors import BackupError, Corrupted
from tui_backup.model.entry import Entry
from tui_backup.model.watch import Watch
from tui_backup.primitives.atomic import claim, sync, sync_directory
from tui_backup.primitives.descriptors import temporary_name
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.primitives.text import printable
from tui_backup.services.browsing import content, handed_out, reading, write_paths
from tui_backup.services.directories import Copy, found_of, look

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace

_MOST_NAMES = 1000
_LONGEST_STEM = 200


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where something is to be written."""

    path: bytes
    free: int
    """Bytes that can be written there."""


def beginning(workspace: "Workspace", copy: Copy, entry: Entry, enough: Callable[[bytes], int], watch: Watch) -> bytes:
    """Return the first bytes of a file.

    `enough` is told what was read so far, and says how many bytes are wanted in all.

    Raises:
        BackupError: there is no such file any more, or its bytes are damaged.
    """
    object_, detail = handed_out(copy.snapshot, copy.repository, entry.path)
    with workspace.audit.act("dump", object_, detail) as act:
        try:
            read = _beginning(entry, enough, watch)
        except Corrupted:
            read = look(
                workspace,
                copy,
                lambda repository: _beginning(repository.entry(copy.snapshot, entry.path), enough, watch),
            )
        if len(read) < entry.size:
            act.outcome = f"ok, its first {len(read)} bytes"
        return read


def target_for(name: bytes) -> Target:
    """Return where a file of that name would go in the working directory, under the first name that is free.

    Raises:
        BackupError: there is no such directory any more.
    """
    try:
        directory = os.getcwdb()
        room = os.statvfs(directory)
    except OSError as error:
        raise BackupError(
            _("the working directory cannot be used: {reason}").format(reason=reason_of(error))
        ) from error
    return Target(path=free_path(directory, name), free=room.f_bavail * room.f_frsize)


def write_file(workspace: "Workspace", copy: Copy, path: bytes, target: bytes, watch: Watch) -> bytes:
    """Write a file of a snapshot to a path, or if that is taken under the next free name beside; return its path.

    Raises:
        BackupError: it cannot be read, or not be written; then nothing stays.
    """
    directory, name = os.path.split(target)
    found = found_of(workspace, copy.repository, copy.snapshot.id)
    with (
        reading([found.shelf], watch),
        _new_file(directory, name) as (out, names),
        closing(content(workspace, found, path)) as pieces,
    ):
        for piece in pieces:
            watch.check()
            out.write(piece)
            watch.bytes_done += len(piece)
    return names[0]


def write_archive(workspace: "Workspace", copy: Copy, paths: Sequence[bytes], target: bytes, watch: Watch) -> bytes:
    """Write paths of a snapshot, each with all below it, as a tar file; return its path.

    `target` is where it is to lie; if that is taken, the next free name beside is used.

    Raises:
        BackupError: something cannot be read, or it cannot be written; then nothing stays.
    """
    found = found_of(workspace, copy.repository, copy.snapshot.id)
    directory, name = os.path.split(target)
    with reading([found.shelf], watch), _new_file(directory, name) as (out, names):
        write_paths(workspace, found, paths, _Counted(out, watch), watch)  # type: ignore[arg-type]  # tar only writes
    return names[0]


def free_path(directory: bytes, name: bytes) -> bytes:
    """Return the first path that nothing has, of a name and those that follow it: `a.txt`, `a_1.txt`, `a_2.txt`."""
    for path in _names(directory, name):
        if not os.path.lexists(path):
            return path
    raise BackupError(_("{path} and all names like it are taken").format(path=printable(os.path.join(directory, name))))


class _Counted:
    """A file whose writing the watch is told of."""

    def __init__(self, file: BinaryIO, watch: Watch) -> None:
        self._file = file
        self._watch = watch

    def write(self, piece: bytes) -> int:
        """Write a piece."""
        self._watch.check()
        self._watch.bytes_done += len(piece)
        return self._file.write(piece)


def _beginning(entry: Entry, enough: Callable[[bytes], int], watch: Watch) -> bytes:
    read = b""
    with entry.origin.open(entry) as file:
        while wanted := enough(read) - len(read):
            watch.check()
            piece = file.read(wanted)
            if not piece:
                break
            read += piece
    return read


@contextmanager
def _new_file(directory: bytes, name: bytes) -> Iterator[tuple[BinaryIO, list[bytes]]]:
    """Give a file to write, which gets its name at the end; the list then holds its path."""
    names: list[bytes] = []
    temporary = os.path.join(directory, temporary_name(name))
    try:
        with _opened(temporary) as out:
            try:
                yield out, names
                out.flush()
                sync(out.fileno())
                names.append(_claimed(temporary, directory, name))
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)
                raise
        sync_directory(os.fsdecode(directory))
    except OSError as error:
        shown = printable(os.path.join(directory, name))
        raise BackupError(_("cannot write {path}: {reason}").format(path=shown, reason=reason_of(error))) from error


def _opened(path: bytes) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _claimed(temporary: bytes, directory: bytes, name: bytes) -> bytes:
    """Give a file the first name that is free; return its path."""
    while True:
        path = free_path(directory, name)
        with suppress(FileExistsError):
            claim(temporary, path)
            return path


def _names(directory: bytes, name: bytes) -> Iterator[bytes]:
    yield os.path.join(directory, name)
    stem, ending = os.path.splitext(name)
    for number in range(1, _MOST_NAMES):
        yield os.path.join(directory, b"%s_%d%s" % (stem[:_LONGEST_STEM], number, ending[-_LONGEST_STEM // 8 :]))
