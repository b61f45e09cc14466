"""Headers of tar members: ustar (POSIX.1-1988) with PAX records (POSIX.1-2001) for what does not fit there.

A record is `LENGTH KEY=VALUE\\n`, LENGTH in decimal and counting itself. Values are raw bytes: names that are not UTF-8
are announced by `hdrcharset=BINARY`, extended attributes are `SCHILY.xattr.NAME`, with `%` and `=` in NAME written as
GNU tar writes them.
"""

import os
import struct
from functools import lru_cache

from tui_backup.formats.containers.base import Member
from tui_backup.model.entry import EntryKind

BLOCK = 512
_LAYOUT = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s167x")
_CHECKSUM = slice(148, 156)
_NO_CHECKSUM = b"        "
_MAGIC = b"ustar\x0000"
_LARGEST_ID = 0o7777777
_LARGEST_NUMBER = 0o77777777777
_SECOND = 1_000_000_000

TYPES = {
    EntryKind.FILE: b"0",
    EntryKind.SYMLINK: b"2",
    EntryKind.CHAR: b"3",
    EntryKind.BLOCK: b"4",
    EntryKind.DIR: b"5",
    EntryKind.FIFO: b"6",
}
"""What tar can carry: everything but sockets."""
LINK = b"1"
Records = list[tuple[bytes, bytes]]


def header(member: Member, size: int, extra: Records) -> bytes:
    """Return the blocks that come before `size` bytes of content; `extra` records go first."""
    name = member.path[1:] + (b"/" if member.kind is EntryKind.DIR else b"")
    type_ = LINK if member.link else TYPES[member.kind]
    target = member.link[1:] or member.target
    records = _records(member, name, target, size, extra)
    before = b""
    if records:
        body = b"".join(_record(key, value) for key, value in records)
        before = _announcement(len(body)) + body + padding(len(body))
    if extra:
        name = b"GNUSparseFile.0/" + _last(name)
    return before + _block(name, member, size, type_, target)


@lru_cache(maxsize=1024)
def _announcement(size: int) -> bytes:
    """Return the block before so many bytes of records; its name is for programs that do not know what it is."""
    return _block(b"././@PaxHeader", Member(path=b"", kind=EntryKind.FILE, mode=0o644), size, b"x")


def padding(size: int) -> bytes:
    """Return the zeros that fill the last block of so many bytes."""
    return bytes(-size % BLOCK)


def _block(name: bytes, member: Member, size: int, type_: bytes, target: bytes = b"") -> bytes:
    seconds = member.mtime_ns // _SECOND
    block = _LAYOUT.pack(
        name[:100],
        b"%07o" % member.mode,
        b"%07o" % (member.uid if member.uid <= _LARGEST_ID else 0),
        b"%07o" % (member.gid if member.gid <= _LARGEST_ID else 0),
        b"%011o" % (size if size <= _LARGEST_NUMBER else 0),
        b"%011o" % (seconds if 0 <= seconds <= _LARGEST_NUMBER else 0),
        _NO_CHECKSUM,
        type_,
        target[:100],
        _MAGIC,
        _user(member.user),
        _user(member.group),
        b"%07o" % os.major(member.device),
        b"%07o" % os.minor(member.device),
    )
    return b"%s%06o\0 %s" % (block[: _CHECKSUM.start], sum(block), block[_CHECKSUM.stop :])


def _user(name: str) -> bytes:
    return name.encode()[:31]


def _last(name: bytes) -> bytes:
    return name.rstrip(b"/").rpartition(b"/")[2][:80]


def _records(member: Member, name: bytes, target: bytes, size: int, extra: Records) -> Records:
    """Return `extra`, and the records of what the block cannot say exactly."""
    records = [*extra]
    if len(name) > 100 or not name.isascii():
        records.append((b"path", name))
    if len(target) > 100 or not target.isascii():
        records.append((b"linkpath", target))
    if not (_is_text(name) and _is_text(target)):
        records.insert(0, (b"hdrcharset", b"BINARY"))
    if size > _LARGEST_NUMBER:
        records.append((b"size", b"%d" % size))
    return records + _metadata_records(member)


def _metadata_records(member: Member) -> Records:
    records: Records = []
    seconds, nanoseconds = divmod(member.mtime_ns, _SECOND)
    if nanoseconds or not 0 <= seconds <= _LARGEST_NUMBER:
        records.append((b"mtime", _time(member.mtime_ns)))
    for key, number in ((b"uid", member.uid), (b"gid", member.gid)):
        if number > _LARGEST_ID:
            records.append((key, b"%d" % number))
    for key, text in ((b"uname", member.user), (b"gname", member.group)):
        if len(text) > 31 or not text.isascii():
            records.append((key, text.encode()))
    for attribute, value in member.xattrs:
        records.append((b"SCHILY.xattr." + attribute.replace(b"%", b"%25").replace(b"=", b"%3D"), value))
    return records


def _is_text(name: bytes) -> bool:
    if name.isascii():
        return True
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _time(time_ns: int) -> bytes:
    sign = b"-" if time_ns < 0 else b""
    seconds, nanoseconds = divmod(abs(time_ns), _SECOND)
    return b"%s%d.%09d" % (sign, seconds, nanoseconds)


def _record(key: bytes, value: bytes) -> bytes:
    rest = b" %s=%s\n" % (key, value)
    length = len(rest)
    while len(b"%d" % length) + len(rest) != length:
        length = len(b"%d" % length) + len(rest)
    return b"%d%s" % (length, rest)
