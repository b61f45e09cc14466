"""Reading the directory at the end of a zip; nothing that it says is believed before it is looked at."""

import os
import stat
import struct
import time
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from tui_backup.errors import Corrupted
from tui_backup.formats.containers import zip_records as records
from tui_backup.formats.containers.zip_records import Stored
from tui_backup.model.entry import EntryKind
from tui_backup.primitives.i18n import _

_TAIL = (1 << 16) + 4096
"""Where the end record is looked for: behind it is a comment of at most 64 KiB."""
_STEP = 1 << 20
_SECOND = 1_000_000_000
_NTFS_EPOCH = 11_644_473_600 * _SECOND
_KINDS = {type_: kind for kind, type_ in records.TYPES.items()} | {0: EntryKind.FILE}
_WITH_MODES = frozenset((records.UNIX, 19))
"""Systems whose members have modes: Unix, and Darwin."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One member as the directory has it."""

    raw_name: bytes
    """As it stands there; the local header has the same."""
    name: bytes
    kind: EntryKind | None
    """None for what is neither file, directory nor link."""
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    flags: int
    stored: Stored


def directory_at(file: BinaryIO) -> tuple[int, int, int]:
    """Return where the directory begins, its bytes, and how far all offsets are moved by what lies before the zip.

    Raises:
        Corrupted: there is no such directory.
    """
    end = file.seek(0, os.SEEK_END)
    start = max(0, end - _TAIL)
    file.seek(start)
    tail = file.read(end - start)
    at = tail.rfind(records.END_MARK)
    if at < 0 or at + records.END.size > len(tail):
        raise Corrupted(_("no end of a zip archive is there: it is cut short, or none"))
    _mark, disk, first_disk, _here, _count, size, offset, _comment = records.END.unpack_from(tail, at)
    if {disk, first_disk} - {0, records.MANY}:
        raise Corrupted(_("the zip archive is one of several parts"))
    reached, size, offset = _large_end(file, start + at, size, offset)
    moved = reached - size - offset
    if moved < 0:
        raise _bad()
    return reached - size, size, moved


def _large_end(file: BinaryIO, end: int, size: int, offset: int) -> tuple[int, int, int]:
    """Return where the ZIP64 end record begins, and what it says; what the small one says where there is none."""
    file.seek(max(0, end - records.LOCATOR_64.size))
    raw = file.read(records.LOCATOR_64.size)
    if len(raw) < records.LOCATOR_64.size or not raw.startswith(records.LOCATOR_64_MARK):
        return end, size, offset
    _mark, _disk, told, _disks = records.LOCATOR_64.unpack(raw)
    for place in (told, end - records.LOCATOR_64.size - records.END_64.size):
        if not 0 <= place < end:
            continue
        file.seek(place)
        raw = file.read(records.END_64.size)
        if len(raw) == records.END_64.size and raw.startswith(records.END_64_MARK):
            *_rest, size, offset = records.END_64.unpack(raw)
            return place, size, offset
    raise _bad()


def records_in(file: BinaryIO) -> Iterator[Record]:
    """Yield the members in the order of the directory; the file may be read elsewhere meanwhile.

    Raises:
        Corrupted: a record is cut short or none.
    """
    start, size, moved = directory_at(file)
    piece = b""
    at = read = 0
    while at < len(piece) or read < size:
        record = _parse(piece, at, moved)
        if record is not None:
            yield record[0]
            at += record[1]
            continue
        file.seek(start + read)
        more = file.read(min(_STEP, size - read))
        if not more:
            raise _bad()
        read += len(more)
        piece, at = piece[at:] + more, 0


def _parse(raw: bytes, at: int, moved: int) -> tuple[Record, int] | None:
    """Return the record at an offset and its length; None where not all of it is there."""
    name_at = at + records.CENTRAL.size
    if len(raw) < name_at:
        return None
    fields = records.CENTRAL.unpack_from(raw, at)
    if fields[0] != records.CENTRAL_MARK:
        raise _bad()
    _mark, made_by, _version, flags, method, dos_time, dos_date, crc, compressed, size = fields[:10]
    name_length, extra_length, comment_length, _disk, _internal, attributes, offset = fields[10:]
    length = records.CENTRAL.size + name_length + extra_length + comment_length
    if len(raw) < at + length:
        return None
    extra_at = name_at + name_length
    name = raw[name_at:extra_at]
    extra = _extras(raw[extra_at : extra_at + extra_length])
    size, compressed, offset = _large(extra.get(records.EXTRA_64, b""), [size, compressed, offset])
    system = made_by >> 8
    path = _name(name, flags, system, extra.get(records.EXTRA_PATH, b""))
    kind, mode = _kind(path, attributes >> 16 if system in _WITH_MODES else 0)
    uid, gid = _owners(extra.get(records.EXTRA_OWNERS, b""))
    record = Record(
        raw_name=name,
        name=path,
        kind=kind,
        mode=mode,
        uid=uid,
        gid=gid,
        mtime_ns=_time(extra, dos_date, dos_time),
        flags=flags,
        stored=Stored(method, crc, compressed, size, offset + moved),
    )
    return record, length


def _extras(raw: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(raw):
        tag, length = struct.unpack_from("<HH", raw, at)
        found.setdefault(tag, raw[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def _large(raw: bytes, values: list[int]) -> list[int]:
    """Replace, in order, what did not fit into 32 bits."""
    at = 0
    for index, value in enumerate(values):
        if value == records.LARGE and at + 8 <= len(raw):
            values[index] = int.from_bytes(raw[at : at + 8], "little")
            at += 8
    return values


def _name(raw: bytes, flags: int, system: int, unicode_path: bytes) -> bytes:
    """Return the name in UTF-8 where its encoding is known, else as it stands; Windows' separators become ours."""
    if unicode_path[:1] == b"\x01" and unicode_path[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
        raw = unicode_path[5:]
    elif not flags & records.IS_UTF8 and system not in _WITH_MODES and not records.is_utf8(raw):
        raw = raw.decode("cp437").encode()
    return raw if system in _WITH_MODES or b"/" in raw else raw.replace(b"\\", b"/")


def _kind(name: bytes, mode: int) -> tuple[EntryKind | None, int]:
    kind = _KINDS.get(stat.S_IFMT(mode))
    if kind is EntryKind.FILE and name.endswith(b"/"):
        kind = EntryKind.DIR
    return kind, stat.S_IMODE(mode) or (0o755 if kind is EntryKind.DIR else 0o644)


def _owners(raw: bytes) -> tuple[int, int]:
    if len(raw) == 11 and raw[0] == 1 and raw[1] == raw[6] == 4:
        return int.from_bytes(raw[2:6], "little"), int.from_bytes(raw[7:11], "little")
    return 0, 0


def _time(extra: dict[int, bytes], date: int, clock: int) -> int:
    """Return when the member was written to: of the times in it, the one that is exact and has a zone."""
    unix, windows = extra.get(records.EXTRA_TIME, b""), extra.get(records.EXTRA_NTFS, b"")
    if len(unix) >= 5 and unix[0] & 1:
        seconds: int = struct.unpack_from("<i", unix, 1)[0]
        return seconds * _SECOND
    if len(windows) >= 16 and windows[4:8] == b"\x01\0\x18\0":
        return int.from_bytes(windows[8:16], "little") * 100 - _NTFS_EPOCH
    told = (1980 + (date >> 9), date >> 5 & 15, date & 31, clock >> 11, clock >> 5 & 63, (clock & 31) * 2, 0, 0, -1)
    try:
        return int(time.mktime(told)) * _SECOND
    except (OverflowError, ValueError):
        return 0


def _bad() -> Corrupted:
    return Corrupted(_("the directory of the zip archive is damaged"))
