"""What restores in place keep for their undo: found, held while it is used, and removed when its time is over."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from tui_backup.engine.safety_record import (
    SafetyRecord,
    SafetyState,
    discard_kept,
    has_record,
    make_home,
    read_record,
    remove_home,
    write_record,
)
from tui_backup.errors import BackupError, Locked
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

_LOCK = b"lock"
_OVER = (SafetyState.UNDONE, SafetyState.EXPIRED)
_PATIENCE = timedelta(days=90)
"""How long after its time a file system that is not mounted is waited for."""


class UndoHome(msgspec.Struct, frozen=True):
    """A restore that can be undone."""

    path: bytes
    record: SafetyRecord


@contextmanager
def alone(state_dir: Path) -> Iterator[None]:
    """Keep other restores in place of this configuration, and their undos, away until the block ends.

    Raises:
        Locked: one is going on.
        BackupError: the state directory cannot be written.
    """
    above = _above(state_dir)
    try:
        os.makedirs(above, 0o700, exist_ok=True)
        descriptor = os.open(os.path.join(above, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unwritable(state_dir, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Locked(_("another restore in place, or the undo of one, is going on")) from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def new_home(state_dir: Path, record: SafetyRecord) -> Iterator[bytes]:
    """Make a home for a restore that is `alone`, and hold it until the block ends.

    It is removed then if the restore has changed nothing.

    Raises:
        BackupError: the state directory cannot be written.
    """
    above = _above(state_dir)
    home = os.path.join(above, os.fsencode(record.restore))
    try:
        with _locked(above, fcntl.LOCK_EX):
            make_home(home, record)
            holding = _lock(home, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise _unwritable(state_dir, error) from error
    try:
        yield home
    finally:
        with suppress(OSError):
            kept = read_record(home)
            if kept is not None and kept.state is SafetyState.KEEPING:
                _discard(UndoHome(home, kept))
        os.close(holding)


@contextmanager
def held(home: UndoHome) -> Iterator[None]:
    """Hold a home while it is used.

    Raises:
        Locked: another process does.
        BackupError: it is gone.
    """
    try:
        holding = _lock(home.path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Locked(_("the restore {id} is going on or being undone").format(id=home.record.restore)) from error
    except OSError as error:
        raise _unknown(home.record.restore) from error
    try:
        yield
    finally:
        os.close(holding)


def undoable(state_dir: Path) -> list[UndoHome]:
    """Return the restores that can be undone, oldest first; some may be going on."""
    present = now()
    return [
        home for home in _homes(state_dir) if home.record.state is SafetyState.KEPT and home.record.expires > present
    ]


def undo_until(state_dir: Path) -> dict[str, datetime]:
    """Return id -> until when, of every restore that can be undone."""
    return {home.record.restore: home.record.expires for home in undoable(state_dir)}


def find(state_dir: Path, name: str | None) -> UndoHome:
    """Return the restore of an id, which may be cut short, or the newest.

    Raises:
        BackupError: no restore, or several, that can be undone are meant.
    """
    known = undoable(state_dir)
    if name is None:
        if not known:
            raise BackupError(_("there is no restore that can be undone"))
        return known[-1]
    found = [home for home in known if name and home.record.restore.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        message = _("several restores begin with {id}").format(id=name)
        raise BackupError(message, hint=", ".join(home.record.restore for home in found))
    raise _unknown(name, known)


def end(home: UndoHome) -> None:
    """Note that a restore was undone, and remove what was kept; what cannot be removed now goes later."""
    over = UndoHome(home.path, msgspec.structs.replace(home.record, state=SafetyState.UNDONE))
    with suppress(OSError):
        write_record(over.path, over.record)
        _discard(over)


def sweep(state_dir: Path) -> None:
    """Remove what nobody needs any more: of undos, of restores that changed nothing, and what was kept long enough.

    What somebody uses, and what lies on a file system that is not mounted, is left for later.
    """
    above = _above(state_dir)
    if not os.path.isdir(above):
        return
    with suppress(OSError), _locked(above, fcntl.LOCK_EX | fcntl.LOCK_NB):
        for entry in [entry for entry in os.scandir(above) if entry.name != _LOCK]:
            with suppress(OSError):
                holding = _lock(entry.path, fcntl.LOCK_EX | fcntl.LOCK_NB)
                try:
                    _tidy(entry.path)
                finally:
                    os.close(holding)


def over(state_dir: Path) -> list[UndoHome]:
    """Return what is left of restores that were undone or cannot be undone any more."""
    return [home for home in _homes(state_dir) if home.record.state in _OVER]


def remove(home: UndoHome) -> None:
    """Remove what is left of a restore, as far as that is possible."""
    with suppress(OSError):
        discard_kept(home.path, home.record)
        remove_home(home.path)


def _tidy(path: bytes) -> None:
    record = read_record(path)
    if record is None:
        if not has_record(path):
            remove_home(path)
        return
    if record.state is SafetyState.KEPT:
        if record.expires > now():
            return
        record = msgspec.structs.replace(record, state=SafetyState.EXPIRED)
        write_record(path, record)
    try:
        _discard(UndoHome(path, record))
    except OSError:
        if record.expires + _PATIENCE < now():
            remove_home(path)


def _discard(home: UndoHome) -> None:
    """Remove what is kept, and the home too unless a snapshot has to be forgotten first."""
    discard_kept(home.path, home.record)
    if home.record.safety_snapshot is None:
        remove_home(home.path)


def _above(state_dir: Path) -> bytes:
    return os.path.join(os.fsencode(state_dir), b"undo")


def _homes(state_dir: Path) -> list[UndoHome]:
    return [UndoHome(path, record) for path, record in _records(_above(state_dir))]


def _records(above: bytes) -> list[tuple[bytes, SafetyRecord]]:
    try:
        paths = sorted(entry.path for entry in os.scandir(above))
    except OSError:
        return []
    return [(path, record) for path in paths if (record := read_record(path)) is not None]


def _lock(directory: bytes, how: int) -> int:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _locked(directory: bytes, how: int) -> Iterator[None]:
    holding = _lock(directory, how)
    try:
        yield
    finally:
        os.close(holding)


def _unwritable(state_dir: Path, error: OSError) -> BackupError:
    message = _("what would be replaced cannot be kept for an undo in {path}: {reason}")
    return BackupError(
        message.format(path=state_dir, reason=reason_of(error)), hint=_("restore it beside: --target DIRECTORY")
    )


def _unknown(name: str, known: list[UndoHome] | None = None) -> BackupError:
    hint = ", ".join(home.record.restore for home in (known or [])[-10:])
    return BackupError(
        _("there is no restore {id} that can be undone").format(id=name),
        hint=_("these can be: {ids}").format(ids=hint) if hint else None,
    )
