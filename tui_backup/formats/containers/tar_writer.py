"""Writing tar: member by member, with a checksum of each content taken on the way."""

from hashlib import sha256
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from tui_backup.formats.containers.base import Member
from tui_backup.formats.containers.compression import Compressor
from tui_backup.formats.containers.holes import Span, data_spans
from tui_backup.formats.containers.tar_header import BLOCK, TYPES, header, padding
from tui_backup.model.entry import EntryKind

if TYPE_CHECKING:
    from hashlib import _Hash

_SMALL = 1 << 20
_STEP = 128 << 10
"""Bytes that are read, hashed and handed on at a time: they stay in the processor's cache meanwhile."""
_ZEROS = bytes(_STEP)
_RECORD = 20 * BLOCK
"""What GNU tar fills the end of an archive up to."""


class TarWriter:
    """A tar that is being written; see `MemberWriter`."""

    def __init__(self, out: Compressor) -> None:
        self._out = out
        self._size = 0

    def add(self, member: Member, content: BinaryIO | None = None) -> Member:
        """Write a member."""
        if member.kind not in TYPES or member.path == b"/":
            return member
        if member.kind is not EntryKind.FILE or member.link:
            self._write(header(member, 0, []))
            return member
        assert content is not None
        if member.size <= _SMALL:
            whole = _up_to(content, member.size)
            self._write(b"".join((header(member, member.size, []), whole, padding(member.size))))
            return msgspec.structs.replace(member, sha256=sha256(whole).hexdigest())
        spans = data_spans(content, member.size)
        digest = sha256()
        if spans is None:
            self._write(header(member, member.size, []))
            self._copy(content, member.size, digest)
            self._write(padding(member.size))
        else:
            self._add_sparse(member, content, spans, digest)
        return msgspec.structs.replace(member, sha256=digest.hexdigest())

    def notes(self) -> tuple[str, ...]:
        """Return nothing: what tar cannot carry is told by `holds`."""
        return ()

    def close(self, about: bytes | None) -> None:
        """Write the mark of the end."""
        self._write(bytes(2 * BLOCK))
        self._write(bytes(-self._size % _RECORD))
        self._out.close()

    def abandon(self) -> None:
        """End the threads."""
        self._out.abandon()

    def _add_sparse(self, member: Member, content: BinaryIO, spans: list[Span], digest: "_Hash") -> None:
        """Write a file with holes as GNU tar's format 1.0: the map comes first, in decimal, then what is no hole."""
        told = spans if spans and spans[-1][1] == member.size else [*spans, (member.size, member.size)]
        table = b"%d\n" % len(told) + b"".join(b"%d\n%d\n" % (start, end - start) for start, end in told)
        table += padding(len(table))
        size = len(table) + sum(end - start for start, end in spans)
        about = [
            (b"GNU.sparse.major", b"1"),
            (b"GNU.sparse.minor", b"0"),
            (b"GNU.sparse.name", member.path[1:]),
            (b"GNU.sparse.realsize", b"%d" % member.size),
        ]
        self._write(header(member, size, about))
        self._write(table)
        at = 0
        for start, end in spans:
            _hash_zeros(digest, start - at)
            content.seek(start)
            self._copy(content, end - start, digest)
            at = end
        _hash_zeros(digest, member.size - at)
        self._write(padding(size))

    def _copy(self, content: BinaryIO, size: int, digest: "_Hash") -> None:
        """Write `size` bytes, zeros where the content ends before that."""
        left = size
        while left and (piece := content.read(min(left, _STEP))):
            digest.update(piece)
            self._write(piece)
            left -= len(piece)
        while left:
            piece = _ZEROS[:left]
            digest.update(piece)
            self._write(piece)
            left -= len(piece)

    def _write(self, piece: bytes) -> None:
        self._size += len(piece)
        self._out.write(piece)


def _hash_zeros(digest: "_Hash", count: int) -> None:
    while count > 0:
        digest.update(_ZEROS[:count])
        count -= _STEP


def _up_to(content: BinaryIO, size: int) -> bytes:
    """Return `size` bytes, zeros where the content ends before that."""
    whole = content.read(size)
    while len(whole) < size and (more := content.read(size - len(whole))):
        whole += more
    return whole.ljust(size, b"\0")
