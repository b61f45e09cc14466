"""What is said where somebody else holds the repository: who, since when, whether they live, and what can be done."""

import os

import msgspec

from tui_backup.errors import Locked
from tui_backup.formats.restic.locks.files import FoundLock
from tui_backup.formats.restic.locks.life import Life, life_of
from tui_backup.model.locking import Locking
from tui_backup.model.upkeep import LockLife
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.identity import identity
from tui_backup.primitives.ledger import Ledger
from tui_backup.primitives.text import age, moment, printable

_LONGEST = 100


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Where the lock was wanted."""

    place: str
    name: str
    """Of the repository in the configuration."""
    locking: Locking
    ledger: Ledger | None


class AtWork(Locked):
    """A living process of this program on this host has the repository for itself, for a while."""


def locked_by(lock: FoundLock, desk: Desk) -> Locked:
    """Return the error for a lock that can be read; AtWork where it will go soon."""
    assert lock.document is not None
    life = life_of(lock, desk.ledger)
    words = _("{place} is locked by {user} on {host} (pid {pid}), since {since}, last refreshed {age}: {evidence}")
    if lock.document.exclusive:
        words = _(
            "{place} is locked exclusively by {user} on {host} (pid {pid}), since {since}, last refreshed {age}: "
            "{evidence}"
        )
    message = words.format(
        place=desk.place,
        user=brief(lock.document.username),
        host=brief(lock.document.hostname),
        pid=brief(str(lock.document.pid)),
        since=moment(lock.taken),
        age=age(lock.refreshed, now()),
        evidence=life.evidence,
    )
    kind = AtWork if _is_at_work(lock, desk) else Locked
    return kind(message, hint="\n".join(_hints(lock, life, desk)))


def unreadable(lock: FoundLock, desk: Desk) -> Locked:
    """Return the error for a lock that cannot be read."""
    message = _("{place} has a lock that cannot be read: {name}").format(place=desk.place, name=lock.name)
    words = _("if no other program works there, `tui-backup unlock -r {name} --force` removes it")
    return Locked(message, hint="\n".join([words.format(name=desk.name), *_without(desk)]))


def _is_at_work(lock: FoundLock, desk: Desk) -> bool:
    document = lock.document
    if document is None or not document.exclusive or document.pid == os.getpid() or desk.ledger is None:
        return False
    return desk.ledger.is_held(lock.name)


def brief(text: str | None) -> str:
    """Return what a lock says of its owner, fit for a terminal."""
    return printable((text or "?")[:_LONGEST])


def run_behind(lock: FoundLock, locking: Locking) -> str | None:
    """Return the run of this configuration on this host that holds a lock."""
    document = lock.document
    if document is None or locking.run_of is None or document.hostname != identity().hostname or not document.pid:
        return None
    return locking.run_of(document.pid)


def _hints(lock: FoundLock, life: Life, desk: Desk) -> list[str]:
    unlock = f"tui-backup unlock -r {desk.name}"
    if life.life is LockLife.DEAD:
        return [_("`{command}` removes it").format(command=unlock)]
    wait = _("try again when it is done, or wait for it: --retry-lock 10m")
    if life.life is LockLife.UNKNOWN:
        force = _("if that program is gone, `{command} --force` removes its lock").format(command=unlock)
        return [*([] if lock.stale else [wait]), force, *_without(desk)]
    run = run_behind(lock, desk.locking)
    if run is not None:
        follow = _("follow it: tui-backup attach {run}; stop it: tui-backup cancel {run}").format(run=run)
        return [follow, wait, *_without(desk)]
    return [wait, *_without(desk)]


def _without(desk: Desk) -> list[str]:
    return [_("--no-lock reads without one")] if desk.locking.optional else []
