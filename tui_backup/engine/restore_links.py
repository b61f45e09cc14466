"""Hard links of a snapshot: names that share device and inode are one file."""

from tui_backup.engine.restore_action import Action
from tui_backup.model.entry import Entry, EntryKind

_Key = tuple[int, int, int, int]
_USABLE = (Action.NEW, Action.OVERWRITE, Action.METADATA, Action.SAME)


class Links:
    """Finds the first name of each file; every walk over a plan that asks in order gets the same answers.

    A group is kept only until all its names came by.
    """

    def __init__(self) -> None:
        self._groups: dict[_Key, list[bytes | int]] = {}

    def first(self, entry: Entry, action: int) -> bytes | None:
        """Return the path that a FILE is to be linked to; None where it is the first, or stands alone."""
        if entry.links < 2 or entry.kind is not EntryKind.FILE or action not in _USABLE:
            return None
        if not entry.inode or not entry.device_id:
            return None
        key = (entry.device_id, entry.inode, entry.size, entry.mtime_ns)
        group = self._groups.get(key)
        if group is None:
            self._groups[key] = [entry.path, entry.links - 1]
            return None
        path, left = group
        assert isinstance(path, bytes)
        assert isinstance(left, int)
        if left == 1:
            del self._groups[key]
        else:
            group[1] = left - 1
        return path
