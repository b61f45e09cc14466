"""Records of zip: what stands before a member, behind it, and in the directory at the end.

Source: PKWARE's APPNOTE.TXT 6.3.10; the extra fields `UT` (times, seconds) and `ux` (owners) are Info-ZIP's.
"""

import stat
import struct
import time

import msgspec

from tui_backup.formats.containers.base import Member
from tui_backup.model.entry import EntryKind

LOCAL = struct.Struct("<4sHHHHHIIIHH")
CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
END = struct.Struct("<4sHHHHIIH")
END_64 = struct.Struct("<4sQHHIIQQQQ")
LOCATOR_64 = struct.Struct("<4sIQI")
LOCAL_MARK, CENTRAL_MARK, END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END_64_MARK, LOCATOR_64_MARK = b"PK\x06\x06", b"PK\x06\x07"
_BEHIND_MARK = b"PK\x07\x08"

STORED, DEFLATED = 0, 8
ENCRYPTED, SIZES_BEHIND, IS_UTF8 = 1 << 0, 1 << 3, 1 << 11
UNIX = 3
LARGE = 0xFFFFFFFF
MANY = 0xFFFF
_SURELY_SMALL = 0xF0000000
"""Content of which not even the compressed size can need ZIP64."""

EXTRA_64, EXTRA_TIME, EXTRA_OWNERS, EXTRA_NTFS, EXTRA_PATH = 0x0001, 0x5455, 0x7875, 0x000A, 0x7075
TYPES = {EntryKind.FILE: stat.S_IFREG, EntryKind.DIR: stat.S_IFDIR, EntryKind.SYMLINK: stat.S_IFLNK}
"""What zip can carry."""
_SECOND = 1_000_000_000


class Stored(msgspec.Struct, frozen=True):
    """How the content of a member lies in the file."""

    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    """Where its local header begins."""
    behind: bool = False
    """Whether sizes and CRC stand behind the content."""


def local_header(member: Member, stored: Stored) -> bytes:
    """Return what stands before the content."""
    name, flags = _name(member)
    extra = _extra(member)
    is_large = needs_64(member.size)
    sizes = (0, 0, 0) if stored.behind else (stored.crc, stored.compressed, stored.size)
    if is_large:
        extra = struct.pack("<HHQQ", EXTRA_64, 16, sizes[2], sizes[1]) + extra
        sizes = sizes[0], LARGE, LARGE
    flags |= SIZES_BEHIND if stored.behind else 0
    version = 45 if is_large else 20
    fields = (version, flags, stored.method, *_dos_time(member.mtime_ns), *sizes, len(name), len(extra))
    return LOCAL.pack(LOCAL_MARK, *fields) + name + extra


def behind(member: Member, stored: Stored) -> bytes:
    """Return what stands behind a content whose size was not known before it."""
    form = "<4sIQQ" if needs_64(member.size) else "<4sIII"
    return struct.pack(form, _BEHIND_MARK, stored.crc, stored.compressed, stored.size)


def central_record(member: Member, stored: Stored) -> bytes:
    """Return the member's record in the directory."""
    name, flags = _name(member)
    flags |= SIZES_BEHIND if stored.behind else 0
    values = [stored.size, stored.compressed, stored.offset]
    large = [value for value in values if value >= LARGE]
    size, compressed, offset = (min(value, LARGE) for value in values)
    extra = _extra(member)
    if large:
        extra = struct.pack(f"<HH{len(large)}Q", EXTRA_64, 8 * len(large), *large) + extra
    version = 45 if large or needs_64(member.size) else 20
    is_directory = member.kind is EntryKind.DIR
    attributes = (TYPES[member.kind] | member.mode) << 16 | (0x10 if is_directory else 0)
    fields = (UNIX << 8 | 45, version, flags, stored.method, *_dos_time(member.mtime_ns), stored.crc, compressed, size)
    return CENTRAL.pack(CENTRAL_MARK, *fields, len(name), len(extra), 0, 0, 0, attributes, offset) + name + extra


def end_records(count: int, size: int, offset: int) -> bytes:
    """Return what ends the file, given the directory: its records, its bytes, and where it begins."""
    large = b""
    if count >= MANY or size >= LARGE or offset >= LARGE:
        large = END_64.pack(END_64_MARK, END_64.size - 12, UNIX << 8 | 45, 45, 0, 0, count, count, size, offset)
        large += LOCATOR_64.pack(LOCATOR_64_MARK, 0, offset + size, 1)
    few = min(count, MANY)
    return large + END.pack(END_MARK, 0, 0, few, few, min(size, LARGE), min(offset, LARGE), 0)


def needs_64(size: int) -> bool:
    """Whether a content of at most so many bytes may need sizes of 64 bits."""
    return size > _SURELY_SMALL


def is_utf8(name: bytes) -> bool:
    """Whether a name is text in UTF-8."""
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _name(member: Member) -> tuple[bytes, int]:
    """Return the name and the flag that tells its encoding; bytes that are none stay as they are."""
    name = member.path[1:] + (b"/" if member.kind is EntryKind.DIR else b"")
    return name, IS_UTF8 if not name.isascii() and is_utf8(name) else 0


def _extra(member: Member) -> bytes:
    seconds = member.mtime_ns // _SECOND
    extra = b""
    if 0 <= seconds < 1 << 31:
        extra = struct.pack("<HHBi", EXTRA_TIME, 5, 1, seconds)
    if member.uid <= LARGE and member.gid <= LARGE:
        extra += struct.pack("<HHBBIBI", EXTRA_OWNERS, 11, 1, 4, member.uid, 4, member.gid)
    return extra


def _dos_time(time_ns: int) -> tuple[int, int]:
    """Return time and date as DOS has them, in UTC: from 1980 to 2107, to two seconds."""
    seconds = min(max(time_ns // _SECOND, 315_532_800), 4_354_819_198)
    year, month, day, hour, minute, second, *_rest = time.gmtime(seconds)
    return hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day
