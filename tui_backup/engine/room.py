"""Room: whether what a restore writes fits into the file systems that it writes to."""

import os

import msgspec

from tui_backup.primitives import text
from tui_backup.primitives.i18n import _, ngettext

_AT_ONCE = 4
"""Files that may be half written at one moment."""


class _FileSystem(msgspec.Struct):
    block: int
    free: int
    """Bytes."""
    inodes: int | None
    """Free ones; None where they cannot run out."""
    needed: int = 0
    files: int = 0
    replaced: int = 0
    """Bytes of the files that replace others: written before the others go."""
    largest: int = 0


class Room:
    """Adds up what is needed, by file system."""

    def __init__(self) -> None:
        self._systems: dict[int, _FileSystem] = {}

    def know(self, device: int, descriptor: int) -> None:
        """Note the free space of a file system (`st_dev`), given a descriptor of anything on it."""
        if device in self._systems:
            return
        status = os.fstatvfs(descriptor)
        self._systems[device] = _FileSystem(
            block=status.f_frsize,
            free=status.f_bavail * status.f_frsize,
            inodes=status.f_favail if status.f_files else None,
        )

    def need(self, device: int, size: int, replaced: os.stat_result | None = None) -> None:
        """Count one more inode of `size` bytes on a file system; `replaced` goes once the new one stands."""
        system = self._systems[device]
        rounded = -(-size // system.block) * system.block
        if replaced is None or replaced.st_nlink > 1:
            system.files += 1
            system.needed += rounded
            return
        system.needed += max(0, rounded - replaced.st_blocks * 512)
        system.replaced += rounded
        system.largest = max(system.largest, rounded)

    def free(self, device: int) -> int:
        """Return the free bytes of a file system."""
        return self._systems[device].free

    def shortage(self) -> str | None:
        """Return what is missing, for people; None where all fits."""
        for system in self._systems.values():
            needed = system.needed + min(system.replaced, _AT_ONCE * system.largest)
            if needed > system.free:
                return _("{needed} are needed and {free} are free").format(
                    needed=text.size(needed), free=text.size(system.free)
                )
            if system.inodes is not None and system.files > system.inodes:
                return ngettext(
                    "{needed} file is to be made and {free} can be",
                    "{needed} files are to be made and {free} can be",
                    system.files,
                ).format(needed=system.files, free=system.inodes)
        return None
