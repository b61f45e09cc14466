"""Places: where one can go in the UI, each with what it takes to get there.

A page is one line in `PAGES`; it is imported when somebody goes there.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from textual.message import Message

if TYPE_CHECKING:
    from tui_backup.tui.desk import Desk
    from tui_backup.tui.page import Page


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """Jobs, the history of one, and what goes on."""


@dataclass(frozen=True, kw_only=True)
class Browser:
    """What a snapshot holds."""

    snapshot: str
    """Full id."""
    repository: str
    path: bytes = b"/"
    """The directory to begin in, or the entry to put the cursor on; the root: where the first choice is to be made."""


@dataclass(frozen=True, kw_only=True)
class Snapshots:
    """All snapshots, those of other programs too; of a job, or of a repository."""

    job: str | None = None
    repository: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finder:
    """Search for a path in the snapshots of a job, or in one."""

    job: str | None = None
    snapshot: str | None = None
    repository: str | None = None


@dataclass(frozen=True, kw_only=True)
class Versions:
    """The versions of one path over time."""

    path: bytes
    job: str | None = None


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What changed between two snapshots, or between one and the live disk."""

    snapshot: str
    repository: str
    path: bytes = b"/"
    """Only below this directory."""
    other: str | None = None
    """Id of the newer one; None: the live disk."""
    other_repository: str | None = None


@dataclass(frozen=True, kw_only=True)
class Restore:
    """The way to get something back."""

    job: str | None = None
    snapshot: str | None = None
    """Full id; None: it is chosen there."""
    repository: str | None = None
    paths: tuple[bytes, ...] = ()
    """What is already marked; nothing: it is chosen there."""


@dataclass(frozen=True, kw_only=True)
class UndoRestore:
    """Undo a restore in place: which, the plan, and doing it."""

    restore: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunLog:
    """The log of one run, going on or over."""

    run: str


@dataclass(frozen=True, kw_only=True)
class Problems:
    """What somebody should look at, each with what can be done about it."""


@dataclass(frozen=True, kw_only=True)
class Schedules:
    """What runs by itself, and when."""

    job: str | None = None
    """The job that is looked at first."""


@dataclass(frozen=True, kw_only=True)
class Verify:
    """Prove that snapshots can be restored."""

    repository: str | None = None
    snapshot: str | None = None


@dataclass(frozen=True, kw_only=True)
class Damage:
    """What verification found wrong in a repository."""

    repository: str


@dataclass(frozen=True, kw_only=True)
class Mend:
    """Repair a repository: the plan, and doing it."""

    repository: str
    kind: str
    """As `RepairKind` has it: index, packs, snapshots."""
    other: str | None = None
    """Another repository from which lost blobs are fetched."""


@dataclass(frozen=True, kw_only=True)
class Prune:
    """Forget what no policy keeps, and reclaim space."""

    job: str | None = None
    repository: str | None = None


@dataclass(frozen=True, kw_only=True)
class Locks:
    """Who holds repositories."""

    repository: str | None = None


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Passwords of a repository."""

    repository: str | None = None


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """The configuration as forms, or as text."""

    job: str | None = None
    repository: str | None = None
    notifier: str | None = None
    new_job: bool = False
    as_text: bool = False


@dataclass(frozen=True, kw_only=True)
class History:
    """Past runs."""

    job: str | None = None


@dataclass(frozen=True, kw_only=True)
class AuditTrail:
    """Who changed or read back data."""


@dataclass(frozen=True, kw_only=True)
class Themes:
    """How it looks, with a preview."""


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """First start: a few questions, and a first backup."""


Place = (
    Dashboard
    | Snapshots
    | Browser
    | Finder
    | Versions
    | Changes
    | Restore
    | UndoRestore
    | RunLog
    | Problems
    | Schedules
    | Verify
    | Damage
    | Mend
    | Prune
    | Locks
    | Keys
    | Configuration
    | History
    | AuditTrail
    | Themes
    | Welcome
)

PAGES: dict[type[Place], str] = {
    Dashboard: "tui_backup.tui.dashboard.page:DashboardPage",
    RunLog: "tui_backup.tui.running.run_log:RunLogPage",
    Problems: "tui_backup.tui.dashboard.problems:ProblemsPage",
    Schedules: "tui_backup.tui.schedules.page:SchedulesPage",
    Browser: "tui_backup.tui.browser.page:BrowserPage",
    Snapshots: "tui_backup.tui.browser.snapshots:SnapshotsPage",
    Finder: "tui_backup.tui.browser.finder:FinderPage",
    Versions: "tui_backup.tui.browser.versions:VersionsPage",
    Changes: "tui_backup.tui.browser.changes:ChangesPage",
    Welcome: "tui_backup.tui.welcome.page:WelcomePage",
    Verify: "tui_backup.tui.upkeep.verify:VerifyPage",
    Damage: "tui_backup.tui.upkeep.damage:DamagePage",
    Mend: "tui_backup.tui.upkeep.mend:MendPage",
    Prune: "tui_backup.tui.upkeep.prune:PrunePage",
    Locks: "tui_backup.tui.upkeep.locks:LocksPage",
    Keys: "tui_backup.tui.upkeep.keys:KeysPage",
    History: "tui_backup.tui.records.history:HistoryPage",
    AuditTrail: "tui_backup.tui.records.audit:AuditPage",
    Themes: "tui_backup.tui.appearance.page:ThemesPage",
    Configuration: "tui_backup.tui.configuration.page:ConfigurationPage",
    Restore: "tui_backup.tui.restore.page:RestorePage",
    UndoRestore: "tui_backup.tui.restore.undo_page:UndoPage",
}
"""Place -> `module:Class` of the page, which is made with the desk and the place."""


class Go(Message):
    """Somebody wants to go to a place; the app goes there. Escape leads back."""

    def __init__(self, place: Place, *, instead: bool = False) -> None:
        """With `instead` the page that asks is left for good."""
        super().__init__()
        self.place = place
        self.instead = instead


class Quit(Message):
    """Somebody wants to leave the last page, and so the UI."""


def is_built(place: type[Place]) -> bool:
    """Whether there is a page for a kind of place."""
    return place in PAGES


def page_of(place: Place, desk: "Desk") -> "Page":
    """Import and make the page of a place."""
    module, _colon, name = PAGES[type(place)].partition(":")
    return cast("Page", getattr(import_module(module), name)(desk, place))
