"""Whether the owner of a lock still lives, and what that is concluded from; no process is ever signalled.

What is proof. The ledger: our own locks, whose owner holds its record locked for as long as it lives. And for a lock
that some program of this host left: no process has its pid, and it was not refreshed for longer than every program
that lives refreshes (five minutes) - this rests on the host name being this machine's alone.
What is none. A host name elsewhere; a process of that pid that began later, for the pid may have been given again, or
the clock set; a missing process while the lock is fresh, for containers share a host name and not their processes.
What is taken for life. A process of the same pid and user that began before the lock was last refreshed.
"""

from datetime import datetime, timedelta

import msgspec

from tui_backup.formats.restic.locks.files import FoundLock, LockDocument
from tui_backup.model.upkeep import LockLife
from tui_backup.primitives.clock import now
from tui_backup.primitives.i18n import _
from tui_backup.primitives.identity import identity
from tui_backup.primitives.ledger import Ledger
from tui_backup.primitives.processes import Sighting, sighted
from tui_backup.primitives.text import duration, printable

REFRESHED_WITHIN = timedelta(minutes=7)
"""Every living owner refreshes its lock every five minutes; the rest is for slow stores and clocks that differ."""

_ROUNDING = timedelta(seconds=5)
"""How well the start of a process is known."""

_ANYWHERE = {"", "localhost", "localhost.localdomain"}
"""Host names that tell nothing."""


class Life(msgspec.Struct, frozen=True):
    """What is known of the owner of a lock."""

    life: LockLife
    evidence: str
    """One clause for people."""


def life_of(lock: FoundLock, ledger: Ledger | None = None) -> Life:
    """Return whether the owner of a lock lives."""
    if ledger is not None and ledger.provably_dead(lock.name):
        return Life(LockLife.DEAD, _("this host's own record says that its process has ended"))
    if ledger is not None and ledger.is_held(lock.name):
        return Life(LockLife.ALIVE, _("its process holds its record on this host"))
    document, refreshed = lock.document, lock.refreshed
    if document is None or refreshed is None:
        return Life(LockLife.UNKNOWN, _("it cannot be read"))
    pid = document.pid or 0
    if document.hostname != identity().hostname or document.hostname in _ANYWHERE or pid <= 0:
        return Life(LockLife.UNKNOWN, _elsewhere(refreshed))
    return _here(document, pid, refreshed)


def _here(document: LockDocument, pid: int, refreshed: datetime) -> Life:
    """Judge the lock of a process that should be seen on this host."""
    process = sighted(pid)
    if process is not None and process.uid in {None, document.uid or 0}:
        name = printable(process.program) or "?"
        if process.began is None or process.began <= refreshed + _ROUNDING:
            return Life(LockLife.ALIVE, _("its process {pid} ({program}) runs here").format(pid=pid, program=name))
        evidence = _("the process {pid} ({program}) began only after its last refresh").format(pid=pid, program=name)
        return Life(LockLife.UNKNOWN, evidence)
    absence = _absence(pid, process)
    silent = now() - refreshed
    if silent > REFRESHED_WITHIN:
        words = _("{absence}, and it was not refreshed for {time}")
        return Life(LockLife.DEAD, words.format(absence=absence, time=duration(silent.total_seconds())))
    words = _("{absence}, but it was refreshed {time} ago: another container of this host name?")
    return Life(LockLife.UNKNOWN, words.format(absence=absence, time=duration(silent.total_seconds())))


def _absence(pid: int, process: Sighting | None) -> str:
    if process is None:
        return _("its process {pid} is not to be seen here").format(pid=pid)
    return _("the process {pid} here is another user's").format(pid=pid)


def _elsewhere(refreshed: datetime) -> str:
    silent = now() - refreshed
    if silent > REFRESHED_WITHIN:
        words = _("not refreshed for {time}: living programs do so every 5 minutes, but a machine that sleeps may wake")
        return words.format(time=duration(silent.total_seconds()))
    return _("its process cannot be seen from this host")
