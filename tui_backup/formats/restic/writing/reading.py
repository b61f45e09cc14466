"""Reading local files for a backup: open what was listed, cut it into blobs, notice when it changes meanwhile."""

import errno
import mmap
import os
from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO

import msgspec
from pyfastcdc import FastCDC

from tui_backup.formats.restic.writing.chunker import LARGEST, SEGMENT, SMALLEST, cut, seam
from tui_backup.primitives.listed import open_listed

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_BATCH_BLOBS = 256
_BATCH_BYTES = 4 << 20
_STEP = 4 << 20


class Piece(msgspec.Struct, array_like=True, gc=False):
    """A file, or one segment of a large one, that somebody is asked to read."""

    number: int
    path: bytes
    device_id: int
    inode: int
    offset: int = 0
    length: int = 0
    """Bytes to read."""
    size: int = 0
    """Bytes of the whole file; where more than `length`, the piece begins and ends at seams near by."""
    ctime_ns: int = 0
    """As listed; a file that has another one by now was written to meanwhile."""


class Reading(msgspec.Struct, array_like=True, gc=False):
    """What a batch read of a piece; a piece may go over several batches, in order."""

    number: int
    ids: bytes = b""
    """Ids of the blobs, 32 bytes each."""
    start: int = 0
    """Where in the file this batch begins."""
    size: int = 0
    """Bytes read in this batch."""
    last: bool = True
    changed: bool = False
    """Whether the file was written to between being listed and having been read."""
    xattrs: tuple[tuple[bytes, bytes], ...] = ()
    errno: int = 0
    """Why it could not be read; 0 where it could. ESTALE: another file has taken its place."""


class Batch:
    """Some pieces read, with the content of their blobs."""

    __slots__ = ("blobs", "readings", "size")

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.blobs: list[tuple[bytes, bytes | memoryview]] = []
        self.size = 0


class Reader:
    """Reads pieces into batches; at most two batches of one reader may be in use at once."""

    def __init__(self, chunker: FastCDC) -> None:
        self._chunker = chunker
        self._windows = [memoryview(mmap.mmap(-1, LARGEST)) for _number in range(3)]
        self._turn = 0

    def batches(self, pieces: list[Piece]) -> Iterator[Batch]:
        """Yield what the pieces hold, small files together, large ones in several batches."""
        batch = Batch()
        for piece in pieces:
            if piece.length > SMALLEST:
                if batch.readings:
                    yield batch
                yield from self._large(piece)
                batch = Batch()
                continue
            self._small(piece, batch)
            if batch.size >= _BATCH_BYTES or len(batch.readings) >= _BATCH_BLOBS:
                yield batch
                batch = Batch()
        if batch.readings:
            yield batch

    def _small(self, piece: Piece, batch: Batch) -> None:
        try:
            descriptor = _open(piece)
        except OSError as error:
            batch.readings.append(Reading(piece.number, errno=error.errno or errno.EIO))
            return
        try:
            content = os.read(descriptor, piece.length + 1)
            xattrs = read_xattrs(descriptor)
            after = os.fstat(descriptor)
        except OSError as error:
            batch.readings.append(Reading(piece.number, errno=error.errno or errno.EIO))
            return
        finally:
            os.close(descriptor)
        changed = len(content) != piece.length or after.st_ctime_ns != piece.ctime_ns
        id_ = b""
        if content:
            id_ = sha256(content).digest()
            batch.blobs.append((id_, content))
        batch.readings.append(Reading(piece.number, id_, 0, len(content), True, changed, xattrs))
        batch.size += len(content)

    def _large(self, piece: Piece) -> Iterator[Batch]:
        try:
            descriptor = _open(piece)
        except OSError as error:
            yield _failed(piece, error)
            return
        try:
            yield from self._windowed(piece, descriptor)
        except OSError as error:
            yield _failed(piece, error)
        finally:
            os.close(descriptor)

    def _windowed(self, piece: Piece, descriptor: int) -> Iterator[Batch]:
        position, end = self._span(piece, descriptor)
        carried: bytes | memoryview = b""
        done = False
        while not done:
            window = self._next_window()
            window[: len(carried)] = carried
            held, done = self._fill(window, len(carried), descriptor, position, end)
            position += held - len(carried)
            batch, used = self._cut(window[:held], whole=done)
            reading = Reading(piece.number, start=position - held, size=used, last=done)
            reading.ids = b"".join(id_ for id_, _content in batch.blobs)
            if done:
                reading.changed = position != end or os.fstat(descriptor).st_ctime_ns != piece.ctime_ns
                reading.xattrs = read_xattrs(descriptor)
            batch.readings.append(reading)
            batch.size = used
            carried = window[used:held]
            yield batch

    def _span(self, piece: Piece, descriptor: int) -> tuple[int, int]:
        """Return where a piece really begins and ends: at the file's own ends, or at seams."""
        start, end = piece.offset, piece.offset + piece.length

        def read(at: int, count: int) -> bytes | memoryview:
            if count > LARGEST:
                return os.pread(descriptor, count, at)
            scratch = self._windows[(self._turn + 1) % 3][:count]
            return scratch[: os.preadv(descriptor, [scratch], at)]

        if start:
            start = seam(self._chunker, read, start)
        if end < piece.size:
            end = seam(self._chunker, read, end)
        return start, end

    def _fill(self, window: memoryview, held: int, descriptor: int, position: int, end: int) -> tuple[int, bool]:
        """Read until there is enough to cut; return the bytes that the window holds, and whether all is read."""
        goal = min(held + _STEP, LARGEST)
        while held < goal and position < end:
            count = os.preadv(descriptor, [window[held : min(goal, held + end - position)]], position)
            if not count:
                return held, True
            held += count
            position += count
        return held, position >= end

    def _cut(self, view: memoryview, *, whole: bool) -> tuple[Batch, int]:
        batch, at = Batch(), 0
        for length in cut(self._chunker, view, whole=whole):
            content = view[at : at + length]
            batch.blobs.append((sha256(content).digest(), content))
            at += length
        return batch, at

    def _next_window(self) -> memoryview:
        """Return a window that no batch in use refers to: three in turn, one being filled, two in use."""
        self._turn = (self._turn + 1) % 3
        return self._windows[self._turn]


def read_xattrs(descriptor: int) -> tuple[tuple[bytes, bytes], ...]:
    """Return the extended attributes of an open file; none where the file system has none."""
    try:
        names = os.listxattr(descriptor)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return ()
        raise
    return tuple((os.fsencode(name), os.getxattr(descriptor, name)) for name in names) if names else ()


def segments(piece: Piece) -> list[Piece]:
    """Return the pieces in which a whole file can be read side by side."""
    if piece.size <= SEGMENT + SEGMENT // 2:
        return [piece]
    starts = range(0, max(1, piece.size - SEGMENT // 2), SEGMENT)
    ends = [*starts[1:], piece.size]
    return [
        msgspec.structs.replace(piece, offset=start, length=end - start)
        for start, end in zip(starts, ends, strict=True)
    ]


def stream_chunks(chunker: FastCDC, stream: BinaryIO) -> Iterator[memoryview]:
    """Cut a stream that only this process can read; each chunk is valid until the next is asked for."""
    window = memoryview(mmap.mmap(-1, LARGEST))
    held, done = 0, False
    while not done:
        while held < LARGEST and not done:
            piece = stream.read(min(_STEP, LARGEST - held))
            window[held : held + len(piece)] = piece
            held += len(piece)
            done = not piece
        used = 0
        for length in cut(chunker, window[:held], whole=done):
            yield window[used : used + length]
            used += length
        rest = bytes(window[used:held])
        held = len(rest)
        window[:held] = rest


def _open(piece: Piece) -> int:
    try:
        descriptor = os.open(piece.path, _FLAGS | os.O_NOATIME)
    except PermissionError:
        descriptor = os.open(piece.path, _FLAGS)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return open_listed(piece.path, piece.device_id, piece.inode)
    state = os.fstat(descriptor)
    if state.st_ino != piece.inode or state.st_dev != piece.device_id:
        os.close(descriptor)
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
    return descriptor


def _failed(piece: Piece, error: OSError) -> Batch:
    batch = Batch()
    batch.readings.append(Reading(piece.number, errno=error.errno or errno.EIO))
    return batch
