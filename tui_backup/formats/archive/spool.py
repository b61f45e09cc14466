"""Spool: a list on its way, in memory while it is small, else in a file that has no name and goes with the process."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, cast

from tui_backup.errors import BackupError
from tui_backup.primitives.i18n import _
from tui_backup.primitives.reasons import reason_of

IN_MEMORY: Final = 16 << 20
"""Bytes that are kept in memory at most."""


def new_spool() -> BinaryIO:
    """Return an empty file that can be read, written and sought; whoever asks closes it."""
    return cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY))


@contextmanager
def spooling() -> Iterator[None]:
    """Say of what goes wrong in writing to a spool where that is."""
    try:
        yield
    except OSError as error:
        raise BackupError(
            _("no temporary file can be written in {directory}: {reason}").format(
                directory=tempfile.tempdir or os.environ.get("TMPDIR", "/tmp"),  # noqa: S108 - where Python looks first
                reason=reason_of(error),
            ),
            hint=_("free some space there, or set TMPDIR to another directory"),
        ) from error
