"""ResticLockDesk: who holds the repository, and whether they still live."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tui_backup.formats.restic.access import Access
from tui_backup.formats.restic.locks.files import FoundLock
from tui_backup.formats.restic.locks.life import life_of
from tui_backup.model.upkeep import LockInfo

_NEVER = datetime.max.replace(tzinfo=UTC)


class ResticLockDesk:
    """The locks of one open repository, those of this very process included."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def found(self) -> list[LockInfo]:
        """Return the locks, oldest first, the provably dead among them; raises StoreError."""
        locks = [self._info(lock) for lock in self._access.locks.found(tidying=False)]
        return sorted(locks, key=lambda lock: (lock.since or _NEVER, lock.name))

    def remove(self, locks: Sequence[LockInfo]) -> None:
        """Remove locks, whoever holds them; no process is told, signalled or ended."""
        self._access.locks.remove(lock.name for lock in locks)

    def _info(self, lock: FoundLock) -> LockInfo:
        known = life_of(lock, self._access.opening.ledger)
        document = lock.document
        return LockInfo(
            name=lock.name,
            exclusive=bool(document.exclusive) if document else None,
            host=document.hostname if document else None,
            user=document.username if document else None,
            pid=document.pid if document else None,
            since=lock.taken,
            refreshed=lock.refreshed,
            life=known.life,
            evidence=known.evidence,
        )
