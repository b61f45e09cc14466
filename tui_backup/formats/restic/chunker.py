"""Content-defined cuts of large files: FastCDC, seeded by the repository's chunker polynomial.

Any cut is legal for a reader. Blobs that restic wrote were cut elsewhere (Rabin), so files that it stored are stored
once more when they change.
"""

from hashlib import sha256

from pyfastcdc import FastCDC

SMALLEST = 512 << 10
"""Files of up to this many bytes are one blob."""
AVERAGE = 1 << 20
LARGEST = 8 << 20
SEGMENT = 256 << 20
"""A file is cut in segments of this many bytes, which are read side by side."""


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
