"""Walk: everything below one directory, by descriptor, never through a link."""

import os
import stat
from collections.abc import Iterator

from tui_backup.model.entry import Entry, EntryKind
from tui_backup.model.watch import Watch
from tui_backup.primitives.listed import open_listed_directory
from tui_backup.primitives.reasons import reason_of_code
from tui_backup.sources.base import Unread
from tui_backup.sources.origin import LocalOrigin, unread
from tui_backup.sources.rules import Rules

_REGULAR, _DIRECTORY = stat.S_IFREG, stat.S_IFDIR

_OPEN_LEVELS = 64
"""Directories held open at once; those above are opened again through `..` when the walk comes back."""


class Level:
    """One directory on the way down."""

    __slots__ = ("descriptor", "identity", "names", "path")

    def __init__(self, descriptor: int, identity: tuple[int, int], path: bytes, names: list[bytes]) -> None:
        self.descriptor: int | None = descriptor
        """None while closed to keep the number of open files small."""
        self.identity = identity
        """Device and inode."""
        self.path = path
        """As stored, empty for `/`."""
        self.names = iter(names)

    def close(self) -> None:
        """Close the descriptor, if it is open."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


class Walk:
    """Everything below one root, in order; holds no more than one listing for each level of depth."""

    def __init__(self, watch: Watch, origin: LocalOrigin, rules: Rules, inner: frozenset[bytes]) -> None:
        self._watch = watch
        self._origin = origin
        self._rules = rules
        self._inner = inner
        """Stored paths of configured roots inside this one; they are entered even as mount points."""

    def below(self, path: bytes, real: bytes, status: os.stat_result) -> Iterator[Entry | Unread]:
        """Yield what the directory `path` (as stored) holds; it was found at `real` with this status."""
        try:
            top = self._listed(path, real, None, status)
        except OSError as error:
            yield Unread(path or b"/", reason_of_code(error.errno))
            return
        levels = [top]
        try:
            while levels:
                yield from self._onward(levels)
                yield from self._back(levels)
        finally:
            for level in levels:
                level.close()

    def _onward(self, levels: list[Level]) -> Iterator[Entry | Unread]:
        """Yield the deepest directory's entries, descending, until a directory has none left."""
        lstat, make = os.lstat, self._origin.entry
        asks, own = self._rules.asks_about_files(), self._rules.protected.identities
        while True:
            level = levels[-1]
            descriptor, start = level.descriptor, level.path + b"/"
            for name in level.names:
                path = start + name
                try:
                    status = lstat(name, dir_fd=descriptor)
                except OSError as error:
                    if not self._leaves_out_unseen(path):
                        yield unread(path, error)
                    continue
                form = status.st_mode & 0o170000
                if own and (status.st_dev, status.st_ino) in own:
                    continue
                if (asks or form != _REGULAR) and self._leaves_out(path, status):
                    continue
                if form == _REGULAR:
                    yield make(path, EntryKind.FILE, status)
                elif form == _DIRECTORY:
                    yield make(path, EntryKind.DIR, status)
                    problem = self._enter(levels, name, path, status)
                    if problem is not None:
                        yield problem
                    break
                else:
                    yield self._origin.special(path, status, name, descriptor)
            else:
                return

    def _enter(self, levels: list[Level], name: bytes, path: bytes, status: os.stat_result) -> Unread | None:
        """Go down into a directory unless it is another file system's; return what went wrong."""
        self._watch.check()
        level = levels[-1]
        if self._rules.one_file_system and status.st_dev != level.identity[0] and path not in self._inner:
            return None
        try:
            levels.append(self._listed(path, name, level.descriptor, status))
        except OSError as error:
            return unread(path, error)
        if len(levels) > _OPEN_LEVELS:
            levels[-1 - _OPEN_LEVELS].close()
        return None

    def _back(self, levels: list[Level]) -> Iterator[Unread]:
        """Leave the deepest directory; yields what cannot be gone on with because it was moved meanwhile."""
        done = levels.pop()
        try:
            if levels and levels[-1].descriptor is None:
                levels[-1].descriptor = open_listed_directory(b"..", *levels[-1].identity, done.descriptor)
        except OSError as error:
            while levels:
                yield Unread(levels.pop().path or b"/", reason_of_code(error.errno))
        finally:
            done.close()

    def _listed(self, path: bytes, name: bytes, parent: int | None, status: os.stat_result) -> Level:
        identity = (status.st_dev, status.st_ino)
        descriptor = open_listed_directory(name, *identity, parent)
        try:
            names = [os.fsencode(found) for found in os.listdir(descriptor)]
            names = self._rules.narrow(names, descriptor)
        except OSError:
            os.close(descriptor)
            raise
        names.sort()
        return Level(descriptor, identity, path, names)

    def _leaves_out(self, path: bytes, status: os.stat_result) -> bool:
        relative = path[len(self._origin.stored) + 1 :]
        real = self._origin.real + path[len(self._origin.stored) :]
        return self._rules.leave_out(relative, real, stat.S_ISDIR(status.st_mode), status)

    def _leaves_out_unseen(self, path: bytes) -> bool:
        """Whether the patterns leave out what nobody could look at, be it a directory or not."""
        patterns, relative = self._rules.patterns, path[len(self._origin.stored) + 1 :]
        return patterns is not None and (patterns.excludes(relative, True) or patterns.excludes(relative, False))
