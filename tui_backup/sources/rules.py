"""Rules: what a walk leaves out below one root."""

import os
from collections.abc import Iterable
from contextlib import suppress
from stat import S_ISREG

import msgspec

from tui_backup.primitives.descriptors import begins_with
from tui_backup.primitives.patterns import Patterns
from tui_backup.primitives.safety_directory import NAME as SAFETY_DIRECTORY
from tui_backup.primitives.safety_directory import is_safety_directory

_CACHE_TAG = b"CACHEDIR.TAG"
_CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"


class Protected(msgspec.Struct, frozen=True):
    """Directories and files of the backup itself, by whatever path a walk comes upon them."""

    paths: frozenset[bytes]
    identities: frozenset[tuple[int, int]]
    """Device and inode."""

    @classmethod
    def of(cls, places: Iterable[bytes]) -> "Protected":
        """Look up the absolute paths `places`, of which some may not exist."""
        paths = frozenset(places)
        identities = set()
        for path in paths:
            with suppress(OSError):
                status = os.stat(path)
                identities.add((status.st_dev, status.st_ino))
        return cls(paths, frozenset(identities))

    def has(self, path: bytes, status: os.stat_result) -> bool:
        """Whether what is at this path on disk, or a directory above it in the path, is one of them."""
        return (status.st_dev, status.st_ino) in self.identities or any(
            path == place or path.startswith(place + b"/") for place in self.paths
        )


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What is left out; decided by path relative to the root, by kind, by size and by identity."""

    patterns: Patterns | None
    largest: int | None
    """Bytes of the largest file that is kept."""
    markers: frozenset[bytes]
    """Names whose presence leaves out all else in their directory."""
    caches: bool
    """Whether directories with a valid CACHEDIR.TAG keep only the tag."""
    protected: Protected
    one_file_system: bool

    def asks_about_files(self) -> bool:
        """Whether `leave_out` may refuse a regular file."""
        return bool(self.patterns or self.largest is not None)

    def leave_out(self, relative: bytes, real: bytes, is_dir: bool, status: os.stat_result) -> bool:
        """Whether an entry stays out, a directory with all that it holds."""
        if self.patterns is not None and self.patterns.excludes(relative, is_dir):
            return True
        if is_dir:
            return self.protected.has(real, status)
        return self.largest is not None and status.st_size > self.largest and S_ISREG(status.st_mode)

    def narrow(self, names: list[bytes], directory: int) -> list[bytes]:
        """Return the names in a directory that are to be looked at; what restores keep for an undo never is."""
        if SAFETY_DIRECTORY in names and is_safety_directory(directory, SAFETY_DIRECTORY):
            names = [name for name in names if name != SAFETY_DIRECTORY]
        if self.markers and (present := self.markers.intersection(names)):
            return sorted(present)
        if self.caches and _CACHE_TAG in names and begins_with(directory, _CACHE_TAG, _CACHE_SIGNATURE):
            return [_CACHE_TAG]
        return names
