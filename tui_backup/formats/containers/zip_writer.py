"""Writing zip without going back: small members are compressed aside, several at once, large ones block by block."""

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from typing import BinaryIO

import msgspec

from tui_backup.formats.containers import zip_records as records
from tui_backup.formats.containers.base import Member
from tui_backup.formats.containers.deflate import Deflater, deflated, threads
from tui_backup.formats.containers.zip_losses import Losses
from tui_backup.formats.containers.zip_records import DEFLATED, STORED, Stored
from tui_backup.model.entry import EntryKind
from tui_backup.stores.base import Sink

ABOUT = b"/backup_info.json"
_SMALL = 4 << 20
_WAITING = 16 << 20
"""Bytes of small members that wait to be written at most."""
_STEP = 128 << 10


class _Compressed(msgspec.Struct, frozen=True):
    """A small member whose content is being compressed."""

    member: Member
    content: bytes
    future: Future[tuple[bytes, int]]


class ZipWriter:
    """A zip that is being written; see `MemberWriter`."""

    def __init__(self, out: Sink, level: int) -> None:
        self._out = out
        self._level = level
        self._pool = ThreadPoolExecutor(threads(), "deflate")
        self._offset = 0
        self._directory = bytearray()
        self._count = 0
        self._waiting: deque[_Compressed] = deque()
        self._waiting_bytes = 0
        self._losses = Losses()

    def add(self, member: Member, content: BinaryIO | None = None) -> Member:
        """Write a member."""
        if member.kind not in records.TYPES or member.path == b"/":
            return member
        self._losses.note(member)
        if member.kind is not EntryKind.FILE:
            self._add_small(member, member.target)
            return member
        assert content is not None
        member = msgspec.structs.replace(member, link=b"")
        if member.size > _SMALL:
            return self._add_large(member, content)
        whole = _up_to(content, member.size)
        member = msgspec.structs.replace(member, size=len(whole), sha256=sha256(whole).hexdigest())
        self._add_small(member, whole)
        return member

    def notes(self) -> tuple[str, ...]:
        """Return what zip could not carry, for people."""
        return self._losses.notes()

    def close(self, about: bytes | None) -> None:
        """Write `about` and the directory."""
        if about is not None:
            now = time.time_ns()
            self._add_small(Member(path=ABOUT, kind=EntryKind.FILE, mode=0o644, size=len(about), mtime_ns=now), about)
        while self._waiting:
            self._take()
        start = self._offset
        self._write(self._directory)
        self._write(records.end_records(self._count, len(self._directory), start))
        self.abandon()

    def abandon(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _add_small(self, member: Member, content: bytes) -> None:
        self._waiting.append(_Compressed(member, content, self._pool.submit(deflated, content, self._level)))
        self._waiting_bytes += len(content)
        while self._waiting_bytes > _WAITING or self._waiting[0].future.done():
            self._take()
            if not self._waiting:
                break

    def _take(self) -> None:
        """Write the member that has waited for longest."""
        waited = self._waiting.popleft()
        self._waiting_bytes -= len(waited.content)
        compressed, crc = waited.future.result()
        is_smaller = len(compressed) < len(waited.content)
        body = compressed if is_smaller else waited.content
        method = DEFLATED if is_smaller else STORED
        stored = Stored(method, crc, len(body), len(waited.content), self._offset)
        self._write(records.local_header(waited.member, stored))
        self._write(body)
        self._record(waited.member, stored)

    def _add_large(self, member: Member, content: BinaryIO) -> Member:
        while self._waiting:
            self._take()
        start = self._offset
        self._write(records.local_header(member, Stored(DEFLATED, 0, 0, 0, start, behind=True)))
        deflater = Deflater(self, self._level, self._pool)
        digest = sha256()
        left = member.size
        while left and (piece := content.read(min(left, _STEP))):
            digest.update(piece)
            deflater.write(piece)
            left -= len(piece)
        deflater.close()
        stored = Stored(DEFLATED, deflater.crc, deflater.compressed, deflater.size, start, behind=True)
        self._write(records.behind(member, stored))
        self._record(member, stored)
        return msgspec.structs.replace(member, size=deflater.size, sha256=digest.hexdigest())

    def _record(self, member: Member, stored: Stored) -> None:
        self._directory += records.central_record(member, stored)
        self._count += 1

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """Take bytes of a large member: its `Deflater` writes here."""
        self._write(piece)

    def _write(self, piece: bytes | bytearray | memoryview) -> None:
        self._offset += len(piece)
        self._out.write(piece)


def _up_to(content: BinaryIO, size: int) -> bytes:
    if isinstance(content, BytesIO):
        return content.read(size)
    pieces = []
    while size and (piece := content.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
