"""The record of what a restore keeps for its undo: where it lies, for how long, and how far things are.

Each has a directory of its own in the state (`undo/RESTORE/`, 0700), its home:

    record     `SafetyRecord` as JSON, replaced whole
    journal    what the restore changes (`undo_journal`)

Safety directories (`primitives.safety_directory`) hold what it replaces: one in the home, others on other file systems;
what can be linked nowhere is in a snapshot.
"""

import errno
import os
from contextlib import suppress
from datetime import datetime
from enum import StrEnum

import msgspec

from tui_backup.primitives.atomic import write_whole
from tui_backup.primitives.descriptors import DIRECTORY, names_at, open_root
from tui_backup.primitives.safety_directory import NAME, make_inside, open_private, remove_inside

_RECORD = b"record"
JOURNAL = b"journal"


class SafetyState(StrEnum):
    """How far things are."""

    KEEPING = "keeping"
    """The restore has not changed anything yet."""
    KEPT = "kept"
    """It may have changed everything, and can be undone."""
    UNDONE = "undone"
    EXPIRED = "expired"
    """Only a snapshot is left to be removed."""


class SafetyPlace(msgspec.Struct, frozen=True, array_like=True):
    """A directory that keeps what a restore replaces, each thing under `key_of` its path."""

    above: bytes | None = None
    """Absolute path of the directory that a safety directory was made in; None: the home."""
    inode: int = 0
    """Of that directory: another one may be there while a file system is not mounted."""


class SafetyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What one restore keeps for its undo."""

    restore: str
    """Id of its run."""
    job: str | None
    repository: str
    snapshot: str
    """Id of the snapshot that was restored."""
    target: bytes
    paths: tuple[bytes, ...] = ()
    """What was restored there: paths, or patterns as they were given; nothing where nobody has noted it."""
    started: datetime
    expires: datetime
    state: SafetyState = SafetyState.KEEPING
    places: tuple[SafetyPlace, ...] = (SafetyPlace(),)
    safety_snapshot: str | None = None
    """Id of the snapshot of what could not be kept in a place."""
    bytes: int = 0
    """Size of the files that are kept."""


def read_record(home: bytes) -> SafetyRecord | None:
    """Return the record of a home; None where it has none that can be read."""
    try:
        with open(os.path.join(home, _RECORD), "rb") as file:
            return msgspec.json.decode(file.read(), type=SafetyRecord)
    except (OSError, msgspec.DecodeError):
        return None


def has_record(home: bytes) -> bool:
    """Whether a home has a record, be it one that can be read or not."""
    return os.path.lexists(os.path.join(home, _RECORD))


def write_record(home: bytes, record: SafetyRecord) -> None:
    """Replace the record of a home; raises OSError."""
    write_whole(os.fsdecode(os.path.join(home, _RECORD)), msgspec.json.encode(record))


def make_home(home: bytes, record: SafetyRecord) -> None:
    """Make a home; raises OSError."""
    os.makedirs(os.path.dirname(home), 0o700, exist_ok=True)
    os.mkdir(home, 0o700)
    directory = open_private(home)
    try:
        os.close(make_inside(directory, record.restore.encode()))
    finally:
        os.close(directory)
    write_record(home, record)


def open_place(home: bytes, record: SafetyRecord, place: SafetyPlace) -> int:
    """Return the descriptor of a place.

    Raises:
        OSError: it is not there, or not ours; ESTALE where something else is in the way, or nothing is mounted.
    """
    above = _open_above(home, place)
    try:
        directory = open_private(NAME, above)
        try:
            return open_private(record.restore.encode(), directory)
        finally:
            os.close(directory)
    finally:
        os.close(above)


def unreached(record: SafetyRecord) -> bytes | None:
    """Return a directory with a safety directory that is not there at present, as its file system is not mounted."""
    for place in record.places:
        if place.above is not None:
            try:
                os.close(_open_above(b"", place))
            except OSError:
                return place.above
    return None


def discard_kept(home: bytes, record: SafetyRecord) -> None:
    """Remove all that the places keep; what is gone already is no trouble.

    Raises:
        OSError: something cannot be removed, or reached, at present.
    """
    for place in record.places:
        with suppress(FileNotFoundError):
            _empty(open_place(home, record, place))
        above = _open_above(home, place)
        try:
            with suppress(FileNotFoundError):
                remove_inside(above, record.restore.encode())
        finally:
            os.close(above)


def remove_home(home: bytes) -> None:
    """Remove a home whose places are empty; raises OSError."""
    directory = os.open(home, DIRECTORY)
    try:
        with suppress(FileNotFoundError):
            remove_inside(directory, os.path.basename(home))
    finally:
        _empty(directory)
    os.rmdir(home)


def _open_above(home: bytes, place: SafetyPlace) -> int:
    if place.above is None:
        return open_private(home)
    stale = OSError(errno.ESTALE, os.strerror(errno.ESTALE), place.above)
    try:
        above = open_root(place.above)
    except FileNotFoundError as error:
        raise stale from error
    if os.fstat(above).st_ino != place.inode:
        os.close(above)
        raise stale
    return above


def _empty(directory: int) -> None:
    """Remove every name that is no directory, and close the descriptor."""
    try:
        for name in names_at(directory):
            with suppress(FileNotFoundError, IsADirectoryError):
                os.unlink(name, dir_fd=directory)
    finally:
        os.close(directory)
