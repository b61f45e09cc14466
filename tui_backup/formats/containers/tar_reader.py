"""Reading tar: one pass over a stream, in which nothing is trusted."""

import io
import os
from base64 import b64decode
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import BinaryIO, ClassVar, cast
from urllib.parse import unquote_to_bytes

import msgspec

from tui_backup.errors import Corrupted
from tui_backup.formats.containers import tar_parsing as parsing
from tui_backup.formats.containers import tar_sparse as sparse
from tui_backup.formats.containers.base import Member, Refuse
from tui_backup.formats.containers.paths import Claims, Room, path_of
from tui_backup.formats.containers.tar_header import BLOCK
from tui_backup.formats.containers.tar_parsing import LARGEST_HEADER
from tui_backup.model.entry import EntryKind, Xattrs
from tui_backup.primitives.i18n import _
from tui_backup.primitives.raw_file import RawFile

_KINDS = {
    b"0": EntryKind.FILE,
    b"\0": EntryKind.FILE,
    b"7": EntryKind.FILE,
    b"S": EntryKind.FILE,
    b"1": EntryKind.FILE,
    b"2": EntryKind.SYMLINK,
    b"3": EntryKind.CHAR,
    b"4": EntryKind.BLOCK,
    b"5": EntryKind.DIR,
    b"D": EntryKind.DIR,
    b"6": EntryKind.FIFO,
}
_WITH_CONTENT = frozenset((b"0", b"\0", b"7", b"S", b"D", b"x", b"X", b"g", b"L", b"K", b"M", b"V"))
_PAIRS = (b"GNU.sparse.offset", b"GNU.sparse.numbytes")
_LONGEST_NAME = 1 << 16
_MOST_BEHIND = 1 << 20
"""Bytes that may follow the mark of the end."""
_STEP = 256 << 10
_LARGEST_DEVICE = 1 << 20


class _Announced(msgspec.Struct):
    """What headers of their own say about the member that follows."""

    records: parsing.Records = {}
    pairs: list[bytes] = []
    """Numbers of a sparse map that come as records of one name (0.0)."""
    name: bytes | None = None
    target: bytes | None = None


class _Content(RawFile):
    """The stored bytes of one member."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        super().__init__()
        self._file = file
        self.left = size

    def take(self, most: int) -> bytes | memoryview:
        wanted = min(most, self.left)
        if not wanted:
            return b""
        piece = self._file.read(wanted)
        if not piece:
            raise _cut_short()
        self.left -= len(piece)
        return piece


class TarReader:
    """A tar that is being read; see `MemberReader`."""

    opens_any: ClassVar[bool] = False

    def __init__(self, file: BinaryIO, refuse: Refuse) -> None:
        self._file = file
        self._refuse = refuse
        self._claims = Claims()
        self._room = Room()
        """For where links lead to."""
        self._sizes: dict[bytes, int] = {}
        """Of the FILEs so far."""
        self._targets: dict[bytes, bytes] = {}
        """Of the SYMLINKs so far."""
        self._everywhere: parsing.Records = {}
        """Records that hold for all members that follow."""

    def members(self) -> Generator[tuple[Member, BinaryIO | None]]:
        """Yield all members in order."""
        announced = _Announced()
        while (block := self._next_block()) is not None:
            if self._announce(block, announced):
                continue
            yield from self._member(block, announced)
            announced = _Announced()
        self._finish()

    def about(self) -> bytes | None:
        """There is none inside a tar."""
        return None

    def has_passed(self, path: bytes) -> bool:
        """Whether that FILE has come already."""
        return path in self._sizes

    @contextmanager
    def opened(self, path: bytes) -> Iterator[BinaryIO]:
        """Give the content of a FILE, reading on to it."""
        for member, content in self.members():
            if member.path == path and content is not None:
                yield content
                return
        raise Corrupted(_("the archive has no such member"))

    def _next_block(self) -> parsing.Block | None:
        raw = self._file.read(BLOCK)
        if len(raw) < BLOCK:
            raise _cut_short()
        return parsing.parse_block(raw) if any(raw) else None

    def _finish(self) -> None:
        """Read what follows the mark of the end, so that whatever checks the stream gets to its end."""
        behind = 0
        while piece := self._file.read(_STEP):
            behind += len(piece)
            if behind > _MOST_BEHIND:
                raise Corrupted(_("the tar archive goes on behind its end"))

    def _announce(self, block: parsing.Block, announced: _Announced) -> bool:
        """Take in a header that is about the next member; return whether it was one."""
        match block.type:
            case b"g":
                self._announce_everywhere(block)
            case b"x" | b"X":
                found = parsing.parse_records(self._body(block, LARGEST_HEADER))
                announced.records = dict(found)
                announced.pairs = [value for key, value in found if key in _PAIRS]
            case b"L":
                announced.name = self._body(block, _LONGEST_NAME).rstrip(b"\0")
            case b"K":
                announced.target = self._body(block, _LONGEST_NAME).rstrip(b"\0")
            case _:
                return False
        return True

    def _announce_everywhere(self, block: parsing.Block) -> None:
        """Take in a header that is about all members that follow."""
        self._everywhere |= parsing.parse_records(self._body(block, LARGEST_HEADER))
        if sum(len(key) + len(value) for key, value in self._everywhere.items()) > LARGEST_HEADER:
            raise Corrupted(_("an extended header of the tar archive is damaged"))

    def _body(self, block: parsing.Block, most: int) -> bytes:
        if block.size > most:
            raise Corrupted(_("a header of the tar archive has {size} bytes").format(size=block.size))
        body = self._file.read(parsing.blocks_of(block.size))
        if len(body) < block.size:
            raise _cut_short()
        return body[: block.size]

    def _member(self, block: parsing.Block, announced: _Announced) -> Iterator[tuple[Member, BinaryIO | None]]:
        """Yield the member, if there is nothing against it, and pass over its content."""
        records = {**self._everywhere, **announced.records}
        stored = parsing.size_of(parsing.decimal(records[b"size"])) if b"size" in records else block.size
        if block.type not in _WITH_CONTENT and block.type in _KINDS:
            stored = 0
        old_map = sparse.old_map(self._file, block) if block.type == b"S" else None
        content = _Content(self._file, stored)
        name = records.get(b"GNU.sparse.name") or records.get(b"path") or announced.name or block.name
        try:
            member = self._described(block, records, announced, name)
            file = None
            if member.kind is EntryKind.FILE and not member.link:
                file, size = _sparse(content, *old_map) if old_map else _content(records, announced, content)
                member = msgspec.structs.replace(member, size=size)
            is_wanted = self._claim(member)
        except Corrupted as error:
            self._refuse(name, error.message)
        else:
            if is_wanted:
                yield member, file
        self._skip(content, parsing.blocks_of(stored) - stored)

    def _claim(self, member: Member) -> bool:
        """Take the member's path; return whether it is to be told: directories may come again."""
        is_first = self._claims.take(member.path, member.kind)
        if member.kind is EntryKind.FILE:
            self._sizes[member.path] = member.size
        elif member.kind is EntryKind.SYMLINK:
            self._room.spend(member.target)
            self._targets[member.path] = member.target
        return is_first

    def _skip(self, content: _Content, padding: int) -> None:
        while content.left:
            content.read(_STEP)
        if padding and len(self._file.read(padding)) < padding:
            raise _cut_short()

    def _described(self, block: parsing.Block, records: parsing.Records, announced: _Announced, name: bytes) -> Member:
        """Return the member as its headers describe it; raises Corrupted where it must not be used."""
        kind = _KINDS.get(block.type)
        if kind is None:
            raise Corrupted(_("unknown type {type!r}").format(type=block.type.decode("latin-1")))
        if block.type == b"\0" and name.endswith(b"/"):
            kind = EntryKind.DIR
        target = records.get(b"linkpath") or announced.target or block.target
        link = path_of(target) if block.type == b"1" else b""
        if link in self._targets:
            kind, target, link = EntryKind.SYMLINK, self._targets[link], b""
        elif link and link not in self._sizes:
            raise Corrupted(_("it is a further name of what is no file before it in the archive"))
        is_device = kind in {EntryKind.BLOCK, EntryKind.CHAR}
        return Member(
            path=path_of(name),
            kind=kind,
            mode=block.mode,
            uid=parsing.identity(parsing.decimal(records[b"uid"])) if b"uid" in records else block.uid,
            gid=parsing.identity(parsing.decimal(records[b"gid"])) if b"gid" in records else block.gid,
            user=_owner(records.get(b"uname", block.user)),
            group=_owner(records.get(b"gname", block.group)),
            size=self._sizes.get(link, 0),
            mtime_ns=parsing.time_ns(records[b"mtime"]) if b"mtime" in records else block.mtime_ns,
            device=_device(block) if is_device else 0,
            target=_target(target) if kind is EntryKind.SYMLINK else b"",
            link=link,
            xattrs=_xattrs(records),
        )


def _content(records: parsing.Records, announced: _Announced, content: _Content) -> tuple[BinaryIO, int]:
    """Return what a FILE holds, and how many bytes that are."""
    told = records.get(b"GNU.sparse.realsize") or records.get(b"GNU.sparse.size")
    if told is None:
        return _cast(content), content.left
    size = parsing.size_of(parsing.decimal(told))
    spans = sparse.map_of_records(records, announced.pairs)
    if spans is None:
        spans = sparse.map_before(_cast(content), content.left)
    return _sparse(content, sparse.check_map(spans, size, content.left), size)


def _sparse(content: _Content, spans: sparse.Map, size: int) -> tuple[BinaryIO, int]:
    return _cast(sparse.SparseContent(_cast(content), spans, size)), size


def _cast(file: io.RawIOBase) -> BinaryIO:
    return cast(BinaryIO, file)


def _owner(name: bytes) -> str:
    return name[:256].decode("utf-8", "replace")


def _target(target: bytes) -> bytes:
    if not target or b"\0" in target or len(target) > _LONGEST_NAME:
        raise Corrupted(_("a link that points nowhere"))
    return target


def _device(block: parsing.Block) -> int:
    if not (0 <= block.major < _LARGEST_DEVICE and 0 <= block.minor < _LARGEST_DEVICE):
        raise Corrupted(_("the number of its device is none"))
    return os.makedev(block.major, block.minor)


def _xattrs(records: parsing.Records) -> Xattrs:
    """Return extended attributes as GNU tar and star write them, else as libarchive does."""
    found: dict[bytes, bytes] = {}
    for key, value in records.items():
        if key.startswith(b"SCHILY.xattr."):
            found[key[13:].replace(b"%3D", b"=").replace(b"%25", b"%")] = value
    for key, value in records.items():
        if key.startswith(b"LIBARCHIVE.xattr."):
            name = unquote_to_bytes(key[17:])
            if name not in found:
                try:
                    found[name] = b64decode(value + b"=" * (-len(value) % 4))
                except ValueError as error:
                    raise Corrupted(_("an extended attribute is damaged")) from error
    return tuple(found.items())


def _cut_short() -> Corrupted:
    return Corrupted(_("the tar archive is cut short"))
