"""Names of members as paths inside a snapshot; they may come from an attacker."""

from tui_backup.errors import Corrupted
from tui_backup.model.entry import EntryKind
from tui_backup.primitives.i18n import _

_LONGEST = 1 << 16


def path_of(name: bytes) -> bytes:
    """Return the absolute path that a member's name stands for: `./a//b` is `/a/b`; the top itself is `/`.

    Raises:
        Corrupted: it leads upwards, holds NUL, or is longer than any path.
    """
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise Corrupted(_("its name leads out of the archive"))
    if b"\0" in name or len(name) > _LONGEST:
        raise Corrupted(_("its name is none that a file can have"))
    return b"/" + b"/".join(parts)


class Claims:
    """The paths that members of one archive have taken: each once, and below nothing but directories."""

    def __init__(self) -> None:
        self._taken = {b"/": EntryKind.DIR}
        self._implied: set[bytes] = set()
        """Directories that have no member of their own so far."""

    def kind(self, path: bytes) -> EntryKind | None:
        """Return what has taken a path."""
        return self._taken.get(path)

    def take(self, path: bytes, kind: EntryKind) -> bool:
        """Take a path and those of the directories that it lies in; return False for a directory that comes again.

        Raises:
            Corrupted: something else has the path, or it would lie below what is no directory.
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
        return True

    def _imply(self, directory: bytes) -> None:
        implied = []
        while (found := self._taken.get(directory)) is None:
            implied.append(directory)
            directory = directory.rpartition(b"/")[0] or b"/"
        if found is not EntryKind.DIR:
            raise Corrupted(_("it lies below what is no directory"))
        self._implied.update(implied)
        self._taken.update(dict.fromkeys(implied, EntryKind.DIR))
