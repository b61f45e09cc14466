"""Marks: what of a snapshot is meant, by the paths that were marked and those below them that were left out."""

from collections import Counter
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
        self._below = Counter[bytes]()
        """How many marks there are below a directory."""
        for path in sorted(paths):
            if path != b"/" and self.of(path) is not Mark.WHOLE:
                self._mark(path)

    def __bool__(self) -> bool:
        return bool(self.marked)

    def of(self, path: bytes) -> Mark:
        """Return how a path stands."""
        for above in _upwards(path):
            if above in self.left_out:
                return Mark.LEFT_OUT
            if above in self.marked:
                return Mark.WHOLE
        return Mark.PART if self._below[path] else Mark.NONE

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
            self._mark(path)

    def invert(self, directory: bytes, paths: Iterable[bytes]) -> None:
        """Mark those of the paths in a directory that are not marked, and unmark the others."""
        here, below, mark = set(paths), directory.rstrip(b"/") + b"/", self.of(directory)
        if mark is Mark.LEFT_OUT:
            return
        said = {each for each in self.left_out if not each.startswith(below)}
        if mark is Mark.WHOLE:
            self.left_out = said | (here - self.left_out)
        else:
            marked = {each for each in self.marked if not each.startswith(below)}
            self.replace(marked | (here - self.marked), said)

    def clear(self) -> None:
        """Mark nothing."""
        self.replace((), ())

    def replace(self, marked: Iterable[bytes], left_out: Iterable[bytes]) -> None:
        """Mark these paths, none of which is below another, and no others, but for what is left out."""
        self.marked, self.left_out, self._below = set(), set(left_out), Counter()
        for path in marked:
            self._mark(path)

    @property
    def include(self) -> tuple[str, ...]:
        """What is marked, as a restore is asked for it."""
        return tuple(literal(path) for path in sorted(self.marked))

    @property
    def exclude(self) -> tuple[str, ...]:
        """What is left out, likewise."""
        return tuple(literal(path) for path in sorted(self.left_out))

    def _mark(self, path: bytes) -> None:
        self.marked.add(path)
        self._below.update(_above(path))

    def _forget(self, path: bytes) -> None:
        """Forget what was said of a path and of those below it."""
        below = path + b"/"
        self.left_out -= {each for each in self.left_out if each == path or each.startswith(below)}
        going = {path} & self.marked
        if self._below[path]:
            going |= {each for each in self.marked if each.startswith(below)}
        for each in going:
            self.marked.remove(each)
            self._below.subtract(_above(each))


def _above(path: bytes) -> Iterator[bytes]:
    """Yield the directories above a path, the root among them."""
    yield from _upwards(path.rpartition(b"/")[0])
    yield b"/"


def _upwards(path: bytes) -> Iterator[bytes]:
    """Yield a path and the directories above it, but for the root."""
    while path and path != b"/":
        yield path
        path = path.rpartition(b"/")[0]
