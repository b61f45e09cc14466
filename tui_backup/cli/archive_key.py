"""The key of sealed archives that are named by their paths."""

import sys
from collections.abc import Sequence

from tui_backup.cli import output
from tui_backup.primitives.i18n import _
from tui_backup.primitives.secret import Secret
from tui_backup.primitives.text import printable


def asked_key(paths: Sequence[str]) -> Secret | None:
    """Return the key that whoever sits there types for a sealed archive; None where none is needed, or nobody sits."""
    from tui_backup.services.setup.archive_files import needs_key

    if not needs_key(paths) or not sys.stdin.isatty():
        return None
    from getpass import getpass

    output.flush()
    return Secret(getpass(_("encryption key of {name}: ").format(name=printable(paths[0])), sys.stderr))
