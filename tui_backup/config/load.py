"""Find, read and check the configuration."""

import os

from tui_backup.config.document import Document
from tui_backup.config.paths import check_owner, find_config
from tui_backup.config.reader import Reader
from tui_backup.config.settings import Config


def load_config(given: str | None = None) -> Config:
    """Return the configuration of this call: from the given file, or from where it is looked for.

    Raises:
        ConfigError: there is none, somebody else could have written it, or it is wrong.
    """
    path = find_config(given)
    check_owner(path)
    return Reader(Document.read(path), os.path.dirname(path)).read()
