"""Against: what the directory at hand is compared with, and how that is told."""

from collections.abc import Mapping
from datetime import datetime

from tui_backup.engine.diff import Change
from tui_backup.primitives.i18n import _
from tui_backup.services.browsing.directories import Comparison, Opened, compared_with_copy, compared_with_disk
from tui_backup.services.workspace import Workspace
from tui_backup.tui.browser.rows import Row, with_others
from tui_backup.tui.browser.view import View
from tui_backup.tui.words import day_and_time

PREVIOUS, DISK = "previous", "disk"

NOTHING: Mapping[bytes, Change] = {}


class Against:
    """The other side of the comparison: the snapshot before this one, or the disk of today."""

    def __init__(self) -> None:
        self.side = PREVIOUS
        self.comparison: Comparison | None = None
        """Of the directory at hand, once it is made."""

    @property
    def changes(self) -> Mapping[bytes, Change]:
        """What has changed in the directory at hand, as far as that is known."""
        return self.comparison.changes if self.comparison else NOTHING

    @property
    def others(self) -> set[bytes]:
        """Paths in the directory at hand that only the other side has."""
        return {entry.path for entry in self.comparison.others} if self.comparison else set()

    def turn(self) -> None:
        """Compare with the other thing."""
        self.side = PREVIOUS if self.side == DISK else DISK
        self.comparison = None

    def is_possible(self, opened: Opened) -> bool:
        """Whether there is anything to compare with."""
        return self.side == DISK or opened.previous is not None

    def meaning(self, opened: Opened | None, now: datetime, zone: str | None) -> str:
        """Return what the signs say."""
        if opened is None:
            return ""
        if self.side == DISK:
            return _("+ new  ~ changed  - gone, on this host since then")
        if opened.previous is None:
            return _("the first snapshot: there is none before to compare it with")
        when = day_and_time(opened.previous.snapshot.time, now, zone)
        return _("+ new  ~ changed  - gone, since {time}").format(time=when)


def compared(workspace: Workspace, opened: Opened, view: View, side: str) -> tuple[list[Row], Comparison]:
    """Compare a directory; return the rows of both sides, and how they differ.

    Raises:
        BackupError: the other side cannot be read.
    """
    entries = [row.entry for row in view.rows]
    if side == DISK or opened.previous is None:
        found = compared_with_disk(workspace, opened.copy, entries, view.path)
    else:
        found = compared_with_copy(workspace, entries, opened.previous, view.path)
    return with_others(view.rows, found.others), found
