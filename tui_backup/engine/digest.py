"""The SHA-256 of what a file holds."""

import hashlib

from tui_backup.model.entry import Entry
from tui_backup.model.watch import Watch

PIECE = 1 << 20
"""Bytes hashed at a time."""


def digest(entry: Entry, watch: Watch | None = None) -> str:
    """Return the SHA-256 of a FILE's content, in hex; raises OSError or BackupError where it cannot be read."""
    hasher = hashlib.sha256()
    with entry.origin.open(entry) as content:
        while piece := content.read(PIECE):
            hasher.update(piece)
            if watch is not None:
                watch.bytes_done += len(piece)
                watch.check()
    return hasher.hexdigest()
