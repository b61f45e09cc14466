"""ResticRepairs: mending index, packs and snapshots; the facade, no details."""

from tui_backup.errors import BackupError, UsageError
from tui_backup.formats.base import Repository
from tui_backup.formats.restic.access import Access
from tui_backup.formats.restic.repair.healing import heal
from tui_backup.formats.restic.repair.index import IndexWork, carry_out_index, plan_index
from tui_backup.formats.restic.repair.packs import PackPlanner, PacksWork
from tui_backup.formats.restic.repair.snapshots import SnapshotsWork, plan_snapshots, rewrite_snapshots
from tui_backup.formats.restic.repository import ResticRepository
from tui_backup.formats.restic.upkeep.survey import Seen
from tui_backup.formats.upkeep import OpenLive
from tui_backup.model.upkeep import Repaired, RepairPlan
from tui_backup.model.watch import Watch
from tui_backup.primitives.i18n import _


class ResticRepairs:
    """Plans repairs under shared locks, and carries them out under an exclusive one; for one thread."""

    def __init__(self, access: Access) -> None:
        self._access = access.direct()
        self._opened = access

    def plan_index(self, watch: Watch) -> RepairPlan:
        """Find what index files should list."""
        return plan_index(self._access, watch)

    def plan_packs(self, other: Repository | None, live: OpenLive | None, watch: Watch) -> RepairPlan:
        """Find damaged packs, and for each blob lost in them another whole copy.

        Raises:
            UsageError: `other` is this very repository.
            BackupError: it has no blobs that can be fetched by their ids.
        """
        if other is None:
            return PackPlanner(self._access, None, live, watch).plan()
        if not isinstance(other, ResticRepository):
            message = _("nothing can be fetched from {name}: it is no repository in restic's format")
            raise BackupError(message.format(name=other.name))
        source = other.access.direct()
        if source.store == self._access.store:
            raise UsageError(_("{name} cannot be healed from itself").format(name=other.name))
        return PackPlanner(self._access, source, live, watch).plan()

    def plan_snapshots(self, watch: Watch) -> RepairPlan:
        """Find the snapshots that need what is lost, and what would be left of them."""
        return plan_snapshots(self._access, watch)

    def execute(self, plan: RepairPlan, watch: Watch) -> Repaired:
        """Carry out a plan, unless the repository has changed since.

        Raises:
            BackupError: it has; nothing was done.
        """
        access, work = self._access, plan.work
        assert isinstance(work, IndexWork | PacksWork | SnapshotsWork)
        with access.exclusive(watch) as lock:
            if Seen.of(access) != work.seen:
                message = _("{place} has changed since this was planned").format(place=access.store.describe())
                raise BackupError(message, hint=_("nothing was done; start again"))
            try:
                match work:
                    case IndexWork():
                        written = carry_out_index(access, work, lock, watch)
                        return Repaired(done=plan.steps, problems=plan.problems, bytes_added=written)
                    case PacksWork():
                        return heal(access, plan, work, lock, watch)
                    case SnapshotsWork():
                        return rewrite_snapshots(access, plan, work, lock, watch)
            finally:
                access.unload()
                self._opened.unload()
