"""Start: the UI from its first screen to its end, and what outlives it."""

from tui_backup.services.workspace import Workspace
from tui_backup.tui.app import BackupApp
from tui_backup.tui.desk import Desk
from tui_backup.tui.glyphs import glyphs_of_terminal


def show(workspace: Workspace | None, given: str | None) -> int:
    """Show the UI until somebody leaves it; return the exit code. Runs that go on are waited for.

    `workspace` is None where there is no configuration yet; `given` is the file that somebody named.
    """
    desk = Desk(workspace, given=given, glyphs=glyphs_of_terminal())
    BackupApp(desk).run()
    desk.launches.wait()
    desk.close()
    return 0
