"""What people take out of a snapshot without a restore: the beginning of a file, a file, or some paths as an archive.

All of it is authenticated, and the audit has who got it. Files are written beside their name and never over another.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec

from tui_backup.errors import BackupError, Corrupted
from tui_backup.model.entry import Entry
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of
from tui_backup.services.browsing.directories import Copy, found_of, look
from tui_backup.services.browsing.opened import content, handed_out, reading, write_paths
from tui_backup.services.restore.new_files import free_path, new_file

if TYPE_CHECKING:
    from tui_backup.services.workspace import Workspace


class HandedOut(msgspec.Struct, frozen=True, kw_only=True):
    """What was written."""

    path: bytes
    unreadable: int = 0
    """Files that are missing in it, or not whole."""


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


def write_file(workspace: "Workspace", copy: Copy, path: bytes, target: bytes, watch: Watch) -> HandedOut:
    """Write a file of a snapshot to a path, or if that is taken under the next free name beside.

    Raises:
        BackupError: it cannot be read, or not be written; then nothing stays.
    """
    directory, name = os.path.split(target)
    found = found_of(workspace, copy.repository, copy.snapshot.id)
    with (
        reading([found.shelf], watch),
        new_file(directory, name) as (out, names),
        closing(content(workspace, found, path)) as pieces,
    ):
        for piece in pieces:
            watch.check()
            out.write(piece)
            watch.bytes_done += len(piece)
    return HandedOut(path=names[0])


def write_archive(
    workspace: "Workspace", copy: Copy, paths: Sequence[bytes], format_: str, target: bytes, watch: Watch
) -> HandedOut:
    """Write paths of a snapshot, each with all below it, as an archive.

    `target` is where it is to lie; if that is taken, the next free name beside is used. What cannot be read is left out
    and counted.

    Raises:
        BackupError: nothing can be read, or it cannot be written; then nothing stays.
    """
    found = found_of(workspace, copy.repository, copy.snapshot.id)
    directory, name = os.path.split(target)
    with reading([found.shelf], watch), new_file(directory, name) as (out, names):
        unreadable = write_paths(workspace, found, paths, format_, out, watch)
    return HandedOut(path=names[0], unreadable=unreadable)


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
