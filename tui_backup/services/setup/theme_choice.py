"""Theme choice: the theme of the UI, kept in the configuration."""

from tui_backup.config.editing import Draft
from tui_backup.services.setup.configuring import file_of, save
from tui_backup.services.workspace import Workspace


def keep_theme(workspace: Workspace, name: str) -> Workspace:
    """Write the name of a theme into the configuration; return the workspace of what it says then.

    Raises:
        ConfigError: it cannot be written, it is not sound, or somebody else has changed it at the same time.
    """
    file = file_of(workspace.config)
    save(file, Draft(file.text).with_value(("theme",), name).text, lambda _config: workspace.audit)
    return Workspace.open(file.path, workspace.bus)
