"""Index: where in an entry list what a directory holds is told, so that any directory is shown at once.

Of a million entries four bytes each are kept, of directories their paths; lines are read again when they are asked for.
Lists may come from an attacker: what must not be used is left out, and named in `refused`.
"""

import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from tui_backup.errors import Corrupted
from tui_backup.formats.archive.entry_list import Line, lines_of, link_of, path_of
from tui_backup.formats.archive.frames import frame_at, frames
from tui_backup.formats.containers.paths import DEEPEST, LONGEST_PATH, Claims, Room
from tui_backup.model.entry import EntryKind
from tui_backup.primitives.i18n import _

_MOST_ENTRIES = 1 << 26
_MOST_REFUSED = 1000
_FRAMES_AT_HAND = 8
_SLASH_FIRST: Final = bytes.maketrans(b"/\0", b"\0/")
"""Makes the order of bytes that of a walk: directories before what they hold, siblings by name."""


class Listed(msgspec.Struct, frozen=True, gc=False):
    """An entry of the list; `line` is None for a directory that the list does not name, but has paths below."""

    number: int
    path: bytes
    line: Line | None
    first: "Listed | None" = None
    """Of a further name of a file: its first one."""
    links: int = 1
    """How many names the file has."""


class Index:
    """What a list tells of an archive, directory by directory; several threads may ask."""

    def __init__(self, file: BinaryIO, *, has_head: bool) -> None:
        """Read a list once, from a file that can seek and stays open; `has_head`: its first frame tells of the archive.

        Raises:
            Corrupted: it is damaged.
        """
        self._file = file
        self._lock = threading.Lock()
        self._at_hand: OrderedDict[int, list[Line]] = OrderedDict()
        try:
            self._read(has_head=has_head, in_order=True)
        except _OutOfOrder:
            self._read(has_head=has_head, in_order=False)

    def _forget(self, *, in_order: bool) -> None:
        self.in_order = in_order
        """Whether the lines are in the order of a walk."""
        self.count = 0
        """Lines, those refused included."""
        self.refused: list[tuple[bytes, str]] = []
        """Paths that must not be used, as the list has them, and why; the first thousand."""
        self._offsets = array("Q")
        """Of frames, and below the number of the first line in each."""
        self._firsts = array("Q")
        self._shelf = _Shelf(in_order=in_order)
        self._left_out: set[int] = set()
        self._links: dict[int, int] = {}
        """Number of a further name -> number of the first one."""
        self._names: dict[int, int] = {}
        """Number of a first name -> how many names the file has."""

    def children(self, path: bytes) -> list[Listed] | None:
        """Return what a directory holds, by name; None where there is no such directory."""
        key = _as_key(path)
        numbers = self._shelf.children.get(key)
        if numbers is None:
            return None
        found = [self._listed(number, line) for number, line in self._lines(numbers)]
        found += [Listed(self.count, each, None) for each in self._shelf.implied.get(key, ())]
        return sorted(found, key=lambda each: each.path)

    @property
    def is_walk(self) -> bool:
        """Whether the lines, as they stand, are a walk through everything."""
        return self.in_order and not self._shelf.implied

    def walk(self, path: bytes) -> Iterator[Listed]:
        """Yield what lies below a directory, in the order of the list, which `is_walk`."""
        above = _as_key(path) + b"/"
        numbers = self._shelf.children.get(_as_key(path))
        if not numbers:
            return
        start = numbers[0]
        for frame in range(bisect_right(self._firsts, start) - 1, len(self._firsts)):
            for number, line in enumerate(self._frame(frame), self._firsts[frame]):
                if number < start or number in self._left_out:
                    continue
                listed = self._listed(number, line)
                if not listed.path.startswith(above):
                    return
                yield listed

    def has_directory(self, path: bytes) -> bool:
        """Whether there is a directory at a path."""
        return _as_key(path) in self._shelf.children

    def find(self, path: bytes) -> Listed | None:
        """Return the entry of a path."""
        above = path.rpartition(b"/")[0]
        return next((each for each in self.children(above) or () if each.path == path), None)

    def _listed(self, number: int, line: Line) -> Listed:
        first, links = None, self._names.get(number, 1)
        if (at := self._links.get(number)) is not None:
            ((_number, found),) = self._lines([at])
            links = self._names[at]
            first = Listed(at, path_of(found), found, None, links)
        return Listed(number, path_of(line), line, first, links)

    def _lines(self, numbers: "array[int] | list[int]") -> Iterator[tuple[int, Line]]:
        """Yield lines by their numbers, which ascend."""
        frame, lines, start, end = -1, list[Line](), 0, 0
        for number in numbers:
            if not start <= number < end:
                frame = bisect_right(self._firsts, number) - 1
                lines = self._frame(frame)
                start = self._firsts[frame]
                end = start + len(lines)
            yield number, lines[number - start]

    def _frame(self, number: int) -> list[Line]:
        with self._lock:
            if number in self._at_hand:
                self._at_hand.move_to_end(number)
                return self._at_hand[number]
            lines = self._at_hand[number] = lines_of(frame_at(self._file, self._offsets[number]))
            if len(self._at_hand) > _FRAMES_AT_HAND:
                self._at_hand.popitem(last=False)
            return lines

    def _read(self, *, has_head: bool, in_order: bool) -> None:
        self._forget(in_order=in_order)
        links: list[tuple[int, bytes]] = []
        content = frames(self._file)
        if has_head:
            next(content, None)
        for offset, frame in content:
            self._offsets.append(offset)
            self._firsts.append(self.count)
            for line in lines_of(frame):
                self._take(line, links)
            if self.count > _MOST_ENTRIES:
                raise Corrupted(_("the list has more entries than any archive of ours"))
        if links:
            self._tie(links)

    def _take(self, line: Line, links: list[tuple[int, bytes]]) -> None:
        path = path_of(line)
        try:
            self._shelf.take(self.count, path, line.type)
        except Corrupted as error:
            self._refuse(self.count, path, error.message)
        else:
            if line.link or line.link_b64:
                links.append((self.count, link_of(line)))
        self.count += 1

    def _tie(self, links: list[tuple[int, bytes]]) -> None:
        """Find the first name of each file that has several; further names without one are refused."""
        wanted = {path for _number, path in links}
        firsts: dict[bytes, int] = {}
        for frame in range(len(self._offsets)):
            for number, line in enumerate(self._frame(frame), self._firsts[frame]):
                is_first = line.type is EntryKind.FILE and not (line.link or line.link_b64)
                if is_first and number not in self._left_out and (path := path_of(line)) in wanted:
                    firsts[path] = number
        thinned: set[bytes] = set()
        for number, path in links:
            first = firsts.get(path)
            ((_number, line),) = self._lines([number])
            if first is None or first > number or line.type is not EntryKind.FILE:
                self._refuse(number, path_of(line), _("it is a further name of a file that is not there"))
                thinned.add(path_of(line).rpartition(b"/")[0])
                continue
            self._links[number] = first
            self._names[first] = self._names.get(first, 1) + 1
        for above in thinned:
            kept = (number for number in self._shelf.children[above] if number not in self._left_out)
            self._shelf.children[above] = array("I", kept)

    def _refuse(self, number: int, path: bytes, reason: str) -> None:
        self._left_out.add(number)
        if len(self.refused) < _MOST_REFUSED:
            self.refused.append((path, reason))


class _OutOfOrder(Exception):
    """A list is not in the order of a walk."""


class _Shelf:
    """Puts each entry below its directory, and refuses what must not be used.

    As long as a list is in the order of a walk, that alone tells whether a path comes twice, or below what is no
    directory; otherwise every path is remembered while the list is read.
    """

    def __init__(self, *, in_order: bool) -> None:
        self.children: dict[bytes, array[int]] = {b"": array("I")}
        """Path of a directory, that of the root empty -> numbers of the lines in it."""
        self.implied: dict[bytes, list[bytes]] = {}
        """Path of a directory -> paths of those in it that the list does not name."""
        self._last = b""
        self._leaf = b"\0"
        """The last path that is no directory, with a slash behind it."""
        self._claims = None if in_order else Claims()
        self._room = Room()

    def take(self, number: int, path: bytes, kind: EntryKind) -> None:
        """Take an entry by the number of its line.

        Raises:
            Corrupted: its path must not be used.
            BackupError: the list has directories without end.
            _OutOfOrder: the list is not in the order that it was said to be in.
        """
        if len(path) > LONGEST_PATH + 1 or path.count(b"/") > DEEPEST:
            raise Corrupted(_("its name is none that a file can have"))
        whole = path + b"/"
        if path[:1] != b"/" or b"//" in whole or b"/./" in whole or b"/../" in whole or b"\0" in path:
            raise Corrupted(_("its name is none that a file can have"))
        above = path.rpartition(b"/")[0]
        if self._claims is None:
            self._follow(path, whole, kind)
        elif not self._claims.take(path, kind):
            raise Corrupted(_("the name is there twice; the second is left out"))
        if above not in self.children:
            self._imply(above)
        if kind is EntryKind.DIR:
            self._name(path, above)
        self.children[above].append(number)

    def _follow(self, path: bytes, whole: bytes, kind: EntryKind) -> None:
        place = path.translate(_SLASH_FIRST)
        if place <= self._last:
            raise _OutOfOrder
        self._last = place
        if path.startswith(self._leaf):
            raise Corrupted(_("it lies below what is no directory"))
        if kind is not EntryKind.DIR:
            self._leaf = whole

    def _imply(self, path: bytes) -> None:
        while path not in self.children:
            self._add(path)
            above = path.rpartition(b"/")[0]
            self.implied.setdefault(above, []).append(path)
            path = above

    def _name(self, path: bytes, above: bytes) -> None:
        if path in self.children:
            self.implied[above].remove(path)
        else:
            self._add(path)

    def _add(self, path: bytes) -> None:
        self._room.spend(path)
        self.children[path] = array("I")


def _as_key(path: bytes) -> bytes:
    return b"" if path == b"/" else path
