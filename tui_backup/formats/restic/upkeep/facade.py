"""ResticUpkeep: what keeps a repository healthy; each room is imported when it is first entered."""

from functools import cached_property
from typing import TYPE_CHECKING

from tui_backup.formats.restic.access import Access

if TYPE_CHECKING:
    from tui_backup.formats.restic.locks.desk import ResticLockDesk
    from tui_backup.formats.restic.repair.repairs import ResticRepairs
    from tui_backup.formats.restic.upkeep.copying import ResticCopier
    from tui_backup.formats.restic.upkeep.keyring import ResticKeyring
    from tui_backup.formats.restic.upkeep.reclaiming import ResticReclaimer


class ResticUpkeep:
    """Locks, keys, space, copies and repairs of one open repository."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @cached_property
    def locks(self) -> "ResticLockDesk":
        """Who holds the repository."""
        from tui_backup.formats.restic.locks.desk import ResticLockDesk

        return ResticLockDesk(self._access)

    @cached_property
    def keys(self) -> "ResticKeyring":
        """The passwords that open it."""
        from tui_backup.formats.restic.upkeep.keyring import ResticKeyring

        return ResticKeyring(self._access)

    @cached_property
    def space(self) -> "ResticReclaimer":
        """Space that no snapshot needs."""
        from tui_backup.formats.restic.upkeep.reclaiming import ResticReclaimer

        return ResticReclaimer(self._access)

    @cached_property
    def copies(self) -> "ResticCopier":
        """Snapshots from other repositories."""
        from tui_backup.formats.restic.upkeep.copying import ResticCopier

        return ResticCopier(self._access)

    @cached_property
    def repairs(self) -> "ResticRepairs":
        """Mending."""
        from tui_backup.formats.restic.repair.repairs import ResticRepairs

        return ResticRepairs(self._access)
