"""Content-defined cuts of large files: FastCDC, seeded by the repository's chunker polynomial.

Any cut is legal for a reader. Blobs that restic wrote were cut elsewhere (Rabin), so files that it stored are stored
once more when they change.
"""

from collections.abc import Callable
from hashlib import sha256

from pyfastcdc import FastCDC

SMALLEST = 512 << 10
"""Files of up to this many bytes are one blob."""
AVERAGE = 1 << 20
LARGEST = 8 << 20
SEGMENT = 32 << 20
"""A larger file is read in segments of about this many bytes, side by side."""
_RUN_UP = 4 << 20
"""Bytes before a seam at which looking for it begins: by then the cuts hardly depend on where one began."""


def make_chunker(polynomial: int) -> FastCDC:
    """Return the chunker of all writers of a repository."""
    digest = sha256(b"tui-backup chunker" + polynomial.to_bytes(8, "big")).digest()
    seed = int.from_bytes(digest[:8], "big") >> 1
    return FastCDC(AVERAGE, min_size=SMALLEST, max_size=LARGEST, seed=seed)


def cut(chunker: FastCDC, view: memoryview, *, whole: bool) -> list[int]:
    """Return the lengths of the chunks of `view`; unless `whole`, what lies behind the last sure cut is left out."""
    lengths = [chunk.length for chunk in chunker.cut_buf(view)]
    if not whole and lengths and lengths[-1] < LARGEST:
        lengths.pop()
    return lengths


def seam(chunker: FastCDC, read: Callable[[int, int], bytes | memoryview], position: int) -> int:
    """Return where the segment that begins at about `position` really begins: at a cut that content decides.

    Both neighbours find it by themselves. `read(at, count)` returns fewer bytes at the end of the file, which is the
    seam where no cut lies behind `position`.
    """
    begin = position - _RUN_UP
    for ahead in (2 << 20, LARGEST):
        wanted = _RUN_UP + ahead
        content = read(begin, wanted)
        at = begin
        for length in cut(chunker, memoryview(content), whole=len(content) < wanted):
            at += length
            if at >= position:
                return at
    return at
