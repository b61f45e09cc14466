"""Where one can go from the dashboard, with what is at hand there."""

from dataclasses import dataclass

from textual.binding import Binding

from tui_backup.primitives.i18n import _
from tui_backup.services.status.dashboard import JobOverview, PastBackup
from tui_backup.tui.places import (
    AuditTrail,
    Browser,
    Configuration,
    Finder,
    History,
    Place,
    Problems,
    Prune,
    Restore,
    RunLog,
    Schedules,
    Snapshots,
    Themes,
    Verify,
)
from tui_backup.tui.run_board import RunView

PLACES: dict[str, type[Place]] = {
    "problems": Problems,
    "restore": Restore,
    "verify": Verify,
    "browse": Browser,
    "edit-job": Configuration,
    "new-job": Configuration,
    "prune": Prune,
    "schedules": Schedules,
    "find": Finder,
    "snapshots": Snapshots,
    "themes": Themes,
    "settings": Configuration,
    "past-runs": History,
    "audit": AuditTrail,
    "run-log": RunLog,
}
"""What the action `visit` leads to."""


def _visit(key: str, name: str, text: str, tooltip: str, *, show: bool = False, display: str | None = None) -> Binding:
    return Binding(
        key, f"visit('{name}')", text, show=show, key_display=display, tooltip=tooltip, id=f"dashboard.{name}"
    )


VISITS = [
    _visit(
        "exclamation_mark",
        "problems",
        _("Problems"),
        _("See what should be looked at, and what can be done about it"),
        show=True,
        display="!",
    ),
    _visit("r", "restore", _("Restore"), _("Get files of this job back"), show=True),
    _visit("v", "verify", _("Verify"), _("Prove that snapshots can be restored"), show=True),
    _visit("l", "run-log", _("Log"), _("Read the log of this run")),
    _visit("e", "edit-job", _("Edit"), _("Change this job")),
    _visit("n", "new-job", _("New job"), _("Make a new job")),
    _visit("p", "prune", _("Prune"), _("Forget what the policy of this job does not keep")),
    _visit("s", "schedules", _("Schedules"), _("See what runs by itself, and when")),
    _visit("S", "snapshots", _("Snapshots"), _("See all snapshots in all repositories")),
    _visit("f", "find", _("Find"), _("Find a file in any snapshot")),
    _visit("t", "themes", _("Theme"), _("Choose how it looks")),
    _visit("comma", "settings", _("Settings"), _("Change the configuration"), display=","),
    _visit("H", "past-runs", _("History"), _("See past runs")),
    _visit("A", "audit", _("Audit"), _("See who changed or read back data")),
]


@dataclass(frozen=True, kw_only=True)
class AtHand:
    """What somebody has chosen."""

    job: JobOverview | None
    backup: PastBackup | None
    view: RunView | None
    """A run that was chosen itself."""

    @property
    def run(self) -> str | None:
        """The run that was chosen, or that made the backup."""
        if self.view is not None:
            return self.view.run
        return self.backup.run if self.backup else None

    def place(self, name: str) -> Place | None:
        """Return where a visit leads; None where there is no snapshot, or no run, for it."""
        job = self.job.job if self.job else None
        copy = self.backup.best_copy if self.backup else None
        snapshot, repository = (copy.snapshot, copy.repository) if copy else (None, None)
        places: dict[str, Place | None] = {
            "problems": Problems(),
            "restore": Restore(job=job, snapshot=snapshot, repository=repository),
            "verify": Verify(snapshot=snapshot, repository=repository),
            "browse": Browser(snapshot=copy.snapshot, repository=copy.repository) if copy else None,
            "edit-job": Configuration(job=job) if job else None,
            "new-job": Configuration(new_job=True),
            "prune": Prune(job=job),
            "schedules": Schedules(job=job),
            "find": Finder(job=job),
            "snapshots": Snapshots(),
            "themes": Themes(),
            "settings": Configuration(),
            "past-runs": History(job=job),
            "audit": AuditTrail(),
            "run-log": RunLog(run=self.run) if self.run else None,
        }
        return places[name]
