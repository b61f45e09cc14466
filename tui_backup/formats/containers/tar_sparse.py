"""Sparse files in tar: the maps of GNU tar's formats (old, PAX 0.0, 0.1, 1.0), and their content, holes and all."""

from typing import BinaryIO

from tui_backup.errors import Corrupted
from tui_backup.formats.containers.tar_header import BLOCK
from tui_backup.formats.containers.tar_parsing import Block, decimal, number, parse_old_map, size_of
from tui_backup.primitives.i18n import _
from tui_backup.primitives.raw_file import RawFile

_MOST_SPANS = 1 << 18
_LONGEST_NUMBER = 21
_LARGEST = 1 << 46
"""Bytes of a sparse file that are believed: an archive of nothing must not fill a disk, or a day."""

Map = list[tuple[int, int]]
"""(offset, length) of what is no hole, in order."""


def check_map(spans: Map, size: int, stored: int) -> Map:
    """Return a map if it is in order, lies within the file, and needs no more bytes than are stored.

    Raises:
        Corrupted: it does not.
    """
    at = 0
    needed = 0
    for offset, length in spans:
        if offset < at or length < 0:
            raise _bad()
        at = offset + length
        needed += length
    if at > size or size > _LARGEST or needed > stored:
        raise _bad()
    return spans


def old_map(file: BinaryIO, block: Block) -> tuple[Map, int]:
    """Return map and true size of an old GNU sparse member; reads the blocks that go on with its header."""
    spans = parse_old_map(block.raw, 386, 4)
    size = size_of(number(block.raw[483:495]))
    goes_on = block.raw[482]
    while goes_on:
        raw = file.read(BLOCK)
        if len(raw) < BLOCK or len(spans) > _MOST_SPANS:
            raise _bad()
        spans += parse_old_map(raw, 0, 21)
        goes_on = raw[504]
    return check_map(spans, size, block.size), size


def map_of_records(records: dict[bytes, bytes], pairs: list[bytes]) -> Map | None:
    """Return the map that PAX records hold (0.1: one record; 0.0: `pairs`), None where it lies before the content."""
    joined = records.get(b"GNU.sparse.map")
    numbers = joined.split(b",") if joined is not None else pairs
    if joined is None and not pairs and b"GNU.sparse.numblocks" not in records:
        return None
    if joined == b"":
        return []
    if len(numbers) % 2 or len(numbers) > 2 * _MOST_SPANS:
        raise _bad()
    values = [decimal(each) for each in numbers]
    return list(zip(values[::2], values[1::2], strict=True))


def map_before(file: BinaryIO, size: int) -> Map:
    """Read the map that begins a member of `size` bytes (1.0)."""
    taken = 0
    rest = b""
    numbers: list[int] = []
    wanted = 1
    while len(numbers) < wanted:
        line, newline, left = rest.partition(b"\n")
        if newline:
            rest = left
            numbers.append(decimal(line))
            wanted = 1 + 2 * numbers[0]
            if numbers[0] > _MOST_SPANS:
                raise _bad()
            continue
        block = file.read(BLOCK)
        taken += BLOCK
        if len(block) < BLOCK or taken > size or len(line) > _LONGEST_NUMBER:
            raise _bad()
        rest += block
    return list(zip(numbers[1::2], numbers[2::2], strict=True))


class SparseContent(RawFile):
    """A sparse file as programs see it: zeros where its holes are."""

    def __init__(self, stored: BinaryIO, spans: Map, size: int) -> None:
        super().__init__()
        self._stored = stored
        self._spans = iter([*spans, (size, 0)])
        self._at = 0
        self._start, self._length = next(self._spans)
        self._size = size

    def take(self, most: int) -> bytes | memoryview:
        """Return what comes next, as far as one hole or one span of data goes."""
        while self._at == self._start + self._length and self._at < self._size:
            self._start, self._length = next(self._spans)
        if self._at < self._start:
            piece = bytes(min(most, self._start - self._at))
        else:
            piece = self._stored.read(min(most, self._start + self._length - self._at))
        self._at += len(piece)
        return piece


def _bad() -> Corrupted:
    return Corrupted(_("the map of a sparse file in the tar archive is damaged"))
