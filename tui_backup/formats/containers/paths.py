"""Names of members as paths inside a snapshot; they may come from an attacker."""

import os

from tui_backup.errors import BackupError, Corrupted
from tui_backup.model.entry import EntryKind
from tui_backup.primitives.i18n import _

LONGEST_PATH = (1 << 16) - 2
"""Bytes, so that it fits into a zip, a slash behind it."""

DEEPEST = 4096
_MOST_BYTES = min(1 << 30, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
"""Of memory for all names of one archive together, those of directories that are only implied among them."""
_EACH = 200
"""Bytes that a name takes beside its own, as it is kept (measured: 120 to 210)."""


def path_of(name: bytes) -> bytes:
    """Return the absolute path that a member's name stands for: `./a//b` is `/a/b`; the top itself is `/`.

    Raises:
        Corrupted: it leads upwards, holds NUL, or is longer or deeper than any path.
    """
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise Corrupted(_("its name leads out of the archive"))
    if b"\0" in name or len(name) > LONGEST_PATH + 1 or len(parts) > DEEPEST:
        raise Corrupted(_("its name is none that a file can have"))
    return b"/" + b"/".join(parts)


class Room:
    """Memory for names that may come from an attacker."""

    def __init__(self) -> None:
        self._left = _MOST_BYTES

    def spend(self, name: bytes) -> None:
        """Count a name that is kept; raises BackupError where there are names without end."""
        self._left -= len(name) + _EACH
        if self._left < 0:
            raise BackupError(_("the archive has more names than memory can hold"))


class Claims:
    """The paths that members of one archive have taken: each once, and below nothing but directories."""

    def __init__(self) -> None:
        self._taken = {b"/": EntryKind.DIR}
        self._implied: set[bytes] = set()
        """Directories that have no member of their own so far."""
        self._room = Room()

    def take(self, path: bytes, kind: EntryKind) -> bool:
        """Take a path and those of the directories that it lies in; return False for a directory that comes again.

        Raises:
            Corrupted: something else has the path, or it would lie below what is no directory.
            BackupError: the archive has names without end.
        """
        found = self._taken.get(path)
        if found is not None:
            if not found is kind is EntryKind.DIR:
                raise Corrupted(_("the name is there twice; the second is left out"))
            is_first = path in self._implied
            self._implied.discard(path)
            return is_first
        self._imply(path.rpartition(b"/")[0] or b"/")
        self._taken[path] = kind
        self._room.spend(path)
        return True

    def _imply(self, directory: bytes) -> None:
        implied = []
        while (found := self._taken.get(directory)) is None:
            implied.append(directory)
            self._room.spend(directory)
            directory = directory.rpartition(b"/")[0] or b"/"
        if found is not EntryKind.DIR:
            raise Corrupted(_("it lies below what is no directory"))
        self._implied.update(implied)
        self._taken.update(dict.fromkeys(implied, EntryKind.DIR))
