"""Find, read and check the configuration."""

import os

from tui_backup.config.document import Document
from tui_backup.config.paths import check_owner, find_config
from tui_backup.config.reader import Reader
from tui_backup.config.settings import Config
from tui_backup.primitives.i18n import LANGUAGES, use


def load_config(given: str | None = None) -> Config:
    """Return the configuration of this call: from the given file, or from where it is looked for.

    What is said from here on, of the configuration too, is said in its language.

    Raises:
        ConfigError: there is none, somebody else could have written it, or it is wrong.
    """
    path = find_config(given)
    check_owner(path)
    document = Document.read(path)
    language = document.tables.get("language")
    use(language if language in LANGUAGES else None)
    return Reader(document, os.path.dirname(path)).read()
