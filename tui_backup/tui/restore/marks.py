"""Marks: what of a snapshot is meant, by the paths that were marked and those below them that were left out."""

from collections.abc import Iterable, Iterator
from enum import Enum

from tui_backup.primitives.patterns import literal


class Mark(Enum):
    """How a path stands to what is marked."""

    NONE = "none"
    PART = "part"
    """Something below it is marked."""
    WHOLE = "whole"
    LEFT_OUT = "left out"


class Marks:
    """A marked directory means all below it, but for what was left out there."""

    def __init__(self, paths: Iterable[bytes] = ()) -> None:
        self.marked: set[bytes] = set()
        self.left_out: set[bytes] = set()
        for path in sorted(paths):
            if path != b"/" and self.of(path) is not Mark.WHOLE:
                self.marked.add(path)

    def __bool__(self) -> bool:
        return bool(self.marked)

    def of(self, path: bytes) -> Mark:
        """Return how a path stands."""
        for above in _upwards(path):
            if above in self.left_out:
                return Mark.LEFT_OUT
            if above in self.marked:
                return Mark.WHOLE
        below = path.rstrip(b"/") + b"/"
        return Mark.PART if any(marked.startswith(below) for marked in self.marked) else Mark.NONE

    def toggle(self, path: bytes) -> None:
        """Mark a path, or unmark it; what was said of single paths below it is forgotten."""
        mark = self.of(path)
        was_said = path in self.marked or path in self.left_out
        self._forget(path)
        if was_said or mark is Mark.LEFT_OUT:
            return
        if mark is Mark.WHOLE:
            self.left_out.add(path)
        else:
            self.marked.add(path)

    def invert(self, directory: bytes, paths: Iterable[bytes]) -> None:
        """Mark those of the paths in a directory that are not marked, and unmark the others."""
        here, below = set(paths), directory.rstrip(b"/") + b"/"
        if self.of(directory) is Mark.LEFT_OUT:
            return
        said = self.left_out if self.of(directory) is Mark.WHOLE else self.marked
        turned = here - said
        self.marked = {each for each in self.marked if not each.startswith(below)}
        self.left_out = {each for each in self.left_out if not each.startswith(below)}
        (self.left_out if self.of(directory) is Mark.WHOLE else self.marked).update(turned)

    def clear(self) -> None:
        """Mark nothing."""
        self.marked.clear()
        self.left_out.clear()

    @property
    def include(self) -> tuple[str, ...]:
        """What is marked, as a restore is asked for it."""
        return tuple(literal(path) for path in sorted(self.marked))

    @property
    def exclude(self) -> tuple[str, ...]:
        """What is left out, likewise."""
        return tuple(literal(path) for path in sorted(self.left_out))

    def _forget(self, path: bytes) -> None:
        """Forget what was said of a path and of those below it."""
        below = path + b"/"
        for said in (self.marked, self.left_out):
            said -= {each for each in said if each == path or each.startswith(below)}


def _upwards(path: bytes) -> Iterator[bytes]:
    """Yield a path and the directories above it, but for the root."""
    while path and path != b"/":
        yield path
        path = path.rpartition(b"/")[0]
