"""Holes of sparse files: where a file on disk has data."""

import errno
import os
from io import UnsupportedOperation
from typing import BinaryIO

_SMALLEST = 64 << 10
"""Bytes of holes that are worth telling."""
_MOST_SPANS = 10_000

Span = tuple[int, int]
"""Where data begins, and where it ends."""


def data_spans(content: BinaryIO, size: int) -> list[Span] | None:
    """Return where the first `size` bytes of a file hold data; None where there are no holes, or nobody can tell.

    Leaves the file at its start.
    """
    try:
        descriptor = content.fileno()
        status = os.fstat(descriptor)
        if size - status.st_blocks * 512 < _SMALLEST:
            return None
        spans = _found(descriptor, size)
        content.seek(0)
    except (OSError, UnsupportedOperation, AttributeError):
        return None
    held = sum(end - start for start, end in spans)
    return spans if size - held >= _SMALLEST and len(spans) <= _MOST_SPANS else None


def _found(descriptor: int, size: int) -> list[Span]:
    spans: list[Span] = []
    at = 0
    while at < size and len(spans) <= _MOST_SPANS:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                break
            raise
        at = os.lseek(descriptor, start, os.SEEK_HOLE)
        if start < size:
            spans.append((start, min(at, size)))
    return spans
